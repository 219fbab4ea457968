import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type NeighbourCatches, neighbourLimits, type PestPressureRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRecords, type Records } from '../records/index.ts';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../records/postgres.suite.ts';
import { recordsFolder } from '../testing/records-folder.ts';
import { Neighbours } from './neighbours.ts';
import { projectPestPressure } from './pressures.ts';

/** A server of PostgreSQL starts, on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });
const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 20, 15);
const FLY = 'bactrocera_dorsalis';
/** Our own farm; 0.01° of latitude are 1.1 km. */
const here = { latitude: 10.93, longitude: 108.1 };
const logger = pino({ level: 'silent' });
const programs = postgresPrograms();
const dataDir = await recordsFolder('nongtin-pests-');
let cluster: TemporaryCluster | undefined;
afterAll(async () => {
  await cluster?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const engines = [
  ['PGlite', async () => undefined],
  [
    'PostgreSQL',
    async () => {
      cluster = await startCluster(programs ?? '');
      return cluster.createDatabase();
    },
  ],
] as const;

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const daysAgo = (days: number) => new Date(NOW - days * DAY_MS).toISOString().slice(0, 10);

describe.each(programs === undefined && !process.env.CI ? engines.slice(0, 1) : engines)(
  'what neighbours catch, in %s',
  (_name, open) => {
    let records: Records;
    let neighbours: Neighbours;
    let entries = 0;

    beforeAll(async () => {
      const databaseUrl = await open();
      records = openRecords({ dataDir, logger, ...(databaseUrl === undefined ? {} : { databaseUrl }) });
      await records.start();
      for (const slug of ['htx-ta', 'htx-khac'])
        await records.db
          .insertInto('cooperatives')
          .values({ id: slug, chain_id: `0x${digest(slug)}`, name: slug, created_at_ms: 1 })
          .execute();
    });
    afterAll(() => records.stop());
    beforeEach(async () => {
      await records.db.deleteFrom('pest_pressures').execute();
      await records.db.deleteFrom('gateways').execute();
      neighbours = new Neighbours({ db: records.db, clock: { nowMs: () => NOW }, logger });
      await farm('own');
    });

    async function farm(id: string, more: { cooperative?: string; label?: string; revoked?: boolean } = {}) {
      const { cooperative = 'htx-ta', label = `Vườn ${id}`, revoked = false } = more;
      await records.db
        .insertInto('gateways')
        .values({
          ...{
            gateway_id: id,
            cooperative_id: cooperative,
            public_key: digest(id),
            registered_by: '',
            label,
          },
          ...{ registered_at_ms: 1, revoked },
        })
        .execute();
    }

    async function caught(gateway: string, perTrapPerDay: number, more: Partial<PestPressureRecord> = {}) {
      const record: PestPressureRecord = {
        ...{ kind: 'pest_pressure', atMs: NOW, date: daysAgo(0), pest: FLY, perTrapPerDay },
        ...{ traps: 2, trapDays: 14, latitude: 10.96, longitude: 108.1 },
        ...more,
      };
      await projectPestPressure(records.db, gateway, ++entries, record);
    }

    async function ask(gateway = 'own', question: unknown = here): Promise<NeighbourCatches> {
      const text = typeof question === 'string' ? question : JSON.stringify(question);
      return (await neighbours.answer(gateway, Buffer.from(text))) as NeighbourCatches;
    }
    const names = async (...asked: Parameters<typeof ask>) =>
      (await ask(...asked)).farms.map(({ farm }) => farm);

    it('is told with name, distance and direction, the newest day first', async () => {
      await farm('bay', { label: 'Vườn chị Bảy' });
      await caught('bay', 6, { date: daysAgo(1) });
      await caught('bay', 7.12345);
      await caught('bay', 300, { pest: 'nilaparvata_lugens', date: daysAgo(3) });
      expect(await ask()).toEqual({
        ...{ atMs: NOW, withinKm: 10, leftOut: 0 },
        farms: [
          {
            ...{ farm: 'Vườn chị Bảy', distanceKm: 3, bearingDegrees: 0 },
            pests: [
              {
                pest: FLY,
                days: [
                  { date: daysAgo(0), perTrapPerDay: 7.123 },
                  { date: daysAgo(1), perTrapPerDay: 6 },
                ],
              },
              { pest: 'nilaparvata_lugens', days: [{ date: daysAgo(3), perTrapPerDay: 300 }] },
            ],
          },
        ],
      });
    });

    it('is never told of another cooperative, nor to it, nor of oneself', async () => {
      await farm('mate');
      await farm('stranger', { cooperative: 'htx-khac' });
      for (const one of ['own', 'mate', 'stranger']) await caught(one, 9);
      expect(await names('own')).toEqual(['Vườn mate']);
      expect(await names('mate')).toEqual(['Vườn own']);
      expect(await names('stranger')).toEqual([]);
    });

    it('is told neither of a revoked gateway nor to one, nor to one that nobody knows', async () => {
      await farm('mate');
      await farm('stolen', { revoked: true });
      for (const one of ['mate', 'stolen']) await caught(one, 9);
      expect(await names('own')).toEqual(['Vườn mate']);
      expect(await neighbours.answer('stolen', Buffer.from('{}'))).toBeUndefined();
      expect(await neighbours.answer('nobody', Buffer.from('{}'))).toBeUndefined();
      await records.db
        .updateTable('gateways')
        .set({ revoked: true })
        .where('gateway_id', '=', 'mate')
        .execute();
      expect(await names('own')).toEqual([]);
    });

    it('is of farms within ten kilometres unless asked otherwise, the nearest first, those of unknown place last', async () => {
      for (const id of ['beside', 'near', 'far', 'unplaced']) await farm(id);
      await caught('far', 9, { latitude: 11.1 });
      await caught('unplaced', 9, { latitude: undefined, longitude: undefined } as object);
      await caught('near', 9, { latitude: 10.9, longitude: 108.13 });
      await caught('beside', 9, here);
      const { farms } = await ask();
      expect(farms.map(({ farm, distanceKm, bearingDegrees }) => [farm, distanceKm, bearingDegrees])).toEqual(
        [
          ['Vườn beside', 0, null],
          ['Vườn near', 5, 135],
          ['Vườn unplaced', null, null],
        ],
      );
      expect(await names('own', { ...here, withinKm: 2 })).toEqual(['Vườn beside', 'Vườn unplaced']);
      expect(await names('own', { ...here, withinKm: 50 })).toHaveLength(4);
      // Who does not say where it lies hears of all, at no distance.
      const all = (await ask('own', {})).farms;
      expect(all.map(({ distanceKm }) => distanceKm)).toEqual([null, null, null, null]);
    });

    it('lies where it was told last', async () => {
      await farm('moved');
      await caught('moved', 9, { latitude: 10.93, date: daysAgo(0) });
      await caught('moved', 9, { latitude: 10.97, date: daysAgo(1) });
      expect((await ask()).farms[0]?.distanceKm).toBe(4);
    });

    it('is of two weeks, and of no day to come', async () => {
      await farm('mate');
      for (const days of [-2, -1, 0, 13, 14, 100]) await caught('mate', 9, { date: daysAgo(days) });
      const { farms } = await ask();
      expect(farms[0]?.pests[0]?.days.map(({ date }) => date)).toEqual([-1, 0, 13].map(daysAgo));
    });

    it('is what the newest entry says of a day', async () => {
      await farm('mate');
      await caught('mate', 9);
      await caught('mate', 2);
      expect((await ask()).farms[0]?.pests[0]?.days).toEqual([{ date: daysAgo(0), perTrapPerDay: 2 }]);
    });

    it('is told by a word that stays the same of farms without a name, or with the same, never by the login', async () => {
      await farm('gw-bi-mat', { label: ' ' });
      for (const id of ['gw-x', 'gw-y']) await farm(id, { label: 'Vườn Năm' });
      for (const id of ['gw-bi-mat', 'gw-x', 'gw-y']) await caught(id, 9);
      const told = await names();
      expect(told.filter((name) => /^[0-9a-f]{6}$/.test(name))).toHaveLength(1);
      expect(told.filter((name) => /^Vườn Năm [0-9a-f]{6}$/.test(name))).toHaveLength(2);
      expect(new Set(told).size).toBe(3);
      expect(await names()).toEqual(told);
      expect(told.join()).not.toContain('gw-');
    });

    it('fits a slow link: fewer days first, then fewer of the far farms, and how many were left out', async () => {
      const numbers = Array.from({ length: 25 }, (_, n) => n);
      const idOf = (n: number) => `f${String(n).padStart(2, '0')}`;
      for (const n of numbers) await farm(idOf(n));
      const rows = numbers.flatMap((n) =>
        Array.from({ length: 70 }, (_, one) => ({
          ...{ gateway_id: idOf(n), pest: `pest_${one % 5}`, date: daysAgo(Math.floor(one / 5)) },
          ...{ entry_number: one, at_ms: NOW, per_trap_per_day: 9, traps: 1, trap_days: 7 },
          ...{ latitude: 10.93 + n / 1000, longitude: 108.1 },
        })),
      );
      await records.db.insertInto('pest_pressures').values(rows).execute();
      const answer = await ask();
      expect(answer.farms).toHaveLength(neighbourLimits.farms);
      expect(answer.leftOut).toBe(5);
      expect(answer.farms.map(({ farm }) => farm).slice(0, 2)).toEqual(['Vườn f00', 'Vườn f01']);
      const days = answer.farms.flatMap(({ pests }) => pests.flatMap((one) => one.days));
      expect(days.length).toBeLessThanOrEqual(neighbourLimits.catches);
      expect(days.filter(({ date }) => date === daysAgo(0))).toHaveLength(100);
      expect(JSON.stringify(answer).length).toBeLessThan(24 * 1024);
    });

    it.each([
      ['no JSON', '{', /^the question is no JSON/],
      ['a list', '[]', /^the question must be object/],
      ['a place beyond the poles', { latitude: 91, longitude: 0 }, /^latitude must be <= 90/],
      ['half a place', { latitude: 10 }, /^latitude and longitude come together/],
      ['half the world', { ...here, withinKm: 20_000 }, /^withinKm must be <= 50/],
      ['words for a number', { ...here, withinKm: 'ten' }, /^withinKm must be number/],
      ['5 KB', ' '.repeat(5_000), /at most 4096 are read/],
    ])('refuses %s, and says what is wrong where', async (_what, question, words) => {
      await farm('mate');
      await caught('mate', 9);
      expect(await ask('own', question)).toEqual({ atMs: NOW, refused: expect.stringMatching(words) });
    });

    it.each([
      ['no pest', { pest: '' }, /pest has 0 characters/],
      ['a pest of a thousand letters', { pest: 'x'.repeat(1000) }, /pest has 1000 characters/],
      ['a date of no calendar', { date: '2026-02-30' }, /date 2026-02-30 is none of the calendar/],
      [
        'a catch that no trap holds',
        { perTrapPerDay: 1e9 },
        /perTrapPerDay 1000000000 is more than a trap holds/,
      ],
    ])('takes nothing of %s, which would spoil every answer', async (_what, more, words) => {
      await farm('mate');
      await expect(caught('mate', 9, more)).rejects.toThrow(words);
      expect(await names()).toEqual([]);
    });
  },
);
