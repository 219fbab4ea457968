import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { recoverPublicKey, Signature } from '@noble/secp256k1';
import { fromHex, type Hex, toHex } from './bytes.ts';
import { type LeafKind, leafKinds } from './kinds.ts';

/** What a cooperative signs: a record by its digest, as EIP-712 typed data. */
export interface SignedRecord {
  /** 32 bytes, see cooperativeIdOf. */
  readonly cooperativeId: Hex;
  readonly kind: LeafKind;
  /** 32 bytes, see recordDigest. */
  readonly digest: Hex;
}

/** EIP-712 without chain id and contract: a record stays signed when it is anchored anew on another chain. */
const DOMAIN = { name: 'Nong Tin', version: '1' } as const;
const RECORD_TYPE = [
  { name: 'cooperativeId', type: 'bytes32' },
  { name: 'kind', type: 'uint8' },
  { name: 'digest', type: 'bytes32' },
] as const;
const DOMAIN_SEPARATOR = keccak_256(
  concatBytes(
    hashOf('EIP712Domain(string name,string version)'),
    hashOf(DOMAIN.name),
    hashOf(DOMAIN.version),
  ),
);
const RECORD_TYPE_HASH = hashOf('Record(bytes32 cooperativeId,uint8 kind,bytes32 digest)');

/** The JSON that a wallet is asked to sign by `eth_signTypedData_v4`. */
export interface TypedRecord {
  readonly domain: typeof DOMAIN;
  readonly types: {
    readonly EIP712Domain: readonly { readonly name: string; readonly type: string }[];
    readonly Record: typeof RECORD_TYPE;
  };
  readonly primaryType: 'Record';
  readonly message: { readonly cooperativeId: Hex; readonly kind: number; readonly digest: Hex };
}

export function recordTypedData({ cooperativeId, kind, digest }: SignedRecord): TypedRecord {
  return {
    domain: DOMAIN,
    types: {
      EIP712Domain: [
        { name: 'name', type: 'string' },
        { name: 'version', type: 'string' },
      ],
      Record: RECORD_TYPE,
    },
    primaryType: 'Record',
    message: { cooperativeId, kind: leafKinds[kind], digest },
  };
}

/**
 * Who signed this record: an address, 0x and 40 lower-case hex digits. Undefined when the signature is none: not 65 bytes
 * r | s | v as hex, v neither 27 nor 28, s in the upper half (EIP-2: or there would be two signatures for one), no point.
 * Whoever it is has yet to be held against the keys that the cooperative had at that time.
 */
export function recoverSigner(record: SignedRecord, signature: string): Hex | undefined {
  if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) return undefined;
  const bytes = fromHex(signature, 65);
  const recovery = (bytes[64] ?? 0) - 27;
  if (recovery !== 0 && recovery !== 1) return undefined;
  try {
    // The recovery bit stands first in this library's form, last in Ethereum's.
    const recovered = concatBytes(Uint8Array.of(recovery), bytes.subarray(0, 64));
    if (Signature.fromBytes(recovered, 'recovered').hasHighS()) return undefined;
    const options = { prehash: false, isCompressed: false };
    const publicKey = recoverPublicKey(recovered, signingHash(record), options);
    // Without the byte that says "uncompressed"; an address is the end of its hash.
    return toHex(keccak_256(publicKey.subarray(1)).subarray(-20));
  } catch {
    return undefined;
  }
}

/** keccak256(0x1901 | domain separator | keccak256(type hash | fields)), EIP-712. */
function signingHash({ cooperativeId, kind, digest }: SignedRecord): Uint8Array {
  const number = new Uint8Array(32);
  number[31] = leafKinds[kind];
  const struct = keccak_256(
    concatBytes(RECORD_TYPE_HASH, fromHex(cooperativeId, 32), number, fromHex(digest, 32)),
  );
  return keccak_256(concatBytes(Uint8Array.of(0x19, 0x01), DOMAIN_SEPARATOR, struct));
}

function hashOf(text: string): Uint8Array {
  return keccak_256(utf8ToBytes(text));
}
