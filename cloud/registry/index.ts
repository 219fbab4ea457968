import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import { openEndpoints } from '../anchoring/index.ts';
import type { ChainAccess } from '../chain-access.ts';
import type { CloudConfig } from '../config.ts';
import type { Schema } from '../records/index.ts';
import { createEthersRegistry } from './ethers-registry.ts';
import { createOrderStore } from './order-store.ts';
import { Registrar } from './registrar.ts';

export { createKeysStanding } from './keys-standing.ts';
export { registerRegistryMetrics } from './metrics.ts';
export { enqueueCooperativeKey, enqueueRevocation, isKeyRegistered } from './queue.ts';
export type { Registrar } from './registrar.ts';

const TICK_SECONDS = 2;

interface RegistrarParts {
  readonly config: Pick<CloudConfig, 'rpcUrls' | 'rpcQuorum' | 'fees' | 'fundsWarnDays'>;
  readonly access: ChainAccess;
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** The registrar, wired to the chain; not started. */
export function openRegistrar({ config, access, db, clock, logger }: RegistrarParts): Registrar {
  const { fees, fundsWarnDays } = config;
  const { deployment } = access;
  const chain = createEthersRegistry({
    rpc: openEndpoints(config, () => deployment()?.chainId).rpc,
    deployment,
    adminKey: access.cooperativeKey,
  });
  const store = createOrderStore(db);
  return new Registrar({ store, chain, clock, logger, fees, fundsWarnDays, tickSeconds: TICK_SECONDS });
}
