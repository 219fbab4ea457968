import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';

export interface ChainConfig {
  /** Everything the chain keeps stands here: keys, state, deployment. */
  readonly folder: string;
  /** JSON-RPC on 127.0.0.1 only: anvil lets whoever reaches it change balances and blocks. */
  readonly port: number;
  readonly chainId: number;
  /** Origin of the cloud's pages, the only ones that may ask the chain directly; others ask through the cloud. */
  readonly allowOrigin: string;
  /** How long anvil may take until it answers; undefined: its usual time. */
  readonly readyWithinMs?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment): ChainConfig {
  return {
    folder: chainFolder(text(env, 'NONGTIN_DATA_DIR') ?? './data'),
    port: wholeNumber(env, 'NONGTIN_RPC_PORT', 8545, 65_535),
    chainId: wholeNumber(env, 'NONGTIN_CHAIN_ID', 31_337, 2 ** 31 - 1),
    allowOrigin: cloudOrigin(env),
  };
}

export function chainFolder(dataDir: string): string {
  return join(dataDir, 'chain');
}

function cloudOrigin(env: Environment): string {
  const url =
    text(env, 'NONGTIN_PUBLIC_URL') ?? `http://localhost:${text(env, 'NONGTIN_CLOUD_PORT') ?? 8080}`;
  if (URL.canParse(url) && /^https?:/i.test(url)) return new URL(url).origin;
  throw new StartProblem(
    'NONGTIN_PUBLIC_URL or NONGTIN_CLOUD_PORT gives no address of the cloud that begins with http:// or https://.',
  );
}

function wholeNumber(env: Environment, name: string, fallback: number, largest: number): number {
  const given = text(env, name);
  if (given === undefined) return fallback;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1 || value > largest) {
    throw new StartProblem(`${name} is "${given}": give a whole number from 1 to ${largest}.`);
  }
  return value;
}

/** A variable that is set to nothing counts as not set. */
function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
