import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readStateFile, writeStateFile } from '@nongtin/service';

/** Private keys, 32 bytes as 0x and 64 hex digits. */
export interface ChainKeys {
  /** Deploys, admits cooperatives, gives roles. */
  readonly alliance: string;
  /** Anchors, and can do nothing else. */
  readonly anchorer: string;
  /** Acts for the demo's cooperative. */
  readonly demoCooperative: string;
}

const NAMES = ['alliance', 'anchorer', 'demoCooperative'] as const;

/** Made at random at the first start and kept: never the keys that anvil prints for everyone. */
export function openKeys(folder: string): ChainKeys {
  const path = keysPath(folder);
  const kept = readStateFile(path, isKeys);
  if (kept !== undefined) return kept;
  const keys = { alliance: newKey(), anchorer: newKey(), demoCooperative: newKey() };
  writeStateFile(path, keys);
  return keys;
}

export function readKeys(folder: string): ChainKeys | undefined {
  return readStateFile(keysPath(folder), isKeys);
}

function keysPath(folder: string): string {
  return join(folder, 'keys.json');
}

/** Any 32 random bytes but 2^-128 of them are a private key of secp256k1. */
function newKey(): string {
  return `0x${randomBytes(32).toString('hex')}`;
}

function isKeys(value: unknown): value is ChainKeys {
  const keys = (value ?? {}) as Record<string, unknown>;
  return NAMES.every((name) => /^0x[0-9a-f]{64}$/.test(String(keys[name])));
}
