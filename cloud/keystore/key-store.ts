import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/**
 * Keeps secrets (of stamp batches, of cooperatives' signing keys) unreadable at rest. `context` says whose secret it is
 * and is bound to the wrapped text, so that one row's secret cannot be put in another's place. Every call may reach a key
 * service and may be repeated.
 */
export interface KeyStore {
  /** Under the newest key. Never the same text twice. */
  wrap(secret: Uint8Array, context: string): Promise<string>;
  /** Throws when the text was altered, belongs to another context or to a key that is not there (any more). */
  unwrap(wrapped: string, context: string): Promise<Uint8Array>;
  /** What every text begins with that is wrapped under the newest key, and no other. */
  newestPrefix(): Promise<string>;
}

/** Who turns the keys over, in this order: rotate, wrap everything anew, retire. */
interface KeyRotation {
  /** From now on secrets are wrapped under a new key, which is durable when this resolves; older ones still unwrap. */
  rotate(): Promise<void>;
  /**
   * Keys older than the one of this prefix are gone for good. What is still wrapped under them is lost: rewrap.ts sees to it
   * that nothing is. The prefix names the key that this was made sure of: meanwhile somebody may have turned to another.
   */
  retireOlder(newestPrefix: string): Promise<void>;
}

export type RotatingKeyStore = KeyStore & KeyRotation;

/** 32-byte keys, the newest first; never empty. */
export type KeyRing = readonly Uint8Array[];

/** Where a ring lies. `write` is whole or not at all, and durable when it returns. */
export interface RingHolder {
  read(): KeyRing;
  write(ring: KeyRing): void;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM under the keys of a ring. Wrapped form: `2.`, the key's id, `.`, base64url of nonce (12) | ciphertext | tag (16).
 * The form before it, `1.` and base64url, names no key: every key of the ring is tried.
 */
export function ringKeyStore(holder: RingHolder): RotatingKeyStore {
  let ring = holder.read();
  const prefixOf = (key: Uint8Array | undefined) => `2.${keyIdOf(required(key))}.`;
  const replace = (next: KeyRing) => {
    holder.write(next);
    ring = next;
  };
  return {
    wrap: async (secret, context) => {
      const key = required(ring[0]);
      return prefixOf(key) + sealed(key, secret, context).toString('base64url');
    },
    unwrap: async (wrapped, context) => {
      const { keys, bytes } = keysFor(ring, wrapped);
      for (const key of keys) {
        const secret = opened(key, bytes, context);
        if (secret !== undefined) return secret;
      }
      throw new Error(
        'a wrapped secret was altered, belongs elsewhere, or to a key that the key store does not have',
      );
    },
    newestPrefix: async () => prefixOf(ring[0]),
    rotate: async () => replace([newKey(), ...ring]),
    retireOlder: async (prefix) => {
      const kept = ring.slice(0, ring.findIndex((key) => prefixOf(key) === prefix) + 1);
      if (kept.length > 0 && kept.length < ring.length) replace(kept);
    },
  };
}

/** One key that is handed in and kept nowhere: for tests. */
export function keyStoreOf(key: Uint8Array): RotatingKeyStore {
  return ringKeyStore({ read: () => [key], write: () => {} });
}

export function newKey(): Uint8Array {
  return new Uint8Array(randomBytes(32));
}

/** nonce | ciphertext | tag. */
export function sealed(key: Uint8Array, secret: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined when key, context and bytes do not belong together. */
export function opened(key: Uint8Array, bytes: Buffer, context: string): Uint8Array | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG_BYTES));
  const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return new Uint8Array(Buffer.concat([text, decipher.final()]));
  } catch {
    return undefined;
  }
}

function keysFor(ring: KeyRing, wrapped: string): { keys: KeyRing; bytes: Buffer } {
  const [form = '', second = '', third = ''] = wrapped.split('.');
  if (form === '1') return { keys: ring, bytes: Buffer.from(second, 'base64url') };
  const keys = form === '2' ? ring.filter((key) => keyIdOf(key) === second) : [];
  return { keys, bytes: Buffer.from(third, 'base64url') };
}

/** Tells the keys of a ring apart, and nothing about them: a key has 256 random bits. */
function keyIdOf(key: Uint8Array): string {
  return createHash('sha256').update('nongtin/key-id/1').update(key).digest('hex').slice(0, 12);
}

function required(key: Uint8Array | undefined): Uint8Array {
  if (key === undefined) throw new Error('a key ring without a key');
  return key;
}
