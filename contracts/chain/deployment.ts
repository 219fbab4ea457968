import { join } from 'node:path';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import type { SucceededDeployment } from '../encoding/index.ts';

/** Where the contracts stand, for whoever anchors or verifies. Addresses with checksum, hashes as 0x and 64 digits. */
export interface Deployment {
  readonly chainId: number;
  readonly anchorRegistry: string;
  readonly cooperativeRegistry: string;
  readonly deployedAtBlock: number;
  /** keccak256 of the deployed code, for a verifier to pin. */
  readonly codeHashes: { readonly anchorRegistry: string; readonly cooperativeRegistry: string };
  /** Deployments whose trees are anchored again on this one, the newest first; absent: none. */
  readonly succeeds?: readonly SucceededDeployment[];
}

export function readDeploymentFile(folder: string): Deployment | undefined {
  return readStateFile(deploymentPath(folder), isDeployment);
}

/** One that a person names. Throws a StartProblem when it is not there, or is none. */
export function readDeploymentOf(path: string): Deployment {
  const found = readStateFile(path, isDeployment);
  if (found !== undefined) return found;
  throw new StartProblem(`There is no file ${path}: give the one that "chain deploy" has written.`);
}

export function writeDeploymentFile(folder: string, deployment: Deployment): void {
  writeStateFile(deploymentPath(folder), deployment);
}

function deploymentPath(folder: string): string {
  return join(folder, 'deployment.json');
}

/**
 * What a deployment succeeds that takes the place of these: each of them and what it has succeeded itself, once each, and never
 * the deployment in question. As a part of its file: nothing when there is none.
 */
export function succession(
  place: Pick<Deployment, 'chainId' | 'anchorRegistry'>,
  before: readonly Deployment[],
): Pick<Deployment, 'succeeds'> {
  const nameOf = ({ chainId, anchorRegistry }: typeof place) => `${chainId} ${anchorRegistry.toLowerCase()}`;
  const found = new Map<string, SucceededDeployment>();
  for (const one of before.flatMap((deployment) => [deployment, ...(deployment.succeeds ?? [])])) {
    const { chainId, anchorRegistry, cooperativeRegistry } = one;
    const isKnown = found.has(nameOf(one)) || nameOf(one) === nameOf(place);
    if (!isKnown) found.set(nameOf(one), { chainId, anchorRegistry, cooperativeRegistry });
  }
  return found.size === 0 ? {} : { succeeds: [...found.values()] };
}

export function isDeployment(value: unknown): value is Deployment {
  const found = (value ?? {}) as Partial<Deployment>;
  return (
    Number.isInteger(found.chainId) &&
    Number.isInteger(found.deployedAtBlock) &&
    isHex(found.anchorRegistry, 20) &&
    isHex(found.cooperativeRegistry, 20) &&
    isHex(found.codeHashes?.anchorRegistry, 32) &&
    isHex(found.codeHashes?.cooperativeRegistry, 32) &&
    (found.succeeds === undefined || isSuccession(found.succeeds))
  );
}

export function isSuccession(value: unknown): value is readonly SucceededDeployment[] {
  return (
    Array.isArray(value) &&
    value.every((one: Partial<SucceededDeployment> | null) => {
      const { chainId, anchorRegistry, cooperativeRegistry } = one ?? {};
      return Number.isInteger(chainId) && isHex(anchorRegistry, 20) && isHex(cooperativeRegistry, 20);
    })
  );
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(value);
}
