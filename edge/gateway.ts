import { join } from 'node:path';
import { type Accounts, type DemoSecrets, demoSecrets, earlierDemoSecrets } from '@nongtin/accounts';
import {
  type CredentialStore,
  type FarmBroker,
  openCredentials,
  registerBrokerMetrics,
  seedCredentials,
  withdrawCredentials,
} from '@nongtin/broker';
import { explainProblem, type Logger, type Service } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { sourceName } from './alarms/equipment.ts';
import { buildApp } from './api/app.ts';
import type { ApiParts } from './api/parts.ts';
import { statusView } from './api/status.ts';
import { readCaFile } from './ca-file.ts';
import { ClockKeeper, GatewayClock, type SystemClock, thisMachine } from './clock/index.ts';
import { type Codecs, createCodecs } from './codecs/index.ts';
import type { GatewayConfig } from './config.ts';
import { LocalDoor } from './control/local-door.ts';
import { type Core, createCore } from './core.ts';
import { CloudLink, type CloudLinkOptions } from './enrolment/cloud-link.ts';
import { assumeDemo } from './farm/demo-assumed.ts';
import type { Farm } from './farm/layout.ts';
import { farmPath, openFarm } from './farm/open.ts';
import { knownNames } from './farm/places.ts';
import { openFarmBroker } from './farm-broker.ts';
import { Found } from './found/found.ts';
import { HttpsDoor } from './https-door.ts';
import { SeriesMemory } from './ingest/index.ts';
import { checkWatering } from './irrigation/planning/check-watering.ts';
import { openLibrary } from './irrigation/planning/open-library.ts';
import { systemTimers } from './irrigation/timers.ts';
import { type OpenJournal, openJournal, unlessTroubled, watchJournal } from './journal/index.ts';
import { lockDataFolder } from './lock.ts';
import { openNeighbours } from './neighbours/neighbours.ts';
import { NotificationOffice } from './notifications/office.ts';
import { openAccounts } from './open-accounts.ts';
import { recordOpening } from './opening.ts';
import manifest from './package.json' with { type: 'json' };
import { openPests } from './pest/library.ts';
import { checkPests } from './pest/trap-schema.ts';
import { createProfiles, fileMemory, type ProfileMemory } from './profiles/index.ts';
import { CommandChannel } from './remote/channel.ts';
import { startSeries } from './series.ts';

const STATUS_EVERY_MS = 1_000;

interface CloudLinkParts extends Pick<CloudLinkOptions, 'demo' | 'onEnrolled' | 'neighbours'> {
  readonly journal: OpenJournal;
  readonly keeper: ClockKeeper;
}

/**
 * The gateway. What flows where, and in which order things start, so that nothing arrives with nowhere to go:
 *
 *   5 broker ── message ──► ingest ──────► 1 journal ── the entry is on the disk ──► PUBACK
 *        │ valve report       │ readings       │ cursor 'series:…'       │ cursor 'uplink'
 *        ▼                    ▼                ▼                         ▼
 *   3 irrigation ◄───────── live           2 delivery ─► series      3 uplink ─► the cloud
 *        │  │ intents, runs, alarms ─► journal    SQLite | InfluxDB
 *        │  └─ zones, runs, alarms ─► events ─► 4 api ─► pages
 *        └ commands ─► broker
 *
 * It stops the other way round, with one exception: valves are closed while the broker still carries the commands.
 */
export class Gateway implements Service {
  readonly #config: GatewayConfig;
  readonly #logger: Logger;
  readonly #clock: GatewayClock;
  readonly #folder: string;
  #https: HttpsDoor | undefined;
  readonly #stops: { readonly part: string; readonly stop: () => unknown }[] = [];
  readonly #commands = new CommandChannel();
  #ports = { mqttPort: 0, httpPort: 0 };
  #messages = () => 0;

  constructor(config: GatewayConfig, logger: Logger, clock: SystemClock) {
    this.#config = config;
    this.#logger = logger;
    this.#clock = new GatewayClock(clock);
    this.#folder = join(config.dataDir, 'gateway');
  }

  /** The ports it listens on, once started. */
  get ports(): { readonly mqttPort: number; readonly httpPort: number } {
    return this.#ports;
  }

  /** How many messages have come since it started. */
  get messages(): number {
    return this.#messages();
  }

  async start(): Promise<void> {
    try {
      await this.#startAll();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (const { part, stop } of this.#stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#logger.error({ err: error, part }, 'did not stop cleanly');
      }
    }
  }

  async #startAll(): Promise<void> {
    const release = lockDataFolder(this.#folder);
    this.#stops.push({ part: 'lock', stop: release });
    const library = openLibrary(this.#folder);
    const farm = openFarm(this.#folder, this.#config.demo);
    checkWatering(farm, {
      ...{ path: farmPath(this.#folder), usedPath: join(this.#folder, 'uptime.json'), library },
      ...{ nowMs: this.#clock.nowMs(), hasForecast: this.#config.forecastSource !== undefined },
    });
    const pestLibrary = openPests(this.#folder);
    checkPests(farm, pestLibrary, farmPath(this.#folder));
    const secrets = this.#config.demo ? demoSecrets(this.#config.dataDir) : undefined;
    const credentials = openCredentials({ path: join(this.#folder, 'credentials.json') });
    const withdrawn = secrets ? undefined : earlierDemoSecrets(this.#config.dataDir);
    if (secrets) seedCredentials(credentials, secrets.devices);
    if (withdrawn) withdrawCredentials(credentials, withdrawn.devices);
    const journal = await this.#startJournal();
    const keeper = await this.#startClock(journal);
    const opening = () => {
      const { id: gateway, publicKey, softwareVersion } = identity;
      return { atMs: this.#clock.nowMs(), gateway, publicKey, softwareVersion };
    };
    // Who signs from here on is told again, by the gateway's new name.
    const onEnrolled = () => journal.appendRecord({ kind: 'boot', ...opening() });
    let laidOut = () => farm;
    let neighboursChanged = () => {};
    const neighbours = openNeighbours(this.#folder, {
      onChanged: () => neighboursChanged(),
      ...{ place: () => laidOut().location, clock: this.#clock, timers: systemTimers, logger: this.#logger },
    });
    const cloud = this.#openCloudLink({ journal, keeper, onEnrolled, neighbours, demo: secrets?.uplink });
    const identity = {
      // It changes when the gateway is enrolled.
      get id() {
        return cloud.gateway ?? 'gw-local';
      },
      publicKey: journal.publicKeyHex,
      softwareVersion: manifest.version,
      demo: this.#config.demo,
      speed: this.#config.speed,
    };
    await recordOpening(journal, farm, opening());
    const { store, series, deadLetters } = await startSeries({
      ...{ journal, keeper, config: this.#config, folder: this.#folder },
      ...{ clock: this.#clock, logger: this.#logger, onStarted: (started) => this.#stops.push(started) },
    });
    await cloud.start();
    this.#stops.push({ part: 'uplink', stop: () => cloud.stop() });

    /** Undefined when the start has failed before: then there is nobody who could hear. */
    const ready = Promise.withResolvers<FarmBroker | undefined>();
    let listening: FarmBroker | undefined;
    const publish = async (topic: string, payload: string) =>
      (listening ?? (await ready.promise))?.publish(topic, payload, { atOnce: true });
    const { speed } = this.#config;
    const found = this.#openFound(farm, credentials);
    const profiles = createProfiles(this.#openMemory(), this.#startCodecs(), (device, family) =>
      found.onAnnounced(device, family),
    );
    const { hook, ...core } = createCore({
      ...{ farm, journal, profiles, speed, publish, clock: this.#clock, logger: this.#logger },
      ...{ farmPath: farmPath(this.#folder), demo: this.#config.demo },
      ...{ seriesMemory: this.#openSeriesMemory(), found },
      neighbours: () => neighbours.list(),
      ...{ library, pestLibrary, forecastSource: this.#config.forecastSource },
      ...{ commands: this.#commands, remoteCommands: this.#config.remoteCommands },
    });
    this.#messages = () => core.ingest.counters().messages;
    laidOut = () => core.layout.farm;
    neighboursChanged = () => core.pests.changed();
    await core.alarms.start();
    watchJournal(journal, core.alarms);
    await core.mappings.start();
    await core.cropProtection.start();
    await core.wetTests.start();
    this.#stops.push({ part: 'diary', stop: () => core.diary.stop() });
    await core.diary.start();
    if (this.#config.demo)
      await unlessTroubled(journal, assumeDemo(farm, { ...core, journal }, this.#clock.nowMs()));
    keeper.watch(core.alarms);
    await core.remote.start();
    cloud.watch(core.alarms);
    await core.startWatering();
    cloud.attach(core);
    // For a start that fails before the broker is up; else it has stopped before it comes to this.
    const stopUnheard = () => {
      ready.resolve(undefined);
      return core.stopWatering();
    };
    this.#stops.push({ part: 'irrigation', stop: stopUnheard });
    this.#stops.push({ part: 'live', stop: () => core.live.flush() });

    const { broker, furtherDoors, doors } = openFarmBroker({
      ...{ config: this.#config, folder: this.#folder, credentials, hook },
      ...{ alarms: core.alarms, clock: this.#clock, logger: this.#logger },
    });
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    registerBrokerMetrics(broker, registry);
    const accounts = await this.#startAccounts(secrets, withdrawn);
    const httpPort = await this.#startApi({
      ...core,
      notifications: await this.#startNotifications(core, journal),
      ...{ identity, journal, store, series, deadLetters, profiles },
      ...{ uplink: cloud, cloud, neighbours, broker, doors, credentials, accounts, registry },
      authority: () => this.#https?.authority ?? null,
      counters: () => core.ingest.counters(),
      dashboardDir: this.#config.dashboardDir,
      clock: this.#clock,
      keeper,
      logger: this.#logger,
    });

    await broker.start();
    this.#stops.push({ part: 'broker', stop: () => broker.stop() });
    furtherDoors.start();
    this.#stops.push({ part: 'further doors', stop: () => furtherDoors.stop() });
    listening = broker;
    ready.resolve(broker);
    this.#stops.push({ part: 'irrigation', stop: () => core.irrigation.stop() });
    this.#stops.push({ part: 'fertigation', stop: () => core.fertigation.stop() });
    this.#commands.open(core.remote);
    this.#stops.push({ part: 'commands', stop: () => this.#commands.close() });
    this.#stops.push({ part: 'remote', stop: () => core.remote.stop() });
    this.#ports = { mqttPort: broker.port, httpPort };
    this.#logger.info({ ...this.#ports, store: store.name }, 'the gateway listens');
  }

  async #startJournal(): Promise<OpenJournal> {
    const journal = openJournal({
      path: join(this.#folder, 'journal.sqlite'),
      keyPath: join(this.#folder, 'key.pem'),
      clock: this.#clock,
      logger: this.#logger,
      profile: this.#config.journalProfile,
      limits: { maxBytes: this.#config.journalMaxMiB * 1024 * 1024 },
    });
    await journal.start();
    this.#stops.push({ part: 'journal', stop: () => journal.stop() });
    return journal;
  }

  async #startClock(journal: OpenJournal): Promise<ClockKeeper> {
    const keeper = new ClockKeeper({
      ...{ clock: this.#clock, machine: thisMachine, setting: this.#config.clock, logger: this.#logger },
      path: join(this.#folder, 'clock.json'),
    });
    await keeper.begin(journal);
    this.#stops.push({ part: 'clock', stop: () => keeper.stop() });
    return keeper;
  }

  #startCodecs(): Codecs {
    const folder = join(this.#folder, 'codecs');
    const codecs = createCodecs({ folder, logger: this.#logger, clock: this.#clock });
    codecs.start();
    this.#stops.push({ part: 'codecs', stop: () => codecs.stop() });
    return codecs;
  }

  #openSeriesMemory(): SeriesMemory {
    const memory = new SeriesMemory({
      path: join(this.#folder, 'quality.json'),
      onError: (error) => this.#logger.warn({ err: error }, 'what quality knew of the series is lost'),
    });
    memory.start();
    this.#stops.push({ part: 'series memory', stop: () => memory.stop() });
    return memory;
  }

  #openFound(farm: Farm, credentials: CredentialStore): Found {
    const found = new Found({
      ...{ path: join(this.#folder, 'found.json'), clock: this.#clock, placed: knownNames(farm) },
      isBridge: (id) => credentials.list().some((known) => known.id === id && known.role === 'bridge'),
      onError: (error) => this.#logger.warn({ err: error }, 'the list of found devices is lost'),
    });
    found.start();
    this.#stops.push({ part: 'found devices', stop: () => found.stop() });
    return found;
  }

  #openMemory(): ProfileMemory {
    const memory = fileMemory(join(this.#folder, 'profiles.json'), (error) =>
      this.#logger.error({ err: error }, 'what was learned of devices could not be saved'),
    );
    this.#stops.push({ part: 'profiles', stop: () => memory.stop() });
    return memory;
  }

  #openCloudLink({ keeper, ...parts }: CloudLinkParts): CloudLink {
    const { uplinkUrl, uplinkCaFile } = this.#config;
    return new CloudLink({
      ...{ ...parts, folder: this.#folder, keyPath: join(this.#folder, 'key.pem') },
      ...{ uplinkUrl, uplinkCa: readCaFile(uplinkCaFile, 'NONGTIN_UPLINK_CA') },
      ...{ clock: this.#clock, logger: this.#logger },
      commands: this.#commands,
      timeFrom: (url) => keeper.timeFrom(url),
    });
  }

  async #startAccounts(secrets?: DemoSecrets, withdrawn?: DemoSecrets): Promise<Accounts> {
    const opened = await openAccounts(this.#folder, { secrets, withdrawn, logger: this.#logger });
    this.#stops.push({ part: 'accounts', stop: opened.close });
    return opened.accounts;
  }

  async #startNotifications(core: Omit<Core, 'hook'>, journal: OpenJournal): Promise<NotificationOffice> {
    const { messagesDir: messagesFolder, notificationSecrets: secrets } = this.#config;
    const notifications = new NotificationOffice({
      ...{ folder: this.#folder, messagesFolder, secrets, journal, feed: core.alarms },
      ...{ alarms: core.alarms, nameOf: (source) => sourceName(core.layout.farm, source) },
      ...{ farm: () => core.layout.farm, clock: this.#clock, timers: systemTimers, logger: this.#logger },
    });
    await notifications.start();
    this.#stops.push({ part: 'notifications', stop: () => notifications.stop() });
    return notifications;
  }

  /** Without it the gateway does all but listen to commands on this machine. */
  async #openLocalDoor(app: FastifyInstance): Promise<void> {
    const door = new LocalDoor(this.#config.dataDir, (request, response) => app.routing(request, response));
    try {
      await door.open();
      this.#stops.push({ part: 'local door', stop: () => door.close() });
    } catch (error) {
      this.#logger.warn({ err: error }, 'no commands on this machine');
    }
  }

  /** With the certificate of the farm's MQTT, whose authority phones and devices are given alike. */
  #openHttps(app: FastifyInstance): void {
    const { host, httpsPort: port, tlsNames: names, tlsFiles: given } = this.#config;
    const door = new HttpsDoor({
      ...{ host, port, names, given, folder: join(this.#folder, 'tls') },
      ...{ clock: this.#clock, logger: this.#logger },
      answer: (request, response) => app.routing(request, response),
    });
    this.#https = door;
    door.start();
    this.#stops.push({ part: 'https', stop: () => door.stop() });
  }

  async #startApi(parts: ApiParts): Promise<number> {
    const { host, httpPort: port } = this.#config;
    const app = await buildApp(parts);
    this.#stops.push({ part: 'api', stop: () => app.close() });
    try {
      await app.listen({ host, port });
    } catch (error) {
      throw explainProblem(error, { port, portVariable: 'NONGTIN_GATEWAY_PORT' });
    }
    await this.#openLocalDoor(app);
    this.#openHttps(app);
    let last = '';
    const timer = setInterval(() => {
      if (parts.hub.listeners === 0) return;
      const status = statusView(parts);
      const text = JSON.stringify(status);
      if (text !== last) parts.hub.publish('status', status);
      last = text;
    }, STATUS_EVERY_MS);
    this.#stops.push({ part: 'status', stop: () => clearInterval(timer) });
    const address = app.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }
}
