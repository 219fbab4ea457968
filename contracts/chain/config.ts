import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';

export interface ChainConfig {
  /** Everything the chain keeps stands here: keys, state, deployment. */
  readonly folder: string;
  /** JSON-RPC on 127.0.0.1 only: anvil lets whoever reaches it change balances and blocks. */
  readonly port: number;
  readonly chainId: number;
  /** How long anvil may take until it answers; undefined: its usual time. */
  readonly readyWithinMs?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(env: Environment): ChainConfig {
  return {
    folder: chainFolder(env.NONGTIN_DATA_DIR ?? './data'),
    port: wholeNumber(env, 'NONGTIN_RPC_PORT', 8545, 65_535),
    chainId: wholeNumber(env, 'NONGTIN_CHAIN_ID', 31_337, 2 ** 31 - 1),
  };
}

export function chainFolder(dataDir: string): string {
  return join(dataDir, 'chain');
}

function wholeNumber(env: Environment, name: string, fallback: number, largest: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > largest) {
    throw new StartProblem(`${name} is "${text}": give a whole number from 1 to ${largest}.`);
  }
  return value;
}
