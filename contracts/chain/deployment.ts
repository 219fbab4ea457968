import { join } from 'node:path';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';

/** Where the contracts stand, for whoever anchors or verifies. Addresses with checksum, hashes as 0x and 64 digits. */
export interface Deployment {
  readonly chainId: number;
  readonly anchorRegistry: string;
  readonly cooperativeRegistry: string;
  readonly deployedAtBlock: number;
  /** keccak256 of the deployed code, for a verifier to pin. */
  readonly codeHashes: { readonly anchorRegistry: string; readonly cooperativeRegistry: string };
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

export function isDeployment(value: unknown): value is Deployment {
  const found = (value ?? {}) as Partial<Deployment>;
  return (
    Number.isInteger(found.chainId) &&
    Number.isInteger(found.deployedAtBlock) &&
    isHex(found.anchorRegistry, 20) &&
    isHex(found.cooperativeRegistry, 20) &&
    isHex(found.codeHashes?.anchorRegistry, 32) &&
    isHex(found.codeHashes?.cooperativeRegistry, 32)
  );
}

function isHex(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && new RegExp(`^0x[0-9a-fA-F]{${2 * bytes}}$`).test(value);
}
