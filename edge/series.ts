import { join } from 'node:path';
import { type SeriesStore, sqliteSeries } from '@nongtin/series';
import type { Logger } from '@nongtin/service';
import { type ClockKeeper, LateDelivery } from './clock/index.ts';
import type { GatewayConfig } from './config.ts';
import {
  createSeriesDelivery,
  type DeadLetters,
  type DeliveredJournal,
  openDeadLetters,
  type SeriesDeliveryState,
} from './delivery/index.ts';
import type { OpenJournal } from './journal/index.ts';
import { offsetMinutes } from './profiles/index.ts';
import { createRollups, Retention, type RollupsState } from './rollups/index.ts';

interface SeriesOptions {
  readonly config: Pick<GatewayConfig, 'influxUrl' | 'influxToken' | 'influxOrg' | 'influxBucket'>;
  /** The gateway's folder. */
  readonly folder: string;
  /** Started. */
  readonly journal: OpenJournal;
  readonly keeper: ClockKeeper;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Where the farm's day begins, such as +07:00. */
  readonly zoneOffset?: string;
  /** Told of each part that runs, in the order of their starts. */
  readonly onStarted: (started: { part: string; stop: () => unknown }) => void;
}

interface RunningSeries {
  readonly store: SeriesStore;
  readonly series: () => SeriesDeliveryState & { readonly rollups: RollupsState };
  readonly deadLetters: DeadLetters;
}

/** Entries behind which rollups leave the store to the delivery. */
const BUSY_ENTRIES = 20;

/**
 * Starts what brings the journal's readings into the series store and keeps it in shape there. A store that is away does
 * not hold up the gateway: the cursors wait.
 */
export async function startSeries(options: SeriesOptions): Promise<RunningSeries> {
  const { config, folder, journal, keeper, clock, logger, zoneOffset = '+07:00', onStarted } = options;
  const store = await chooseStore(config, folder);
  await store.start();
  onStarted({ part: 'series', stop: () => store.stop() });
  const deadLetters = openDeadLetters({ path: join(folder, 'dead-letters.sqlite'), store, logger, clock });
  onStarted({ part: 'dead letters', stop: () => deadLetters.close() });
  const shared = { store, logger, clock, deadLetters, dating: keeper.dating };
  const delivery = createSeriesDelivery({ journal, ...shared });
  await delivery.start();
  onStarted({ part: 'delivery', stop: () => delivery.stop() });
  // What was dated counts as delivered from then on: it has to be on the disk.
  const deliver = (held: DeliveredJournal) =>
    createSeriesDelivery({ journal: held, flushEveryMs: 0, ...shared });
  const late = new LateDelivery({
    ...{ journal, keeper, deliver, logger },
    deliveredUpTo: () => delivery.deliveredUpTo(),
  });
  late.start();
  onStarted({ part: 'late delivery', stop: () => late.stop() });
  const rollups = createRollups({
    ...{ store, clock, logger, dating: keeper.dating },
    journal: {
      read: (afterNumber, limit) => journal.read(afterNumber, limit),
      cursor: (name) => delivery.cursors.cursor(name),
      moveCursor: (name, number) => delivery.cursors.moveCursor(name, number),
      isStale: (name) => delivery.cursors.isStale(name),
    },
    // What is dated at the moment must be in the store before its clock record is dealt with.
    deliveredUpTo: () => (keeper.isDelivering() ? 0 : delivery.deliveredUpTo()),
    isBusy: () => delivery.state().behindEntries > BUSY_ENTRIES,
    zoneOffsetMs: offsetMinutes(zoneOffset) * 60_000,
  });
  await rollups.start();
  onStarted({ part: 'rollups', stop: () => rollups.stop() });
  const retention = new Retention({
    ...{ store, clock, logger },
    rolledUpToMs: () => rollups.state().rolledUpToMs ?? Number.NEGATIVE_INFINITY,
    isClockTrusted: () => keeper.state().trusted,
  });
  retention.start();
  onStarted({ part: 'retention', stop: () => retention.stop() });
  return { store, series: () => ({ ...delivery.state(), rollups: rollups.state() }), deadLetters };
}

async function chooseStore(config: SeriesOptions['config'], folder: string): Promise<SeriesStore> {
  const { influxUrl, influxToken, influxOrg, influxBucket } = config;
  if (influxUrl === undefined) return sqliteSeries({ path: join(folder, 'series.sqlite') });
  // Only who has an InfluxDB carries its clients.
  const { influx1Series, influx2Series } = await import('@nongtin/series/influx');
  if (influxToken === undefined) return influx1Series({ url: influxUrl, database: influxBucket });
  return influx2Series({ url: influxUrl, org: influxOrg, bucket: influxBucket, token: influxToken });
}
