import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodeReadings, entryHash, quality, type Reading } from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openRecords, type Records, type Schema } from '../records/index.ts';
import { FailFrom } from '../testing/fault.ts';
import { layout, TestGateway } from '../testing/gateway.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { Projector } from './projector.ts';
import { SqliteEntryStore } from './sqlite-entry-store.ts';

const logger = pino({ level: 'silent' });
const dataDir = await recordsFolder('nongtin-undated-');
const tables = [
  ...['projection_cursors', 'plots', 'zones', 'devices', 'reading_days'],
  ...['unprojected_entries', 'undated_entries', 'dated_boots'],
] as (keyof Schema)[];
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const TRUE = Date.UTC(2026, 10, 21, 10);
const [LOST, BOOT] = ['aa'.repeat(16), 'bb'.repeat(16)];
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
  await clear();
  entries = new SqliteEntryStore(join(dataDir, `entries-${++files}.sqlite`));
  await entries.open();
});

async function clear(): Promise<void> {
  for (const table of tables) await records.db.deleteFrom(table).execute();
}

async function project(
  gateway: TestGateway,
  batchSize = 100,
  db: Kysely<Schema> = records.db,
): Promise<void> {
  const after = await entries.head(gateway.id);
  const fresh = gateway.journal
    .slice(after?.number ?? 0)
    .map((entry) => ({ ...entry, hash: entryHash(entry, entry.payload) }));
  if (fresh.length > 0) await entries.append(gateway.id, fresh, { after, receivedAtMs: 0 });
  const projector = new Projector({ db, entries, logger, batchSize, seasonOf: async () => '{}' });
  await projector.start().catch((error: unknown) => {
    if (db === records.db) throw error;
  });
  await (db === records.db ? projector.idle() : projector.stop());
}

async function days() {
  const rows = await records.db.selectFrom('reading_days').selectAll().orderBy(['metric', 'day']).execute();
  return rows.map(({ metric, day, count, flagged, increase_micro: increase, last }) => ({
    ...{ metric, day: day - TRUE / DAY, count, flagged, rise: Number(increase) / 1e6, last },
  }));
}

const dayOf = (ms: number) => Math.floor(ms / DAY) - TRUE / DAY;

/** An hourly reading of soil and rain meter of a boot; `bits` of each, its time by the boot's own clock. */
function boot(
  gateway: TestGateway,
  bootId: string,
  startMs: number,
  rain: readonly number[],
  bits: number,
): void {
  for (const [hour, value] of rain.entries()) {
    const atMs = startMs + hour * HOUR;
    const readings: Reading[] = [
      gateway.reading('weather', 'rain', value, atMs, bits),
      gateway.reading('soil-a1', 'soil_moisture', 0.3, atMs, bits),
    ];
    gateway.append(encodeReadings(readings), { bootId });
  }
}

/** Boot LOST ended in a power cut before it was dated; BOOT was dated after two hours; a person dated LOST at last. */
function story(): TestGateway {
  const gateway = new TestGateway('gw-1');
  gateway.record(layout);
  boot(gateway, 'cc'.repeat(16), TRUE - HOUR, [100], 0);
  boot(gateway, LOST, 0, [101, 102], quality.clockUncertain);
  boot(gateway, BOOT, 5_000, [103, 105], quality.clockUncertain);
  const clock = { kind: 'clock', source: 'cloud', atMs: TRUE } as const;
  gateway.record({ ...clock, bootId: BOOT, provisionalMs: 5_000, utcMs: TRUE + DAY });
  boot(gateway, BOOT, TRUE + DAY + 2 * HOUR, [106], quality.lowBattery);
  gateway.record({ ...clock, source: 'person', bootId: LOST, provisionalMs: 0, utcMs: TRUE });
  gateway.record({ ...clock, bootId: LOST, provisionalMs: 0, utcMs: 0 });
  return gateway;
}

it('projects readings of a boot without a clock when it is dated, each once and on its true day', async () => {
  const gateway = story();
  const lost = gateway.journal.splice(8);
  await project(gateway);
  expect(await days()).toMatchObject([
    { metric: 'rain', day: dayOf(TRUE), count: 1, rise: 0 },
    { metric: 'rain', day: dayOf(TRUE + DAY), count: 3, rise: 6, last: 106 },
    { metric: 'soil_moisture', count: 1 },
    { metric: 'soil_moisture', count: 3, flagged: 0 },
  ]);
  expect(await records.db.selectFrom('undated_entries').select('entry_number').execute()).toEqual([
    { entry_number: 3 },
    { entry_number: 4 },
  ]);
  gateway.journal.push(...lost);
  await project(gateway);
  // What fell while the date was unknown was counted by the readings after it: it is not counted twice.
  expect(await days()).toMatchObject([
    { metric: 'rain', day: dayOf(TRUE), count: 3, rise: 0 },
    { metric: 'rain', day: dayOf(TRUE + DAY), count: 3, rise: 6, last: 106 },
    { metric: 'soil_moisture', count: 3, flagged: 0 },
    { metric: 'soil_moisture', count: 3, flagged: 0 },
  ]);
  expect(await records.db.selectFrom('undated_entries').selectAll().execute()).toEqual([]);
});

it('makes the same rows whatever the size of a step, and whichever statement the process dies at', async () => {
  const gateway = story();
  const whole = new FailFrom(Number.POSITIVE_INFINITY);
  await project(gateway, 3, records.db.withPlugin(whole));
  await project(gateway, 3);
  const expected = await days();
  expect(expected.reduce((sum, row) => sum + row.count, 0)).toBe(12);
  for (const size of [1, 2, 100]) {
    await clear();
    await project(gateway, size);
    expect(await days(), `${size} entries`).toEqual(expected);
  }
  for (let at = 1; at <= whole.statements; at += 4) {
    await clear();
    await project(gateway, 3, records.db.withPlugin(new FailFrom(at)));
    await project(gateway, 3);
    expect(await days(), `died at statement ${at}`).toEqual(expected);
  }
}, 60_000);

it('bears a senseless date, and goes on', async () => {
  const gateway = story();
  const far = { kind: 'clock', source: 'person', atMs: TRUE, provisionalMs: 0 } as const;
  gateway.journal.splice(8);
  gateway.record({ ...far, bootId: LOST, utcMs: Number.MAX_SAFE_INTEGER });
  boot(gateway, BOOT, TRUE + 2 * DAY, [110], 0);
  await project(gateway);
  expect(await days()).toContainEqual(expect.objectContaining({ metric: 'rain', last: 110, rise: 4 }));
  const rows = await records.db.selectFrom('undated_entries').selectAll().execute();
  expect(rows).toEqual([]);
});
