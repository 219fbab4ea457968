import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem, StartProblem } from '@nongtin/service';

/**
 * A batch has one secret of 32 bytes; everything secret about its stamps is derived from it, under labels that keep
 * the uses apart: knowing one stamp's salt (its proof reveals it) tells nothing about MACs or PINs.
 */
export interface BatchKeys {
  readonly mac: Uint8Array;
  readonly salt: Uint8Array;
  readonly pin: Uint8Array;
}

export const BATCH_SECRET_BYTES = 32;

export function batchKeys(secret: Uint8Array): BatchKeys {
  if (secret.length !== BATCH_SECRET_BYTES) throw new RangeError('a batch secret has 32 bytes');
  return { mac: derive(secret, 'mac'), salt: derive(secret, 'salt'), pin: derive(secret, 'pin') };
}

/** The secret 32-byte salt of one stamp's leaf, revealed only in that stamp's own proof. */
export function stampSalt(saltKey: Uint8Array, index: number): Uint8Array {
  const message = Buffer.alloc(4);
  message.writeUInt32BE(index);
  return createHmac('sha256', saltKey).update(message).digest();
}

function derive(secret: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(), `nongtin/stamp-batch/1/${label}`, 32));
}

/**
 * Keeps batch secrets unreadable at rest. `context` (the batch number, as text) is bound to the wrapped bytes, so
 * that one batch's row cannot be put in another's place. Both calls may reach a key service and may be repeated.
 */
export interface KeyStore {
  wrap(secret: Uint8Array, context: string): Promise<string>;
  /** Throws when the text was altered, belongs to another context or to another key. */
  unwrap(wrapped: string, context: string): Promise<Uint8Array>;
}

/** AES-256-GCM under a key handed in. Wrapped form: `1.` + base64url of nonce (12) | ciphertext | tag (16). */
export function keyStoreOf(key: Uint8Array): KeyStore {
  return {
    async wrap(secret, context) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
      return `1.${sealed.toString('base64url')}`;
    },
    async unwrap(wrapped, context) {
      const sealed = Buffer.from(wrapped.slice(2), 'base64url');
      if (!wrapped.startsWith('1.') || sealed.length < 28) throw new Error('not a wrapped batch secret');
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(-16));
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]));
    },
  };
}

/**
 * The key store of a single server: one random key in a file only its owner may read, made at the first start.
 * Whoever loses it can no longer prove any stamp: it belongs into the backup, apart from the database's.
 */
export function openFileKeyStore(path: string): KeyStore {
  const key = readKey(path) ?? createKey(path);
  return keyStoreOf(key);
}

function readKey(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explainProblem(error, { path });
  }
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex');
  throw new StartProblem(
    `${path} is incomplete or not ours: restore it from a backup; without it no stamp issued so far can be proved.`,
  );
}

function createKey(path: string): Uint8Array {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, `${randomBytes(32).toString('hex')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkUnlessThere(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw explainProblem(error, { path });
  } finally {
    rmSync(temporary, { force: true });
  }
  const key = readKey(path);
  if (key === undefined) throw new StartProblem(`${path} vanished while it was being made: start again.`);
  return key;
}

/** A link, not a rename: of two processes that start at once, the second takes over the first one's key. */
function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
