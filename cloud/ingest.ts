import { explainProblem, type Logger, type Service, StartProblem } from '@nongtin/service';
import { fastify } from 'fastify';
import { sql } from 'kysely';
import { healthRoutes } from './api/health.ts';
import { Commands } from './commands/index.ts';
import type { CloudConfig } from './config.ts';
import { createMetrics } from './metrics.ts';
import { Neighbours } from './pests/neighbours.ts';
import { openRecords } from './records/index.ts';
import { type CloudSeries, openCloudSeries } from './series/index.ts';
import { registerPackerMetrics } from './uplink/archive/metrics.ts';
import type { Packer } from './uplink/archive/packer.ts';
import type { UplinkDoor } from './uplink/door.ts';
import type { EntryStore } from './uplink/entry-store.ts';
import type { LiveValues } from './uplink/live.ts';
import { NatsDoor } from './uplink/nats/nats-door.ts';
import { entryStoreOf, openPipeline, packerOf, takersOf } from './uplink/pipeline.ts';
import type { Receiver } from './uplink/receiver.ts';

/** How often it looks for entries that a worker stored and did not live to project. */
const SWEEP_MS = 60_000;

/**
 * One worker of many: takes gateways' entries from NATS, makes them durable, answers, and makes rows of them. Any number
 * runs on any number of machines; each needs the database, the archive and the worker's credentials, and no other file.
 */
export class Ingest implements Service {
  readonly #config: CloudConfig;
  readonly #logger: Logger;
  readonly #clock: { nowMs(): number };
  readonly #closers: (() => unknown)[] = [];

  constructor(config: CloudConfig, logger: Logger, clock: { nowMs(): number }) {
    this.#config = config;
    this.#logger = logger;
    this.#clock = clock;
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
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.#logger.error({ err: error }, 'a part did not close');
      }
    }
  }

  async #start(): Promise<void> {
    const { dataDir, databaseUrl, nats } = this.#config;
    if (nats === undefined || databaseUrl === undefined)
      throw new StartProblem(
        'A worker takes entries from NATS: set NONGTIN_NATS_URL and NONGTIN_DATABASE_URL.',
      );
    const [logger, clock] = [this.#logger, this.#clock];
    const records = openRecords({ dataDir, databaseUrl, logger });
    this.#closers.push(() => records.stop());
    await records.start();
    const entries = entryStoreOf(this.#config, records);
    this.#closers.push(() => entries.close());
    await entries.open();
    const { db } = records;
    const series = openCloudSeries({ db, entries, influx: this.#config.influx, clock, logger });
    this.#closers.push(() => series.writer?.stop());
    const { receiver, projector, live } = openPipeline({
      ...{ db, entries, clock, logger, shared: true },
      onProjected: (gateway) => series.writer?.wake(gateway),
    });
    this.#closers.push(() => projector.stop());
    await projector.start();
    await series.writer?.start();
    this.#sweep(() => projector.start());
    const packer = packerOf(this.#config, { db, clock, logger });
    this.#closers.push(() => packer?.stop());
    packer?.start();
    const commands = new Commands({ db, clock, logger, shared: true });
    const neighbours = new Neighbours({ db, clock, logger });
    const send: UplinkDoor['send'] = (...message) => door.send(...message);
    const takers = takersOf({ receiver, live, commands, neighbours, clock, send });
    const door = new NatsDoor({ ...nats, db, clock, logger, takers });
    this.#closers.push(() => commands.stop());
    commands.start((gateway, command) => send(gateway, 'gatewayCommand', command));
    await this.#openHealth({ entries, receiver, live, series, packer, door, db });
    this.#closers.push(() => door.stop());
    await door.start();
  }

  #sweep(look: () => Promise<void>): void {
    const timer = setInterval(() => {
      look().catch((error: unknown) => this.#logger.warn({ err: error }, 'no look at what waits'));
    }, SWEEP_MS);
    this.#closers.push(() => clearInterval(timer));
  }

  async #openHealth({ entries, receiver, live, series, packer, door, db }: HealthParts): Promise<void> {
    const { host, ingestPort: port } = this.#config;
    if (port === undefined) return;
    const dependencies = [
      { name: 'records', vital: true, check: () => sql`select 1`.execute(db).then(() => 'ok') },
      { name: 'entries', vital: true, check: () => entries.check().then(() => 'ok') },
      { name: 'nats', vital: true, check: () => door.check().then(() => 'ok') },
      ...(packer ? [{ name: 'packing', vital: false, check: async () => packer.state() }] : []),
    ];
    const app = fastify({ forceCloseConnections: true });
    const registry = createMetrics({ entries, receiver, live });
    series.register(registry);
    if (packer) registerPackerMetrics(registry, packer);
    await app.register(async (scope) => healthRoutes(dependencies, registry)(scope));
    this.#closers.push(() => app.close());
    try {
      await app.listen({ host, port });
    } catch (error) {
      throw explainProblem(error, { port, portVariable: 'NONGTIN_INGEST_PORT' });
    }
  }
}

interface HealthParts {
  readonly entries: EntryStore;
  readonly receiver: Receiver;
  readonly live: LiveValues;
  readonly series: CloudSeries;
  readonly packer: Packer | undefined;
  readonly door: NatsDoor;
  readonly db: ReturnType<typeof openRecords>['db'];
}
