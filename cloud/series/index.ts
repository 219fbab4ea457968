import type { Logger } from '@nongtin/service';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Schema } from '../records/index.ts';
import type { EntryStore } from '../uplink/entry-store.ts';
import { seriesRoutes } from './routes.ts';
import { SeriesWriter } from './series-writer.ts';
import { SeriesStores, type SeriesStoresOptions } from './stores.ts';

export interface CloudSeriesOptions {
  readonly db: Kysely<Schema>;
  readonly entries: EntryStore;
  /** Undefined: this cloud keeps no series. */
  readonly influx: SeriesStoresOptions | undefined;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** Readings in InfluxDB, a database a cooperative: what writes them, and what answers from them. */
export interface CloudSeries {
  readonly writer: SeriesWriter | undefined;
  readonly routes: (app: FastifyInstance) => void;
  register(registry: Registry): void;
}

export function openCloudSeries(options: CloudSeriesOptions): CloudSeries {
  const { db, entries, influx, clock, logger } = options;
  const stores = influx && new SeriesStores(influx);
  const writer = stores && new SeriesWriter({ db, entries, stores, logger });
  return {
    writer,
    routes: seriesRoutes({ db, stores, clock }),
    register: (registry) => writer && registerSeriesMetrics(writer, registry),
  };
}

function registerSeriesMetrics(writer: SeriesWriter, registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: 'nongtin_series_lines_total',
    help: 'Readings written to the series since the start, by outcome',
    labelNames: ['outcome'],
    registers,
    collect() {
      const { lines, refused } = writer.figures();
      this.reset();
      this.inc({ outcome: 'written' }, lines - refused);
      this.inc({ outcome: 'refused' }, refused);
    },
  });
  new Gauge({
    name: 'nongtin_series_waiting_gateways',
    help: 'Gateways whose store of series takes nothing at the moment',
    registers,
    collect() {
      this.set(writer.figures().waiting);
    },
  });
}
