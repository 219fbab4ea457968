import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem, StartProblem } from '@nongtin/service';

export interface SigningKey {
  readonly pem: string;
  /** The raw Ed25519 public key, 64 hex digits. */
  readonly publicKeyHex: string;
}

/** The gateway's Ed25519 key (PKCS8 PEM, mode 600), created when there is none. */
export function loadOrCreateKey(path: string): SigningKey {
  try {
    const pem = readPem(path) ?? createPem(path);
    return { pem, publicKeyHex: publicKeyHex(parseKey(pem, path)) };
  } catch (error) {
    throw explainProblem(error, { path });
  }
}

function readPem(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: a half-written key after a power cut would lock the gateway out of its own journal. */
function createPem(path: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  writeSynced(temporary, pem);
  renameSync(temporary, path);
  syncFolder(dirname(path));
  return pem;
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
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

function parseKey(pem: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Told below: no key and another kind of key have the same remedy.
  }
  throw new StartProblem(`${path} holds no Ed25519 key: restore it from a backup.`);
}

function publicKeyHex(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url').toString('hex');
}
