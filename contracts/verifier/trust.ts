import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartProblem } from '@nongtin/service';
import { chainFolder } from '../chain/config.ts';
import { type Deployment, isDeployment } from '../chain/deployment.ts';
import type { Pins, ProofBundle } from '../encoding/index.ts';

export interface Trusted {
  readonly pins: Pins;
  readonly file: string;
  /** Hosts of whoever makes the proofs: an endpoint there adds nothing to their word. */
  readonly operatorHosts: readonly string[];
}

/** What a bundle says of where it is anchored. */
type Place = Pick<ProofBundle['anchor'], 'chainId'> & { readonly contract: string };

/**
 * The deployment that the person trusts: the file they name, else what this checkout has: one that takes the place of what the
 * bundle names, or that of its chain; else the embedded chain of ./data. The bundle only says which of these files is looked for.
 * undefined: nothing is known of that chain.
 */
export function readTrust(
  anchor: Place,
  places: { readonly named?: string; readonly deployments: string; readonly dataDir: string },
): Trusted | undefined {
  const { named, deployments, dataDir } = places;
  if (named !== undefined) return trustedIn(named);
  const successor = successorIn(deployments, anchor);
  if (successor !== undefined) return trustedIn(successor);
  const file = join(deployments, `${anchor.chainId}.json`);
  if (existsSync(file)) return trustedIn(file);
  const embedded = join(chainFolder(dataDir), 'deployment.json');
  if (!existsSync(embedded)) return undefined;
  const own = trustedIn(embedded);
  return own.pins.chainId === anchor.chainId || isSuccessor(own.pins, anchor) ? own : undefined;
}

/** The file of the deployment that takes the place of what the bundle names, the last one of a line of them. */
function successorIn(folder: string, anchor: Place): string | undefined {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9]+\.json$/.test(name)) : [];
  const found = names.flatMap((name) => {
    const file = join(folder, name);
    const deployment = deploymentIn(file);
    return deployment !== undefined && isSuccessor(deployment, anchor) ? [{ file, deployment }] : [];
  });
  const isLast = ({ chainId, anchorRegistry: contract }: Deployment) =>
    !found.some(({ deployment }) => isSuccessor(deployment, { chainId, contract }));
  return found.find(({ deployment }) => isLast(deployment))?.file;
}

/** undefined also of a file that is none: that is told when it is the one that is needed. */
function deploymentIn(file: string): Deployment | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isDeployment(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSuccessor({ succeeds = [] }: Pick<Pins, 'succeeds'>, anchor: Place): boolean {
  const contract = anchor.contract.toLowerCase();
  return succeeds.some(
    (one) => one.chainId === anchor.chainId && one.anchorRegistry.toLowerCase() === contract,
  );
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
      `${file} is no deployment: chainId, both addresses, deployedAtBlock and codeHashes are expected, and as succeeds, if there is one, ` +
        'a list of chainId and both addresses.',
    );
  const { alliance, operatorHosts = [] } = value as { alliance?: unknown; operatorHosts?: unknown };
  // What is not understood would not be looked at, and whoever wrote it would believe that it is.
  if (alliance !== undefined && !isAddress(alliance))
    throw new StartProblem(`${file} is no deployment: alliance is not 0x and 40 hex digits.`);
  if (!Array.isArray(operatorHosts) || !operatorHosts.every(isHost))
    throw new StartProblem(
      `${file} is no deployment: operatorHosts is not a list of host names, such as trace.example.vn.`,
    );
  const { chainId, anchorRegistry, cooperativeRegistry, codeHashes, succeeds = [] } = value;
  return {
    file,
    pins: {
      ...{ chainId, anchorRegistry, cooperativeRegistry, codeHashes, succeeds },
      ...(alliance === undefined ? {} : { alliance }),
    },
    operatorHosts,
  };
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value);
}

function isHost(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('/') && URL.canParse(`http://${value}`);
}
