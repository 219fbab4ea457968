import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/** Signs and checks the hashes of entries with the gateway's Ed25519 key. */
export class Signer {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem);
    this.#publicKey = createPublicKey(this.#privateKey);
  }

  sign(hash: Uint8Array): Uint8Array {
    return sign(null, hash, this.#privateKey);
  }

  holds(hash: Uint8Array, signature: Uint8Array): boolean {
    return verify(null, hash, this.#publicKey, signature);
  }
}

/** Same bytes as the wire's entryHash, with the crypto of Node (see entry.ts there; tested to be equal). */
export function digestOf(
  number: number,
  previousHash: Uint8Array,
  bootId: Uint8Array,
  payload: Uint8Array,
): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64BE(BigInt(number));
  return createHash('sha256').update(head).update(previousHash).update(bootId).update(payload).digest();
}
