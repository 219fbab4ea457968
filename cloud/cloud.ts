import { join } from 'node:path';
import {
  type Accounts,
  createAccounts,
  demoSecrets,
  earlierDemoSecrets,
  seedDemoUsers,
  sessionSecret,
  withdrawDemoUsers,
} from '@nongtin/accounts';
import {
  type CredentialStore,
  openCredentials,
  registerBrokerMetrics,
  withdrawCredentials,
} from '@nongtin/broker';
import { explainProblem, type Logger, type Service } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import { registerAnchorMetrics } from './anchoring/index.ts';
import { buildApp } from './api/app.ts';
import { apiRoutes } from './api/index.ts';
import type { CloudConfig } from './config.ts';
import { seedDemoCooperative } from './cooperatives/demo.ts';
import { createMetrics } from './metrics.ts';
import { openRecords, type Records } from './records/index.ts';
import { openStamping, type Stamping } from './stamping.ts';
import { AedesDoor, allowGateway } from './uplink/aedes-door.ts';
import type { EntryStore } from './uplink/entry-store.ts';
import { NatsDoor } from './uplink/nats/nats-door.ts';
import { entryStoreOf, openPipeline, takersOf } from './uplink/pipeline.ts';
import type { Receiver } from './uplink/receiver.ts';

/**
 * The cloud's parts, in the order they start (they stop the other way round, the door for gateways first):
 *
 *   gateways ── MQTT ──► uplink door ──► receiver ──► entry store (fsync) ──► answer "durable up to"
 *                                            │ wake
 *                                            ▼
 *                                        projector ──► records: plots, runs, harvests, daily readings
 *                                                         ▲   ▲
 *   people, programs ── HTTP ──► api: lots, stamps ───────┘   │ leaves, anchors
 *                                                         anchorer ──► chain
 */
export class Cloud implements Service {
  readonly #config: CloudConfig;
  readonly #logger: Logger;
  readonly #clock: { nowMs(): number };
  readonly #closers: (() => unknown)[] = [];
  #doors: { app: FastifyInstance; uplink: AedesDoor | NatsDoor } | undefined;

  constructor(config: CloudConfig, logger: Logger, clock: { nowMs(): number }) {
    this.#config = config;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The ports it listens on, once started. */
  get ports(): { http: number; uplink: number } {
    const address = this.#doors?.app.server.address();
    const http = typeof address === 'object' && address ? address.port : this.#config.httpPort;
    const uplink = this.#doors?.uplink;
    return { http, uplink: uplink instanceof AedesDoor ? uplink.port : this.#config.uplinkPort };
  }

  async start(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#doors = undefined;
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.#logger.error({ err: error }, 'a part did not close');
      }
    }
  }

  async #start(): Promise<void> {
    const { dataDir, databaseUrl, demo, nats } = this.#config;
    const [logger, clock] = [this.#logger, this.#clock];
    const records = openRecords({ dataDir, ...(databaseUrl === undefined ? {} : { databaseUrl }), logger });
    this.#closers.push(() => records.stop());
    await records.start();
    const entries = entryStoreOf(this.#config, records);
    this.#closers.push(() => entries.close());
    await entries.open();
    const credentials = openCredentials({ path: join(dataDir, 'cloud', 'uplink-credentials.json') });
    const accounts = await this.#openAccounts(records);
    if (demo) await this.#seedDemo(records, accounts, credentials);
    else await this.#withdrawDemo(accounts, credentials);
    const shared = nats !== undefined;
    const { receiver, projector } = openPipeline({ db: records.db, entries, clock, logger, shared });
    this.#closers.push(() => projector.stop());
    if (nats?.ingest !== false) await projector.start();
    const stamping = openStamping({ config: this.#config, db: records.db, clock, logger });
    this.#closers.push(() => stamping.anchorer.stop());
    await stamping.anchorer.start();
    this.#closers.push(() => receiver.idle());
    const uplink = this.#uplinkDoor(credentials, records, receiver);
    const app = await this.#openApp({ records, entries, receiver, accounts, stamping, uplink });
    this.#closers.push(() => uplink.stop());
    await uplink.start();
    this.#doors = { app, uplink };
    logger.info({ ...this.ports, records: databaseUrl === undefined ? 'embedded' : 'server' }, 'listening');
  }

  async #openAccounts({ db }: Records): Promise<Accounts> {
    const accounts = createAccounts({
      database: { db, type: 'postgres' },
      secret: sessionSecret(join(this.#config.dataDir, 'cloud', 'session.json')),
      cookiePrefix: 'nongtin-cloud',
      logger: this.#logger,
    });
    await accounts.start();
    return accounts;
  }

  async #seedDemo(records: Records, accounts: Accounts, credentials: CredentialStore): Promise<void> {
    const secrets = demoSecrets(this.#config.dataDir);
    await seedDemoCooperative(records.db, this.#clock.nowMs());
    await seedDemoUsers(accounts, secrets);
    // It may connect; its entries are refused until a manager registers its key.
    allowGateway(credentials, secrets.uplink.gateway, secrets.uplink.password);
  }

  async #withdrawDemo(accounts: Accounts, credentials: CredentialStore): Promise<void> {
    const secrets = earlierDemoSecrets(this.#config.dataDir);
    if (secrets === undefined) return;
    await withdrawDemoUsers(accounts, secrets);
    withdrawCredentials(credentials, { [secrets.uplink.gateway]: secrets.uplink.password });
  }

  #uplinkDoor(credentials: CredentialStore, { db }: Records, receiver: Receiver): AedesDoor | NatsDoor {
    const { host, uplinkPort: port, nats } = this.#config;
    const [logger, clock] = [this.#logger, this.#clock];
    const takers = takersOf(receiver, clock, () => door);
    const door =
      nats === undefined
        ? new AedesDoor({ host, port, credentials, takers, logger })
        : new NatsDoor({ ...nats, db, clock, logger, takers: nats.ingest ? takers : undefined });
    return door;
  }

  async #openApp(parts: AppParts): Promise<FastifyInstance> {
    const { records, entries, receiver, accounts, stamping, uplink } = parts;
    const registry = createMetrics({ entries, receiver });
    if (uplink instanceof AedesDoor) registerBrokerMetrics(uplink.broker, registry);
    registerAnchorMetrics(registry, { db: records.db, status: () => stamping.anchorer.status() });
    // Without it gateways wait and people do not.
    const dependencies =
      uplink instanceof NatsDoor
        ? [{ name: 'nats', vital: false, check: () => uplink.check().then(() => 'ok') }]
        : [];
    const clock = this.#clock;
    const api = { db: records.db, entries, receiver, logins: uplink.logins, clock, registry };
    const routes = [
      ...apiRoutes({ ...api, chainState: () => stamping.anchorer.status().state, dependencies }),
      stamping.routes,
    ];
    const app = await buildApp({ accounts, logger: this.#logger, routes });
    this.#closers.push(() => app.close());
    const { host, httpPort: port } = this.#config;
    try {
      await app.listen({ host, port });
    } catch (error) {
      throw explainProblem(error, { port, portVariable: 'NONGTIN_CLOUD_PORT' });
    }
    return app;
  }
}

interface AppParts {
  readonly records: Records;
  readonly entries: EntryStore;
  readonly receiver: Receiver;
  readonly accounts: Accounts;
  readonly stamping: Stamping;
  readonly uplink: AedesDoor | NatsDoor;
}
