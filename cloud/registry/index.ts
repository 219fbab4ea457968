import { readCooperativeKey, readDeployment } from '@nongtin/contracts/chain';
import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import { httpRpc } from '../anchoring/index.ts';
import type { CloudConfig } from '../config.ts';
import type { Schema } from '../records/index.ts';
import { createEthersRegistry } from './ethers-registry.ts';
import { createOrderStore } from './order-store.ts';
import { Registrar } from './registrar.ts';

export type { Registrar } from './registrar.ts';

const TICK_SECONDS = 2;

interface RegistrarParts {
  readonly config: Pick<CloudConfig, 'dataDir' | 'rpcUrl'>;
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** The registrar, wired to the chain; not started. */
export function openRegistrar({ config, db, clock, logger }: RegistrarParts): Registrar {
  const { dataDir, rpcUrl } = config;
  const chain = createEthersRegistry({
    rpc: httpRpc(rpcUrl),
    // Read anew at each use: the chain service writes them when it has deployed, which may be after our start.
    deployment: () => readDeployment(dataDir),
    adminKey: () => readCooperativeKey(dataDir),
  });
  return new Registrar({ store: createOrderStore(db), chain, clock, logger, tickSeconds: TICK_SECONDS });
}
