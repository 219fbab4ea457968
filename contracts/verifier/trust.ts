import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { chainFolder } from '../chain/config.ts';
import { isDeployment } from '../chain/deployment.ts';
import type { Pins } from '../encoding/index.ts';

export interface Trusted {
  readonly pins: Pins;
  readonly file: string;
  /** Hosts of whoever makes the proofs: an endpoint there adds nothing to their word. */
  readonly operatorHosts: readonly string[];
}

/**
 * The deployment that the person trusts: the file they name, else what this checkout has for the bundle's chain, else the embedded
 * chain of ./data. Never anything from the bundle. undefined: nothing is known of that chain.
 */
export function readTrust(
  chainId: number,
  places: { readonly named?: string; readonly deployments: string; readonly dataDir: string },
): Trusted | undefined {
  const { named, deployments, dataDir } = places;
  if (named !== undefined) return trustedIn(named);
  const file = join(deployments, `${chainId}.json`);
  if (existsSync(file)) return trustedIn(file);
  const embedded = join(chainFolder(dataDir), 'deployment.json');
  const own = existsSync(embedded) ? trustedIn(embedded) : undefined;
  return own?.pins.chainId === chainId ? own : undefined;
}

function trustedIn(file: string): Trusted {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StartProblem(`${file} cannot be read: ${(error as Error).message}`);
  }
  if (!isDeployment(value))
    throw new StartProblem(
      `${file} is no deployment: chainId, both addresses, deployedAtBlock and codeHashes are expected.`,
    );
  const { alliance, operatorHosts = [] } = value as { alliance?: unknown; operatorHosts?: unknown };
  // What is not understood would not be looked at, and whoever wrote it would believe that it is.
  if (alliance !== undefined && !isAddress(alliance))
    throw new StartProblem(`${file} is no deployment: alliance is not 0x and 40 hex digits.`);
  if (!Array.isArray(operatorHosts) || !operatorHosts.every(isHost))
    throw new StartProblem(`${file} is no deployment: operatorHosts is not a list of host names.`);
  const { chainId, anchorRegistry, cooperativeRegistry, codeHashes } = value;
  return {
    file,
    pins: {
      ...{ chainId, anchorRegistry, cooperativeRegistry, codeHashes },
      ...(alliance === undefined ? {} : { alliance }),
    },
    operatorHosts,
  };
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value);
}

function isHost(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(`http://${value}`);
}
