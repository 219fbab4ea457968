import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeReadings, seriesTimeNs } from '@nongtin/broker/wire';
import { seriesDevice } from '../../cloud/series/lines.ts';
import { SeriesStores } from '../../cloud/series/stores.ts';
import { InfluxServer } from '../sides/influx.ts';
import { cpuSecondsOf, residentMiBOf } from '../sides/processes.ts';
import { SENSORS } from './farm.ts';

/** What cooperatives' readings cost an InfluxDB 1.x, a database for each. */
export interface DatabasesCost {
  readonly bytesPerReading: number;
  readonly cpuSecondsPer10kReadings: number;
  /** Resident, with a week that is written to. */
  readonly mibPerDatabase: number;
  /** More of it for each week that is over. */
  readonly mibPerOldWeek: number;
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const LINES_AT_ONCE = 5_000;
/** From the last write until the files are as they stay; compaction is told to begin after a second. */
const SETTLE_MS = 20_000;

export async function databasesCost(
  { databases, oldWeeks }: { databases: number; oldWeeks: number },
  say: (text: string) => void,
): Promise<DatabasesCost> {
  // As cold as after a day, at once.
  process.env.INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION = '1s';
  process.env.INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION = '1s';
  const influx = await InfluxServer.start();
  try {
    const stores = new SeriesStores({ url: influx.url, token: undefined, org: '', rawDays: 400 });
    const names = Array.from({ length: databases }, (_, n) => `coop${n}`);
    await delay(2_000);
    const idle = residentMiBOf(influx.pid);
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
    say(`a day of ${SENSORS} sensors a minute for each of ${databases} cooperatives`);
    const usedBefore = cpuSecondsOf(influx.pid);
    for (const name of names) await writeAll(stores, name, linesOf(name, today, 1_440));
    await delay(SETTLE_MS);
    const used = cpuSecondsOf(influx.pid) - usedBefore;
    const readings = databases * SENSORS * 1_440;
    const bytes = names.reduce((sum, name) => sum + sizeOf(influx.dataFolder(`nongtin_${name}`)), 0);
    const oneWeek = residentMiBOf(influx.pid);
    say(`${oldWeeks} weeks before it`);
    for (let week = 1; week <= oldWeeks; week++)
      for (const name of names) await writeAll(stores, name, linesOf(name, today - week * 7 * DAY_MS, 60));
    await delay(SETTLE_MS);
    const allWeeks = residentMiBOf(influx.pid);
    return {
      bytesPerReading: bytes / readings,
      cpuSecondsPer10kReadings: (used * 10_000) / readings,
      mibPerDatabase: (oneWeek - idle) / databases,
      mibPerOldWeek: (allWeeks - oneWeek) / databases / oldWeeks,
    };
  } finally {
    await influx.stop();
    delete process.env.INFLUXDB_DATA_CACHE_SNAPSHOT_WRITE_COLD_DURATION;
    delete process.env.INFLUXDB_DATA_COMPACT_FULL_WRITE_COLD_DURATION;
  }
}

async function writeAll(stores: SeriesStores, name: string, lines: readonly string[]): Promise<void> {
  const store = stores.of(name);
  for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
    const outcome = await store.write(Buffer.from(lines.slice(at, at + LINES_AT_ONCE).join('\n')));
    if (outcome.outcome !== 'accepted')
      throw new Error(`InfluxDB did not take it: ${JSON.stringify(outcome)}`);
  }
}

/** As the cloud writes them: values as slow as soil. */
function linesOf(name: string, fromMs: number, minutes: number): string[] {
  let running = 0;
  return Array.from({ length: minutes }, (_, minute) =>
    Array.from({ length: SENSORS }, (_, n) => {
      const value = 0.2 + (Math.floor(minute / 7 + n * 13) % 100) / 1_000;
      const atMs = fromMs + minute * MINUTE_MS + n * 1_200;
      const timeNs = seriesTimeNs(atMs, ++running);
      return encodeReadings([
        {
          ...({ metric: 'soil_moisture', channel: '', quality: 0 } as const),
          ...{ device: seriesDevice(`gw-${name}`, `probe-${n}`), value, receivedAtMs: atMs, timeNs },
        },
      ]);
    }),
  ).flat();
}

/** On the disk: InfluxDB sets files of its index aside in full size, with holes. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((bytes, entry) => bytes + 512 * statSync(join(entry.parentPath, entry.name)).blocks, 0);
}
