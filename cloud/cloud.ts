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
  readGivenFiles,
  registerBrokerMetrics,
  withdrawCredentials,
} from '@nongtin/broker';
import { explainProblem, type Logger, type Service } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import { registerAnchorMetrics } from './anchoring/index.ts';
import { buildApp } from './api/app.ts';
import { apiRoutes } from './api/index.ts';
import { openChainAccess } from './chain-access.ts';
import { chainReadiness } from './chain-readiness.ts';
import { ChangeLog, changeLogReadiness, LogFiles } from './change-log/index.ts';
import { Commands, commandRoutes } from './commands/index.ts';
import type { CloudConfig } from './config.ts';
import { seedDemoCooperative } from './cooperatives/demo.ts';
import { enrollingRoutes } from './enrolling.ts';
import { GatewayRegister } from './enrolment/gateway-register.ts';
import { Presence } from './enrolment/presence.ts';
import { heardUnlessRevoked, sentUnlessRevoked } from './enrolment/revoked.ts';
import { createMetrics } from './metrics.ts';
import { Neighbours } from './pests/neighbours.ts';
import { pestRoutes } from './pests/routes.ts';
import { openRecords, type Records } from './records/index.ts';
import { openRegistrar, type Registrar, registerRegistryMetrics } from './registry/index.ts';
import { type CloudSeries, openCloudSeries } from './series/index.ts';
import { openStamping, type Stamping } from './stamping.ts';
import { CloudAuthority } from './tls/authority.ts';
import { TlsDoors } from './tls/doors.ts';
import { AedesDoor, allowGateway } from './uplink/aedes-door.ts';
import { registerPackerMetrics } from './uplink/archive/metrics.ts';
import type { Packer } from './uplink/archive/packer.ts';
import type { UplinkDoor } from './uplink/door.ts';
import type { EntryStore } from './uplink/entry-store.ts';
import type { LiveValues } from './uplink/live.ts';
import { NatsDoor } from './uplink/nats/nats-door.ts';
import { entryStoreOf, openPipeline, packerOf, takersOf } from './uplink/pipeline.ts';
import type { Receiver } from './uplink/receiver.ts';

/**
 * The cloud's parts, in the order they start (they stop the other way round, the door for gateways first):
 *
 *   gateways ── MQTT ──► uplink door ──► receiver ──► entry store (fsync) ──► answer "durable up to"
 *                                            │ wake
 *                                            ▼
 *               series writer ◄─ wake ── projector ──► records: plots, runs, harvests, daily readings
 *                   │                                     ▲   ▲
 *                   └─► InfluxDB, a database each         │   │
 *   people, programs ── HTTP ──► api: lots, stamps ───────┘   │ leaves, anchors
 *                                                         anchorer ──► chain
 */
export class Cloud implements Service {
  readonly #config: CloudConfig;
  readonly #logger: Logger;
  readonly #clock: { nowMs(): number };
  readonly #closers: (() => unknown)[] = [];
  #doors: { app: FastifyInstance; uplink: AedesDoor | NatsDoor; tls: TlsDoors | undefined } | undefined;

  constructor(config: CloudConfig, logger: Logger, clock: { nowMs(): number }) {
    this.#config = config;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The ports it listens on, once started; those over TLS once they are open, a little later. */
  get ports(): Ports {
    const address = this.#doors?.app.server.address();
    const http = typeof address === 'object' && address ? address.port : this.#config.httpPort;
    const uplink = this.#doors?.uplink;
    const own = uplink instanceof AedesDoor ? uplink : undefined;
    return {
      http,
      https: this.#doors?.tls?.httpsPort,
      uplink: own?.port ?? this.#config.uplinkPort,
      uplinkTls: own?.tlsPort,
    };
  }

  /** Resolves when the doors over TLS are open, or have told why not. */
  async secured(): Promise<void> {
    await this.#doors?.tls?.settled();
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
    const changeLog = await this.#openChangeLog(records);
    if (demo) await this.#seedDemo(records, accounts, credentials);
    else await this.#withdrawDemo(accounts, credentials);
    const register = new GatewayRegister(records.db);
    await register.load();
    const series = openCloudSeries({ db: records.db, entries, influx: this.#config.influx, clock, logger });
    this.#closers.push(() => series.writer?.stop());
    const { receiver, projector, live } = openPipeline({
      ...{ db: records.db, entries, clock, logger, shared: nats !== undefined },
      onProjected: (gateway) => series.writer?.wake(gateway),
    });
    this.#closers.push(() => projector.stop());
    const ingests = nats?.ingest !== false;
    const packer = ingests ? packerOf(this.#config, { db: records.db, clock, logger }) : undefined;
    this.#closers.push(() => packer?.stop());
    if (ingests) {
      await projector.start();
      await series.writer?.start();
      packer?.start();
    }
    const access = await openChainAccess(this.#config);
    const stamping = openStamping({ config: this.#config, access, db: records.db, clock, logger });
    this.#closers.push(() => stamping.stop());
    await stamping.start();
    this.#closers.push(() => receiver.idle());
    const registrar = openRegistrar({ config: this.#config, access, db: records.db, clock, logger });
    this.#closers.push(() => registrar.stop());
    registrar.start();
    const presence = new Presence(clock);
    const commands = new Commands({ db: records.db, clock, logger, shared: nats !== undefined });
    const { uplink, send } = this.#uplinkDoor({
      db: records.db,
      credentials,
      receiver,
      live,
      commands,
      register,
      presence,
    });
    const authority = this.#openAuthority();
    const gateways = { register, registrar, presence, uplink, authority, changeLog };
    const heard = { receiver, live, series, packer, commands };
    const app = await this.#openApp({ records, entries, accounts, stamping, ...heard, ...gateways });
    this.#closers.push(() => commands.stop());
    commands.start((gateway, command) => send(gateway, 'gatewayCommand', command));
    this.#closers.push(() => uplink.stop());
    await uplink.start();
    this.#doors = { app, uplink, tls: authority && this.#startTls(authority, app, uplink) };
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

  /** After all tables are there, before anything is written. */
  async #openChangeLog({ db }: Records): Promise<ChangeLog> {
    const files = new LogFiles(this.#config.changeLogDir);
    const changeLog = new ChangeLog({ db, files, logger: this.#logger });
    this.#closers.push(() => changeLog.stop());
    await changeLog.start();
    return changeLog;
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

  #uplinkDoor(parts: UplinkParts): { uplink: AedesDoor | NatsDoor; send: UplinkDoor['send'] } {
    const { db, credentials, register, presence, ...taking } = parts;
    const { host, uplinkPort: port, uplinkTlsPort: tlsPort, nats } = this.#config;
    const [logger, clock] = [this.#logger, this.#clock];
    const isRevoked = (gateway: string) => register.standing(gateway) === 'revoked';
    const send: UplinkDoor['send'] = sentUnlessRevoked((...message) => uplink.send(...message), {
      isRevoked,
    });
    const neighbours = new Neighbours({ db, clock, logger });
    const takers = heardUnlessRevoked(takersOf({ ...taking, neighbours, clock, send }), {
      isRevoked,
      onHeard: (gateway) => presence.note(gateway),
    });
    const isKnown = (gateway: string) => register.standing(gateway) !== undefined;
    const uplink =
      nats === undefined
        ? new AedesDoor({ host, port, tlsPort, credentials, takers, isKnown, logger })
        : new NatsDoor({ ...nats, db, clock, logger, takers: nats.ingest ? takers : undefined });
    return { uplink, send };
  }

  /** Undefined: no door over TLS is wanted. */
  #openAuthority(): CloudAuthority | undefined {
    const { httpsPort, uplinkTlsPort, tlsNames: names, tlsFiles: given, dataDir } = this.#config;
    if (httpsPort === undefined && uplinkTlsPort === undefined) return undefined;
    // What a person has configured wrongly is told now, not in a log later.
    if (given) readGivenFiles(given, this.#clock.nowMs());
    const folder = join(dataDir, 'cloud', 'tls');
    return new CloudAuthority({ folder, names, given, clock: this.#clock });
  }

  #startTls(authority: CloudAuthority, app: FastifyInstance, uplink: AedesDoor | NatsDoor): TlsDoors {
    const { host, httpsPort } = this.#config;
    const doors = new TlsDoors({
      ...{ authority, host, httpsPort, app, logger: this.#logger },
      // The servers of a cluster have certificates of their own.
      uplink: uplink instanceof AedesDoor ? uplink : {},
    });
    this.#closers.push(() => doors.stop());
    doors.start();
    return doors;
  }

  async #openApp(parts: AppParts): Promise<FastifyInstance> {
    const { records, entries, receiver, live, accounts, stamping, series, uplink, commands } = parts;
    const { packer, register, registrar, presence, authority, changeLog } = parts;
    const registry = createMetrics({ entries, receiver, live });
    if (uplink instanceof AedesDoor) registerBrokerMetrics(uplink.broker, registry);
    registerAnchorMetrics(registry, {
      ...{ db: records.db, clock: this.#clock },
      status: () => stamping.anchorer.status(),
    });
    registerRegistryMetrics(registry, { db: records.db, status: () => registrar.status() });
    series.register(registry);
    if (packer) registerPackerMetrics(registry, packer);
    const dependencies = [
      // Without their keys stamps cannot be proved, and gateways are served.
      { name: 'secrets', vital: false, check: () => stamping.secretsState() },
      // Without the chain, stamps wait for their anchor, and everything else goes on.
      ...chainReadiness(stamping.anchorer, registrar),
      changeLogReadiness(changeLog),
      // Without it gateways wait and people do not.
      ...(uplink instanceof NatsDoor
        ? [{ name: 'nats', vital: false, check: () => uplink.check().then(() => 'ok') }]
        : []),
      ...(packer ? [{ name: 'packing', vital: false, check: async () => packer.state() }] : []),
    ];
    const clock = this.#clock;
    const { db } = records;
    const gateways = { register, registrar, presence, logins: uplink.logins };
    const api = { db, entries, receiver, live, clock, registry, ...gateways };
    const routes = [
      enrollingRoutes({
        ...{ config: this.#config, db, ...gateways, clock, logger: this.#logger },
        ...{ authority, certifies: uplink instanceof AedesDoor && this.#config.uplinkTlsPort !== undefined },
        ports: async () => {
          await this.secured();
          return this.ports;
        },
      }),
      ...apiRoutes({
        ...api,
        consoleDir: this.#config.consoleDir,
        queueRecord: stamping.queueRecord,
        dependencies,
      }),
      stamping.routes,
      series.routes,
      commandRoutes(commands, clock),
      pestRoutes(db, clock),
    ];
    const { host, httpPort: port, trustedProxies } = this.#config;
    const app = await buildApp({ accounts, logger: this.#logger, routes, trustedProxies });
    this.#closers.push(() => app.close());
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
  readonly live: LiveValues;
  readonly accounts: Accounts;
  readonly stamping: Stamping;
  readonly series: CloudSeries;
  readonly packer: Packer | undefined;
  readonly uplink: AedesDoor | NatsDoor;
  readonly commands: Commands;
  readonly register: GatewayRegister;
  readonly registrar: Registrar;
  readonly presence: Presence;
  readonly authority: CloudAuthority | undefined;
  readonly changeLog: ChangeLog;
}

interface UplinkParts {
  readonly db: Records['db'];
  readonly credentials: CredentialStore;
  readonly receiver: Receiver;
  readonly live: LiveValues;
  readonly commands: Commands;
  readonly register: GatewayRegister;
  readonly presence: Presence;
}

interface Ports {
  readonly http: number;
  readonly https: number | undefined;
  readonly uplink: number;
  readonly uplinkTls: number | undefined;
}
