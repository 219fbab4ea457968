import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeReadings, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import { type SeriesStore, sqliteSeries } from '@nongtin/series';
import { influx1Series, startInfluxd } from '@nongtin/series/influx';
import { freePorts } from '@nongtin/service';
import { type Benchmark, type Figure, figureOf, type Measurement } from './result.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SERIES = 8;
const POINTS = 500;
const LINES_A_WRITE = 10_000;
/** The first ones find cold caches, and an InfluxDB that still tidies up what was written. */
const WARM_UP = 3;
const YEARS = 5;
/** In the years' range the days' rows answer, however many readings they were made of. */
const YEARS_STEP_MS = 30 * MINUTE_MS;

/**
 * The chart query: 30 days of minute data, 8 series, 500 points each, asked at once as a page does; on SQLite and on a
 * real InfluxDB 1.x, with rollups and from the readings alone. Five years on SQLite beside it.
 */
export const chart: Benchmark = {
  name: 'chart',
  run: async ({ quick, say }) => {
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-chart-'));
    try {
      return await measure(folder, quick, say);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(folder: string, quick: boolean, say: (text: string) => void): Promise<Measurement> {
  const runs = quick ? 7 : 25;
  const figures: Record<string, Figure> = {};
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const month = { fromMs: toMs - 30 * DAY_MS, toMs, stepMs: MINUTE_MS };
  const sqlite = sqliteSeries({ path: join(folder, 'month.sqlite') });
  await withStore(sqlite, async () => {
    await fill(sqlite, month, say);
    figures.chartQueryRawMsSqlite = await timed(sqlite, month, runs);
    await rollUp(sqlite, month, '5m');
    figures.chartQueryMsSqlite = await timed(sqlite, month, runs);
  });
  if (spawnSync('influxd', ['version']).status === 0) {
    const [httpPort = 0, rpcPort = 0] = await freePorts(2);
    const influxd = await startInfluxd({ dir: join(folder, 'influxd'), httpPort, rpcPort });
    const influx = influx1Series({ url: influxd.url, database: 'bench' });
    try {
      await withStore(influx, async () => {
        await fill(influx, month, say);
        figures.chartQueryRawMsInfluxdb = await timed(influx, month, runs);
        await rollUp(influx, month, '5m');
        figures.chartQueryMsInfluxdb = await timed(influx, month, runs);
      });
    } finally {
      await influxd.stop();
    }
  }
  if (!quick) figures.chartYearsMsSqlite = await years(folder, toMs, runs, say);
  const targets = ['chartQueryMsSqlite', 'chartQueryMsInfluxdb'].map(
    (figure) => ({ figure, comparator: '<', target: 100 }) as const,
  );
  const yearsTarget = { figure: 'chartYearsMsSqlite', comparator: '<', target: 500 } as const;
  return { runs, figures, targets: [...targets, yearsTarget] };
}

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
  /** Between two readings. */
  readonly stepMs: number;
}

async function years(
  folder: string,
  toMs: number,
  runs: number,
  say: (text: string) => void,
): Promise<Figure> {
  const range = { fromMs: toMs - YEARS * 365 * DAY_MS, toMs, stepMs: YEARS_STEP_MS };
  const store = sqliteSeries({ path: join(folder, 'years.sqlite') });
  return withStore(store, async () => {
    await fill(store, range, say);
    await rollUp(store, range, '5m');
    await rollUp(store, range, '1d');
    return timed(store, range, runs);
  });
}

async function withStore<Value>(store: SeriesStore, work: () => Promise<Value>): Promise<Value> {
  await store.start();
  try {
    return await work();
  } finally {
    await store.stop();
  }
}

async function fill(store: SeriesStore, { fromMs, toMs, stepMs }: Range, say: (text: string) => void) {
  let batch: Reading[] = [];
  let number = 0;
  const flush = async () => {
    const outcome = await store.write(encodeReadings(batch));
    if (outcome.outcome !== 'accepted')
      throw new Error(`${store.name} does not take readings: ${outcome.reason}`);
    batch = [];
  };
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) {
    for (let index = 0; index < SERIES; index += 1) batch.push(readingAt(atMs, index, number++));
    if (batch.length >= LINES_A_WRITE) await flush();
  }
  if (batch.length > 0) await flush();
  say(`${store.name}: ${number} readings in ${SERIES} series`);
}

function readingAt(atMs: number, index: number, number: number): Reading {
  const value = Math.round((0.3 + 0.1 * Math.sin(atMs / DAY_MS + index)) * 1e4) / 1e4;
  return {
    ...{ metric: 'soil_moisture', device: `soil-${index}`, channel: '', value, quality: 0 },
    ...{ receivedAtMs: atMs, timeNs: seriesTimeNs(atMs, number) },
  };
}

async function rollUp(store: SeriesStore, { fromMs, toMs }: Range, tier: '5m' | '1d'): Promise<void> {
  for (let at = fromMs; at < toMs; at += 30 * DAY_MS) {
    const span = { fromMs: at, toMs: Math.min(at + 30 * DAY_MS, toMs), zoneOffsetMs: 0 };
    const outcome = await store.rollups.recompute({ tier, ...span });
    if (outcome.outcome !== 'accepted')
      throw new Error(`${store.name} computes no rollups: ${outcome.reason}`);
  }
  // As it is in daily use: the newest minutes are not rolled up yet, nor is the newest day.
  store.rollups.mark({
    ...{ rawFromMs: fromMs, fiveMinutesFromMs: fromMs, zoneOffsetMs: 0 },
    ...{ fiveMinutesToMs: toMs - 10 * MINUTE_MS, daysToMs: tier === '1d' ? toMs - DAY_MS : 0 },
  });
}

/** Milliseconds until all series have answered. */
async function timed(store: SeriesStore, { fromMs, toMs }: Range, runs: number): Promise<Figure> {
  const spent: number[] = [];
  for (let run = -WARM_UP; run < runs; run += 1) {
    const began = performance.now();
    const answers = await Promise.all(
      Array.from({ length: SERIES }, (_, index) =>
        store.query({
          ...{ metric: 'soil_moisture', device: `soil-${index}`, fromMs, toMs },
          ...{ maxPoints: POINTS, aggregate: 'mean' },
        }),
      ),
    );
    if (run >= 0) spent.push(performance.now() - began);
    if (answers.some(({ length }) => length < POINTS / 2)) throw new Error('a chart came out nearly empty');
  }
  return figureOf(spent, 'ms');
}
