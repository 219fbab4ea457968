import { readArtifact } from '../artifacts.ts';
import { chainFolder } from './config.ts';
import { type Deployment, readDeploymentFile } from './deployment.ts';
import { readKeys } from './keys.ts';

export { openKeystore } from './command/keystore.ts';
export { demoCooperative } from './deploy.ts';
export type { Deployment } from './deployment.ts';
export { readDeploymentOf } from './deployment.ts';
export { startTestChain, type TestChain } from './testing.ts';

export const anchorRegistryAbi = readArtifact('AnchorRegistry').abi;
export const cooperativeRegistryAbi = readArtifact('CooperativeRegistry').abi;

/** Where the contracts stand; undefined until the chain service has deployed them. */
export function readDeployment(dataDir: string): Deployment | undefined {
  return readDeploymentFile(chainFolder(dataDir));
}

/**
 * The private key of who acts for the demo's cooperative in the CooperativeRegistry (0x and 64 hex digits); undefined until
 * the chain service has made it.
 */
export function readCooperativeKey(dataDir: string): string | undefined {
  return readKeys(chainFolder(dataDir))?.demoCooperative;
}

/** The anchorer's private key (0x and 64 hex digits); undefined until the chain service has made it. */
export function readAnchorerKey(dataDir: string): string | undefined {
  return readKeys(chainFolder(dataDir))?.anchorer;
}
