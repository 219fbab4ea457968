import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, entryHash } from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openRecords, type Records, type Schema } from '../records/index.ts';
import { FailFrom } from '../testing/fault.ts';
import { harvest, layout, run, TestGateway } from '../testing/gateway.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { seasonOf } from '../traceability/season.ts';
import { Projector } from './projector.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

const logger = pino({ level: 'silent' });
const dataDir = await recordsFolder('nongtin-projector-');
const tables = [
  ...['projection_cursors', 'plots', 'zones', 'devices', 'irrigation_runs', 'harvests', 'alarms'],
  ...['reading_days', 'unprojected_entries'],
] as (keyof Schema)[];
const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 1, 9);
let records: Records;
let entries: SqliteEntryStore;

beforeAll(async () => {
  records = openRecords({ dataDir, logger });
  await records.start();
});
afterAll(async () => {
  await records.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

let files = 0;
beforeEach(async () => {
  for (const table of tables) await records.db.deleteFrom(table).execute();
  entries = new SqliteEntryStore(join(dataDir, `entries-${++files}.sqlite`));
  await entries.open();
});

/** What of its journal is not stored yet. */
async function store(gateway: TestGateway): Promise<void> {
  const after = await entries.head(gateway.id);
  const more = gateway.journal.filter(({ number }) => number > (after?.number ?? 0));
  const journal = more.map((entry) => ({ ...entry, hash: entryHash(entry, entry.payload) }));
  await entries.append(gateway.id, journal, { after, receivedAtMs: 0 });
}

function projectorOn(db: Kysely<Schema>, batchSize: number): Projector {
  return new Projector({
    ...{ db, entries, logger, batchSize },
    seasonOf: async (gateway, entry, record) =>
      canonicalJson(await seasonOf({ db, entries }, gateway, entry, record)),
  });
}

async function projectAll(batchSize = 3): Promise<void> {
  const projector = projectorOn(records.db, batchSize);
  await projector.start();
  await projector.idle();
}

async function allRows(): Promise<unknown> {
  const rows = await Promise.all(
    tables.map(async (table) => [table, await records.db.selectFrom(table).selectAll().execute()]),
  );
  return Object.fromEntries(
    rows.map(([table, list]) => [table, (list as object[]).map((row) => JSON.stringify(row)).sort()]),
  );
}

/** A season of two plots: a layout, readings of three days, runs, an alarm, rubbish, a harvest. */
function season(): TestGateway {
  const gateway = new TestGateway('gw-1');
  gateway.record(layout);
  for (let hour = 0; hour < 60; hour += 6) {
    const at = START + hour * 3_600_000;
    gateway.readings(
      gateway.reading('soil-a1', 'soil_moisture', 0.2 + hour / 1000, at),
      gateway.reading('soil-b1', 'soil_moisture', 0.4, at),
      gateway.reading('weather', 'air_temperature', 25.1 + (hour % 24) / 10, at),
      gateway.reading('weather', 'rain', hour < 30 ? hour * 0.1 : (hour - 30) * 0.2, at),
      gateway.reading('soil-a1', 'soil_moisture', 9, at, 1),
    );
    gateway.record(run(`run-${hour}`, 'a1', at, hour === 12 ? null : 10.1));
  }
  gateway.append('{"kind":"unheard of"}');
  gateway.record(harvest('h-1', 'a', START + 6 * 3_600_000, START + 2 * DAY));
  gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.5, START + 2 * DAY));
  return gateway;
}

it('makes the same rows whichever statement the process dies at', async () => {
  const gateway = season();
  await store(gateway);
  const whole = new FailFrom(Number.POSITIVE_INFINITY);
  const first = projectorOn(records.db.withPlugin(whole), 7);
  await first.start();
  await first.idle();
  const expected = await allRows();
  for (let at = 1; at <= whole.statements; at += 3) {
    for (const table of tables) await records.db.deleteFrom(table).execute();
    const dying = projectorOn(records.db.withPlugin(new FailFrom(at)), 7);
    await dying.start().catch(() => {});
    await dying.stop();
    await projectAll(7);
    expect(await allRows(), `died at statement ${at}`).toEqual(expected);
  }
}, 60_000);

it('makes the same rows whatever number of entries goes into one transaction', async () => {
  const gateway = season();
  await store(gateway);
  await projectAll(1);
  const expected = await allRows();
  for (const size of [2, 5, 100]) {
    for (const table of tables) await records.db.deleteFrom(table).execute();
    await projectAll(size);
    expect(await allRows(), `${size} entries`).toEqual(expected);
  }
});

it('stores and reads what the diary and the guard tell, and passes over nothing of it', async () => {
  const gateway = new TestGateway('gw-1');
  gateway.record(layout);
  const id = '00000000-0000-4000-8000-000000000001';
  gateway.record({
    ...{ kind: 'diary_revision', atMs: START },
    revision: {
      ...{ revisionId: id, entryId: id, entryKind: 'spraying', madeOn: [], author: 'x', phoneAtMs: 0 },
      ...{ set: { date: '2026-03-01', plot: 'a', product: 'X' }, attach: [], detach: [] },
    },
  });
  gateway.record({
    ...{ kind: 'spray', sprayId: id, isFromDiary: true, revision: 1, state: 'standing', atMs: START },
    ...{ isClockTrusted: true, recordedBy: 'x', recordedByName: 'Ba', plot: 'a', zones: [], areaHectares: 1 },
    ...{ products: [{ tradeName: 'X', listed: null }], pest: 'kiến', operator: 'Ba', weather: null },
    ...{ startedAtMs: START, endedAtMs: START, endDate: '2026-03-01', warnings: [] },
  });
  gateway.record(harvest('h-2', 'a', START, START + DAY));
  await store(gateway);
  await projectAll();
  expect(await records.db.selectFrom('unprojected_entries').selectAll().execute()).toEqual([]);
  // The harvest's own entry proves all that stand before it in the gateway's chain.
  const { season: text } = await records.db.selectFrom('harvests').select('season').executeTakeFirstOrThrow();
  expect(JSON.parse(text).lastEntry).toBe(gateway.journal.length);
});

const corrected = (quantityKg: number, revision: number, withdrawn = false) => ({
  ...harvest('h-1', 'a', START, START + 2 * DAY),
  ...{ quantityKg, correction: { revision, withdrawn } },
});
const harvestRow = () =>
  records.db
    .selectFrom('harvests')
    .select(['quantity_kg', 'entry_number', 'corrected_quantity_kg'])
    .executeTakeFirst();

it('takes a harvest as the diary corrected it, and none that it withdrew', async () => {
  const gateway = season();
  gateway.record(corrected(1_100, 1));
  await store(gateway);
  await projectAll();
  expect(await harvestRow()).toMatchObject({ quantity_kg: 1_100, entry_number: gateway.journal.length });
  gateway.record(corrected(1_100, 2, true));
  await store(gateway);
  await projectAll();
  expect(await harvestRow()).toBeUndefined();
  gateway.record(corrected(900, 3));
  await store(gateway);
  await projectAll();
  expect(await harvestRow()).toMatchObject({ quantity_kg: 900, corrected_quantity_kg: null });
});

it('sums up a season of exactly the readings from its start to its harvest', async () => {
  await store(season());
  await projectAll();
  const { season: text } = await records.db.selectFrom('harvests').select('season').executeTakeFirstOrThrow();
  // Hours 6 … 48 of the plot; hour 0 is before the season, hour 54 after the harvest.
  const hours = [6, 12, 18, 24, 30, 36, 42, 48];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const { irrigation, readings, firstEntry, lastEntry } = JSON.parse(text);
  expect(irrigation).toEqual({ runs: 8, unmeasuredRuns: 1, measuredLitres: 70.7 });
  expect(readings.soil_moisture).toEqual({
    ...{ count: 8, flagged: 8, unit: 'm³/m³', min: 0.206, max: 0.248 },
    mean: expect.closeTo(mean(hours.map((hour) => 0.2 + hour / 1000)), 5),
  });
  expect(readings.air_temperature).toMatchObject({ count: 8, min: 25.1, max: 26.9 });
  // The counter rose to 2.4 mm, began anew at hour 30, and rose to 3.6 mm by hour 48; 0.6 mm fell before hour 6.
  expect(readings.rain).toEqual({
    count: 8,
    flagged: 0,
    unit: 'mm',
    total: expect.closeTo(2.4 - 0.6 + 3.6, 6),
  });
  expect({ firstEntry, lastEntry }).toEqual({ firstEntry: 4, lastEntry: 23 });
});

it('places readings by the layout in force when they were journaled', async () => {
  const gateway = new TestGateway('gw-1');
  const at = START;
  gateway.record(layout);
  gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.2, at));
  const [a, b] = layout.plots;
  if (a === undefined || b === undefined) throw new Error('two plots');
  const moved = { ...b, zones: [{ id: 'b1', name: 'B1', devices: ['soil-a1'] }] };
  gateway.record({ ...layout, plots: [{ ...a, zones: [] }, moved] });
  gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.3, at));
  await store(gateway);
  await projectAll(100);
  const rows = await records.db
    .selectFrom('reading_days')
    .select(['plot_id', 'max'])
    .orderBy('plot_id')
    .execute();
  expect(rows).toEqual([
    { plot_id: 'a', max: 0.2 },
    { plot_id: 'b', max: 0.3 },
  ]);
});

it('projects what a gateway sends while another one is being projected', async () => {
  const [one, two] = [new TestGateway('gw-1'), new TestGateway('gw-2')];
  for (const gateway of [one, two]) {
    gateway.record(layout);
    for (let n = 0; n < 20; n++)
      gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.2, START + n));
  }
  await store(one);
  const projector = projectorOn(records.db, 4);
  await projector.start();
  await store(two);
  projector.wake('gw-2');
  await projector.idle();
  const rows = await records.db
    .selectFrom('reading_days')
    .select(['gateway_id', 'count'])
    .orderBy('gateway_id')
    .execute();
  expect(rows).toEqual([
    { gateway_id: 'gw-1', count: 20 },
    { gateway_id: 'gw-2', count: 20 },
  ]);
});

it('projects more daily rows in one transaction than one statement can hold', async () => {
  const gateway = new TestGateway('gw-1');
  gateway.record(layout);
  const days = Array.from({ length: 4_500 }, (_, day) => START - day * DAY);
  for (let from = 0; from < days.length; from += 500) {
    const some = days.slice(from, from + 500);
    gateway.readings(...some.map((at) => gateway.reading('soil-a1', 'soil_moisture', 0.2, at)));
  }
  await store(gateway);
  const projector = projectorOn(records.db, 100);
  await projector.start();
  const rows = () => records.db.selectFrom('reading_days').select('day').execute();
  await expect.poll(async () => (await rows()).length, { timeout: 10_000 }).toBe(days.length);
  await projector.stop();
}, 20_000);

it('counts the rise of a counter once when a flagged reading of an older day comes late', async () => {
  const gateway = new TestGateway('gw-1');
  const rain = (value: number, at: number, quality = 0) =>
    gateway.readings(gateway.reading('weather', 'rain', value, at, quality));
  gateway.record(layout);
  rain(100, START);
  rain(150, START + DAY);
  rain(3, START + 60_000, 1);
  rain(151, START + DAY + 60_000);
  await store(gateway);
  await projectAll(1);
  const rows = await records.db.selectFrom('reading_days').select('increase_micro').execute();
  expect(rows.reduce((sum, row) => sum + Number(row.increase_micro), 0)).toBe(51_000_000);
});

it('goes on over a thinned entry that stands for many', async () => {
  const gateway = new TestGateway('gw-1');
  for (let n = 0; n < 4; n += 1) gateway.readings(gateway.reading('a', 'soil_moisture', 0.2, START + n));
  const [first, , third, fourth] = gateway.journal.map((entry) => ({
    ...entry,
    hash: entryHash(entry, entry.payload),
  }));
  if (first === undefined || third === undefined || fourth === undefined) throw new Error('four entries');
  const run = { ...third, payload: '', thinned: { hash: third.hash, firstNumber: 2 } };
  await entries.append(gateway.id, [first, run, fourth], { after: undefined, receivedAtMs: 0 });
  await projectAll(2);
  const cursor = await records.db.selectFrom('projection_cursors').selectAll().executeTakeFirst();
  expect(cursor?.projected_up_to).toBe(4);
  const [day] = await records.db.selectFrom('reading_days').selectAll().execute();
  expect(day?.count).toBe(2);
  expect(await records.db.selectFrom('unprojected_entries').selectAll().execute()).toEqual([]);
});
