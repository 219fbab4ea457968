import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import type { SucceededDeployment } from '../../encoding/index.ts';
import { type Deployment, isDeployment, isSuccession } from '../deployment.ts';

/** What stands on a chain of others, for everyone to verify. */
export interface PublicDeployment extends Deployment {
  /** Who gives and takes all roles; with checksum. */
  readonly alliance: string;
  readonly adminDelaySeconds: number;
  /** Of all that decides the bytecode: artifacts.ts. */
  readonly sourceHash: string;
  /** Of whoever makes the proofs: their endpoints are no witnesses for a verifier. */
  readonly operatorHosts?: readonly string[];
}

/**
 * A deployment under way. Its two transactions have the nonces `nonce` and `nonce` + 1 of `deployer`, so that each can
 * stand on the chain once, however often it is sent; their addresses follow from that.
 */
export interface DeploymentUnderWay {
  readonly chainId: number;
  readonly deployer: string;
  readonly nonce: number;
  /** The newest block when it was begun: all that the contracts ever tell comes after it. */
  readonly fromBlock: number;
  readonly sourceHash: string;
  /** The constructors' arguments as they were given at first. */
  readonly alliance: string;
  readonly anchorers: readonly string[];
  readonly guardians: readonly string[];
  readonly adminDelaySeconds: number;
  /** Whose place it takes. */
  readonly succeeds: readonly SucceededDeployment[];
  /** As named by then; nothing on the chain depends on them. */
  readonly operatorHosts: readonly string[];
}

export const deploymentPath = (folder: string, chainId: number) => join(folder, `${chainId}.json`);
export const underWayPath = (folder: string, chainId: number) => join(folder, `${chainId}.under-way.json`);

export function readPublicDeployment(folder: string, chainId: number): PublicDeployment {
  const path = deploymentPath(folder, chainId);
  const found = readStateFile(path, isPublicDeployment);
  if (found === undefined) throw new StartProblem(`There is no ${path}: nothing of ours was deployed on it.`);
  return found;
}

/** A second deployment beside a first one has every tree anchored again, which costs: only a person may decide that. */
export function requireNoDeployment(folder: string, chainId: number): void {
  const path = deploymentPath(folder, chainId);
  if (existsSync(path))
    throw new StartProblem(
      `${path} exists: the contracts stand on that chain already (see chain status). Move the file away to deploy anew, and name it then with --succeeds.`,
    );
}

export function readUnderWay(folder: string, chainId: number): DeploymentUnderWay | undefined {
  const found = readStateFile(underWayPath(folder, chainId), isUnderWay);
  // Notes of earlier releases tell of none.
  return found && { ...found, succeeds: found.succeeds ?? [], operatorHosts: found.operatorHosts ?? [] };
}

export function writeUnderWay(folder: string, underWay: DeploymentUnderWay): void {
  writeStateFile(underWayPath(folder, underWay.chainId), underWay);
}

/** The deployment first: a crash between the two leaves one note too many, which the next run clears away. */
export function finishDeployment(folder: string, deployment: PublicDeployment): void {
  writeStateFile(deploymentPath(folder, deployment.chainId), deployment);
  rmSync(underWayPath(folder, deployment.chainId), { force: true });
}

function isPublicDeployment(value: unknown): value is PublicDeployment {
  const found = value as Partial<PublicDeployment>;
  return isDeployment(value) && typeof found.alliance === 'string' && typeof found.sourceHash === 'string';
}

type NotedUnderWay = Omit<DeploymentUnderWay, 'succeeds' | 'operatorHosts'> & Partial<DeploymentUnderWay>;

function isUnderWay(value: unknown): value is NotedUnderWay {
  const found = (value ?? {}) as Partial<DeploymentUnderWay>;
  return (
    (found.succeeds === undefined || isSuccession(found.succeeds)) &&
    Number.isInteger(found.chainId) &&
    Number.isInteger(found.nonce) &&
    Number.isInteger(found.fromBlock) &&
    Number.isInteger(found.adminDelaySeconds) &&
    [found.deployer, found.alliance, found.sourceHash].every((text) => typeof text === 'string') &&
    [found.anchorers, found.guardians, found.operatorHosts ?? []].every((list) => Array.isArray(list))
  );
}
