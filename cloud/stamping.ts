import { join } from 'node:path';
import { readAnchorerKey, readDeployment } from '@nongtin/contracts/chain';
import type { Hex } from '@nongtin/contracts/encoding';
import type { Logger } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import {
  type Anchorer,
  anchorRoutes,
  CONFIRMATIONS,
  createAnchorer,
  createAnchorStore,
  createEthersChain,
  httpRpc,
  statesOf,
} from './anchoring/index.ts';
import type { CloudConfig } from './config.ts';
import type { Schema } from './records/index.ts';
import { createStamps, openFileKeyStore, stampRoutes } from './stamps/index.ts';
import { createVerifier, verificationRoutes } from './verification/index.ts';

/** Stamps, their anchors and the buyer's door, wired to the chain. */
export interface Stamping {
  readonly anchorer: Anchorer;
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

interface StampingOptions {
  readonly config: Pick<CloudConfig, 'dataDir' | 'rpcUrl' | 'publicRpcUrls' | 'publicUrl' | 'verifyPageDir'>;
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

const TICK_SECONDS = 2;

export function openStamping({ config, db, clock, logger }: StampingOptions): Stamping {
  const { dataDir, publicUrl } = config;
  const rpc = httpRpc(config.rpcUrl);
  // Read anew at each use: the chain service writes them when it has deployed, which may be after our start.
  const deployment = () => readDeployment(dataDir);
  const chain = createEthersChain({ rpc, deployment, anchorerKey: () => readAnchorerKey(dataDir) });
  const store = createAnchorStore(db);
  const anchorer = createAnchorer({ store, chain, clock, logger, tickSeconds: TICK_SECONDS });
  const keyStore = openFileKeyStore(join(dataDir, 'cloud', 'stamps.key'));
  const stamps = createStamps({ db, keyStore, clock });
  const chainDoor = () => {
    const found = deployment();
    if (found === undefined) return undefined;
    const { chainId, anchorRegistry } = found;
    const registry = anchorRegistry as Hex;
    return { chainId, anchorRegistry: registry, rpcUrls: config.publicRpcUrls, confirmations: CONFIRMATIONS };
  };
  const verifier = createVerifier({ db, stamps, chain: chainDoor, rpc });
  return {
    anchorer,
    routes: async (app) => {
      await app.register(anchorRoutes, { db, status: () => anchorer.status() });
      await app.register(stampRoutes, {
        ...{ stamps, publicUrl },
        issuerOf: (request) => request.account?.email ?? '',
        statesOf: (batchNumbers) => statesOf(db, 'stamp_batch', batchNumbers),
      });
      await app.register(verificationRoutes, {
        ...{ verifier, rpc, chain: chainDoor },
        pageFolder: config.verifyPageDir,
        contracts: () => contractsOf(deployment()),
      });
    },
  };
}

function contractsOf(deployment: ReturnType<typeof readDeployment>): string[] {
  return deployment === undefined ? [] : [deployment.anchorRegistry, deployment.cooperativeRegistry];
}
