import { join } from 'node:path';
import { sessionSecret } from '@nongtin/accounts';
import type { Deployment } from '@nongtin/contracts/chain';
import type { Hex } from '@nongtin/contracts/encoding';
import type { Logger } from '@nongtin/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import {
  type Anchorer,
  anchorRoutes,
  CONFIRMATIONS,
  createAnchorer,
  createAnchorStore,
  createEthersChain,
  dryRun,
  openEndpoints,
  Rounds,
  statesOf,
} from './anchoring/index.ts';
import type { ChainAccess } from './chain-access.ts';
import type { CloudConfig } from './config.ts';
import { DEMO_COOPERATIVE } from './cooperatives/demo.ts';
import { keyRoutes, leftToRewrap, openKeyStore, rewrapAll, UnreadableSecrets } from './keystore/index.ts';
import type { Schema } from './records/index.ts';
import {
  createKeysStanding,
  enqueueCooperativeKey,
  enqueueRevocation,
  isKeyRegistered,
} from './registry/index.ts';
import {
  cooperativeKeysWanted,
  createSigner,
  ensureKey,
  type Signer,
  signingRoutes,
} from './signing/index.ts';
import {
  createActivation,
  createLife,
  createStamps,
  createTreeBuilder,
  GuessLimit,
  lifeRoutes,
  PinDelays,
  pinRoutes,
  type QueueRevocation,
  stampRoutes,
} from './stamps/index.ts';
import { createVerifier, verificationRoutes } from './verification/index.ts';

/** Stamps, their anchors and the buyer's door, wired to the chain. */
export interface Stamping {
  readonly anchorer: Anchorer;
  /** Signs what is written and hands it to anchoring. */
  readonly queueRecord: Signer['queueRecord'];
  /** Whether all secrets can be unwrapped, for /readyz: 'ok', or what to do. */
  secretsState(): Promise<string>;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

type ChainConfig = Pick<CloudConfig, 'rpcUrls' | 'rpcQuorum' | 'trees' | 'fees' | 'fundsWarnDays'>;

interface StampingOptions {
  readonly config: Pick<
    CloudConfig,
    'dataDir' | 'publicRpcUrls' | 'publicUrl' | 'verifyPageDir' | 'stampKeys' | 'demo'
  > &
    ChainConfig;
  readonly access: ChainAccess;
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

type Withdrawn = Parameters<QueueRevocation>[1];

const TICK_SECONDS = 2;
const UNREADABLE =
  'unreadable: some secrets are under a key that is not here, their stamps answer nobody: put back the key store that belongs to this database (the log names them)';
const NOT_REWRAPPED = 'older_key: not all secrets are under the newest key yet: see the log';
const demoKey = { cooperative: DEMO_COOPERATIVE, label: 'demo', by: 'demo' };

export function openStamping({ config, access, db, clock, logger }: StampingOptions): Stamping {
  const { dataDir, publicUrl, trees, fees, fundsWarnDays } = config;
  const { deployment, anchorerKey } = access;
  const endpoints = openEndpoints(config, () => deployment()?.chainId);
  const { rpc } = endpoints;
  const chain = createEthersChain({ rpc, deployment, anchorerKey });
  const store = createAnchorStore(db);
  const anchorer = createAnchorer({
    ...{ store, chain, clock, logger, tickSeconds: TICK_SECONDS },
    ...{ trees, fees, fundsWarnDays },
    mayAnchor: createKeysStanding({ db, rpc, deployment }),
  });
  const keyStore = openKeyStore({ folder: join(dataDir, 'cloud'), ...config.stampKeys });
  const isRegistered = (some: Kysely<Schema>, keyId: string) => isKeyRegistered(some, keyId, deployment());
  const signer = createSigner({ db, keyStore, clock, isRegistered });
  const signing = new Rounds({
    ...{ name: 'signing', clock, logger, tickSeconds: TICK_SECONDS },
    round: async () => {
      await registerKeys(db, clock.nowMs());
      await signer.release();
    },
  });
  const stopping = new AbortController();
  const buildTree = createTreeBuilder({ signal: stopping.signal });
  const stamps = createStamps({ db, keyStore, clock, buildTree, queueRecord: signer.queueRecord });
  const issuerOf = (request: FastifyRequest) => request.account?.email ?? '';
  const queueRevocation: QueueRevocation = async (trx, what) =>
    enqueueRevocation(trx, await shortestOf(trx, what), clock.nowMs());
  const delays = new PinDelays({
    nowMs: () => clock.nowMs(),
    key: sessionSecret(join(dataDir, 'cloud', 'pin-clients.json')),
  });
  let rewrapping: Promise<unknown> = Promise.resolve();
  let rewrapProblem: string | undefined;
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
    queueRecord: signer.queueRecord,
    secretsState: async () =>
      rewrapProblem !== undefined && (await leftToRewrap(db, keyStore)) > 0 ? rewrapProblem : 'ok',
    start: async () => {
      if (config.demo) await ensureKey(db, keyStore, { ...demoKey, nowMs: clock.nowMs() });
      await anchorer.start();
      signing.start();
      // What a stop has interrupted, and what an earlier choice of key store has wrapped.
      rewrapping = rewrapAll(db, keyStore).then(
        (rewrapped) => rewrapped > 0 && logger.warn({ rewrapped }, 'stamp secrets are under the newest key'),
        (error) => {
          rewrapProblem = error instanceof UnreadableSecrets ? UNREADABLE : NOT_REWRAPPED;
          logger.error({ err: error }, 'stamp secrets are not all under the newest key');
        },
      );
    },
    stop: async () => {
      await signing.stop();
      await anchorer.stop();
      await rewrapping;
    },
    routes: async (app) => {
      // Before requests are waited for: a large batch would take longer than we may take to stop.
      app.addHook('preClose', async () => stopping.abort());
      await app.register(anchorRoutes, {
        ...{ db, clock },
        status: () => anchorer.status(),
        endpoints: () => endpoints.status(),
        dryRun: () => dryRun({ store, chain, fees, clock }),
      });
      await app.register(async (scope) => keyRoutes({ db, keyStore, logger })(scope));
      await app.register(signingRoutes, { db, keyStore, signer, clock });
      await app.register(stampRoutes, {
        ...{ stamps, publicUrl, issuerOf },
        statesOf: (batchNumbers) => statesOf(db, 'stamp_batch', batchNumbers),
      });
      await app.register(lifeRoutes, { life: createLife({ db, clock, queueRevocation }), issuerOf });
      await app.register(pinRoutes, {
        ...{ db, stamps, clock, logger, publicUrl, issuerOf },
        activation: createActivation({ db, stamps, delays, clock }),
      });
      await app.register(verificationRoutes, {
        ...{ verifier, rpc, chain: chainDoor, guesses: new GuessLimit(() => clock.nowMs()) },
        pageFolder: config.verifyPageDir,
        contracts: () => contractsOf(deployment()),
      });
    },
  };
}

/** The registry is told of every key once, and once that it has ended: as planned, or because it was stolen. */
async function registerKeys(db: Kysely<Schema>, nowMs: number): Promise<void> {
  for (const { isRetired, revokedFromMs, ...key } of await cooperativeKeysWanted(db)) {
    await enqueueCooperativeKey(db, { ...key, action: 'set_key', nowMs });
    if (revokedFromMs !== null)
      await enqueueCooperativeKey(db, { ...key, action: 'revoke_key', revokedFromMs, nowMs });
    else if (isRetired) await enqueueCooperativeKey(db, { ...key, action: 'retire_key', nowMs });
  }
}

/** All stamps of a batch are withdrawn by its leaf: one word on the chain, not one for every 256 stamps. */
async function shortestOf(db: Kysely<Schema>, what: Withdrawn): Promise<Withdrawn> {
  const { refKind, refId, range } = what;
  if (range?.from !== 0) return what;
  const batch = await db
    .selectFrom('stamp_batches')
    .select('stamp_count')
    .where('batch_number', '=', Number(refId))
    .executeTakeFirst();
  return batch?.stamp_count === range.to + 1 ? { refKind, refId } : what;
}

function contractsOf(deployment: Deployment | undefined): string[] {
  return deployment === undefined ? [] : [deployment.anchorRegistry, deployment.cooperativeRegistry];
}
