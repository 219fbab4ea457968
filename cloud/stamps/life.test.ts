import { randomBytes } from 'node:crypto';
import { seededRandom } from '@nongtin/service';
import fc from 'fast-check';
import fastify, { type FastifyInstance } from 'fastify';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fixture, openTestRecords } from '../anchoring/fixture.suite.ts';
import { keyStoreOf } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { createActivation } from './activation.ts';
import { PinDelays } from './delays.ts';
import { createLife, type QueueRevocation, stateOf } from './index.ts';
import { changeSpan, type NewState, piecesOf, type RangeState, type StateSpan } from './life.ts';
import { lifeRoutes } from './life-routes.ts';
import { createStamps, type Stamps } from './stamps.ts';

const COUNT = 40;
const newStates: readonly NewState[] = ['printed', 'applied', 'spoiled', 'voided', 'recalled'];
const someChange = fc
  .tuple(fc.nat(COUNT - 1), fc.nat(COUNT - 1), fc.constantFrom(...newStates))
  .map(([a, b, state]) => ({ from: Math.min(a, b), to: Math.max(a, b), state }));

/** From what a stamp may become that, written once more. */
const mayBecome = (state: RangeState, next: NewState) =>
  ({
    printed: ['issued', 'spoiled'],
    applied: ['issued', 'printed'],
    spoiled: ['printed', 'applied'],
    voided: ['issued', 'printed', 'applied', 'spoiled', 'voided'],
    recalled: ['issued', 'printed', 'applied', 'spoiled', 'voided', 'recalled'],
  })[next].includes(state);

describe('ranges of stamps', () => {
  it('say of every stamp what a list of all stamps would say, after any changes', () => {
    fc.assert(
      fc.property(fc.array(someChange, { maxLength: 30 }), (changes) => {
        let ranges: StateSpan[] = [];
        const model: RangeState[] = Array.from({ length: COUNT }, () => 'issued');
        for (const { from, to, state } of changes) {
          const touched = ranges.filter((range) => range.from <= to && range.to >= from);
          const change = changeSpan(touched, { from, to }, state);
          const isAllowed = model.slice(from, to + 1).every((one) => mayBecome(one, state));
          expect(change.ok).toBe(isAllowed);
          if (!change.ok) {
            for (const refused of change.refused) expect(model[refused.from]).toBe(refused.state);
            continue;
          }
          model.fill(state, from, to + 1);
          const untouched = ranges.filter((range) => !touched.includes(range));
          const news = change.changed.map((span) => ({ ...span, state }));
          ranges = [...untouched, ...change.rest, ...news].sort((a, b) => a.from - b.from);
        }
        const told = piecesOf(ranges, { from: 0, to: COUNT - 1 });
        expect(told.flatMap(({ from, to, state }) => Array(to - from + 1).fill(state))).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });
});

const { gtin14, lotNumber } = fixture;
const clock = { nowMs: () => 1_790_000_000_000 };
let revocations: Parameters<QueueRevocation>[1][] = [];
const queueRevocation: QueueRevocation = async (_db, what) => void revocations.push(what);
let db: Kysely<Schema>;
let stop: () => Promise<void>;
let stamps: Stamps;
let app: FastifyInstance;
let batchNumber: number;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
  stamps = createStamps({ db, clock, keyStore: keyStoreOf(randomBytes(32)) });
  app = fastify();
  const life = createLife({ db, clock, queueRevocation });
  await app.register(lifeRoutes, { life, issuerOf: () => 'an@htx.vn' });
});
afterAll(async () => {
  await app.close();
  await stop();
});
beforeEach(async () => {
  await sql`truncate stamp_activations, stamp_ranges, stamp_changes, lot_recalls`.execute(db);
  revocations = [];
  batchNumber = await issue(100);
});

async function issue(count: number): Promise<number> {
  const issued = await stamps.issueBatch({ lotNumber, count, issuedBy: 'x' });
  if (!issued.ok) throw new Error(issued.problem);
  return issued.batch.batchNumber;
}

const tell = async (from: number, to: number, state: NewState, reason = 'cuộn 1') => {
  const door = ['voided', 'recalled'].includes(state) ? 'withdraw' : 'life';
  const url = `/api/stamp-batches/${batchNumber}/${door}`;
  const answer = await app.inject({ method: 'POST', url, payload: { from, to, state, reason } });
  return { status: answer.statusCode, ...answer.json() };
};
const roll = async (query = '') =>
  (await app.inject(`/api/stamp-batches/${batchNumber}/life${query}`)).json();
const activate = async (index: number) => {
  const listed = await stamps.listPins(batchNumber, index, 1);
  const { serial = '', pin = '' } = listed?.stamps[0] ?? {};
  const delays = new PinDelays({ nowMs: clock.nowMs, key: 'k' });
  const { activate: say } = createActivation({ db, stamps, clock, delays });
  return say({ gtin14, serial, pin, client: '203.0.113.7' });
};
const none = { issued: 0, printed: 0, applied: 0, spoiled: 0, voided: 0, recalled: 0, activated: 0 };

describe('a roll of stamps', () => {
  it('is explained stamp by stamp: printed, applied, spoiled and printed again, activated', async () => {
    expect(await roll()).toEqual({ from: 0, to: 99, counts: { ...none, issued: 100 }, spans: [] });
    await tell(0, 79, 'printed');
    await tell(10, 14, 'spoiled', 'kẹt giấy');
    await tell(12, 14, 'printed', 'in lại');
    await tell(0, 9, 'applied');
    for (const index of [3, 60, 90]) expect(await activate(index)).toMatchObject({ kind: 'activated' });
    const { counts, spans } = await roll();
    expect(counts).toEqual({ ...none, issued: 19, printed: 67, applied: 9, spoiled: 2, activated: 3 });
    expect(spans[1]).toEqual({
      ...{ from: 10, to: 11, state: 'spoiled', reason: 'kẹt giấy' },
      ...{ changedBy: 'an@htx.vn', changedAtMs: clock.nowMs() },
    });
    expect((await roll('?from=10&to=19')).counts).toEqual({ ...none, printed: 8, spoiled: 2 });
    const states = [];
    for (const index of [3, 5, 10, 13, 90, 99]) states.push((await stateOf(db, batchNumber, index)).state);
    expect(states).toEqual(['activated', 'applied', 'spoiled', 'printed', 'activated', 'issued']);
    expect(revocations).toEqual([]);
  });

  it('is not changed by what cannot be, and the answer says which stamps and why', async () => {
    await tell(0, 49, 'printed');
    await activate(20);
    const refused = await tell(10, 69, 'printed');
    expect(refused).toMatchObject({ status: 409, refused: [{ from: 10, to: 49, state: 'printed' }] });
    expect(refused.error.message).toContain('10–49 (printed)');
    expect(await tell(60, 70, 'spoiled')).toMatchObject({ refused: [{ from: 60, to: 70, state: 'issued' }] });
    expect(await tell(19, 22, 'spoiled')).toMatchObject({
      refused: [{ from: 20, to: 20, state: 'activated' }],
    });
    expect((await tell(50, 100, 'printed')).status).toBe(400);
    expect((await tell(5, 4, 'printed')).status).toBe(400);
    expect((await roll()).counts).toEqual({ ...none, issued: 50, printed: 49, activated: 1 });
    expect((await app.inject('/api/stamp-batches/999999/life')).statusCode).toBe(404);
    const wrongDoor = { from: 0, to: 1, state: 'voided', reason: 'x' };
    const url = `/api/stamp-batches/${batchNumber}/life`;
    expect((await app.inject({ method: 'POST', url, payload: wrongDoor })).statusCode).toBe(400);
  });

  it('that is voided or recalled is told to the chain: what is new of a range, a whole batch as one', async () => {
    await tell(20, 29, 'voided', 'mất cuộn');
    await tell(25, 34, 'voided', 'cả phần sau');
    await tell(30, 40, 'recalled', 'dư lượng');
    await tell(0, 99, 'recalled', 'dư lượng');
    const refId = String(batchNumber);
    const ranges = [
      [20, 29],
      [30, 34],
      [35, 40],
      [0, 99],
    ].map(([from, to]) => ({ refKind: 'stamp_batch', refId, range: { from, to } }));
    expect(revocations).toEqual(ranges);
    expect(await tell(0, 99, 'recalled')).toEqual({ status: 200, changed: [] });
    expect((await tell(3, 3, 'printed')).status).toBe(409);
    expect((await roll()).counts).toEqual({ ...none, recalled: 100 });
    // The PIN is right, and the buyer is warned.
    expect(await activate(3)).toEqual({ kind: 'withdrawn', state: 'recalled' });
    expect(await db.selectFrom('stamp_activations').selectAll().execute()).toEqual([]);
  });

  it('that was activated can still be voided and recalled, and shows both', async () => {
    await activate(7);
    await tell(0, 9, 'voided');
    expect(await stateOf(db, batchNumber, 7)).toMatchObject({
      state: 'voided',
      activatedAtMs: clock.nowMs(),
    });
    expect((await roll()).counts).toEqual({ ...none, issued: 90, voided: 10 });
  });

  it('adds up after whatever was told and scratched, and says of each stamp what a list of all stamps would', async () => {
    const random = seededRandom(11);
    const below = (limit: number) => Math.floor(random() * limit);
    const told: RangeState[] = Array.from({ length: 100 }, () => 'issued');
    const scratched = new Set<number>();
    const shown = (index: number) => {
      const state = told[index] ?? 'issued';
      const isInUse = ['issued', 'printed', 'applied'].includes(state);
      return isInUse && scratched.has(index) ? 'activated' : state;
    };
    const seen = { changed: 0, refused: 0 };
    for (let turn = 0; turn < 60; turn += 1) {
      const [a, b, index] = [below(100), below(100), below(100)];
      const [from, to] = [Math.min(a, b), turn % 3 === 0 ? Math.min(a, b) : Math.max(a, b)];
      const state = newStates[below(turn < 30 ? 3 : 5)] ?? 'printed';
      const allowed = told
        .slice(from, to + 1)
        .every((one, i) => mayBecome(one, state) && !(state === 'spoiled' && scratched.has(from + i)));
      expect((await tell(from, to, state)).status).toBe(allowed ? 200 : 409);
      seen[allowed ? 'changed' : 'refused'] += 1;
      if (allowed) told.fill(state, from, to + 1);
      const outOfUse = ['spoiled', 'voided', 'recalled'].includes(told[index] ?? '');
      expect((await activate(index)).kind).toBe(outOfUse ? 'withdrawn' : 'activated');
      if (!outOfUse) scratched.add(index);
      const { counts } = await roll();
      const list = told.map((_, i) => shown(i));
      const expected = Object.fromEntries(
        Object.keys(none).map((one) => [one, list.filter((other) => other === one).length]),
      );
      expect(counts).toEqual(expected);
    }
    expect(Math.min(seen.changed, seen.refused)).toBeGreaterThan(10);
  });

  it('may be in thirty thousand pieces: it is told part by part, and withdrawn all the same', async () => {
    batchNumber = await issue(30_000);
    await tell(0, 0, 'voided');
    await sql`insert into stamp_ranges
      select batch_number, index, index, state, change_id
      from stamp_ranges, generate_series(2, 29998, 2) as index where batch_number = ${batchNumber}`.execute(
      db,
    );
    expect((await tell(1, 29_999, 'voided')).status).toBe(200);
    const { counts, spans, nextFrom } = await roll();
    expect(counts).toEqual({ ...none, voided: 30_000 });
    expect([spans.length, spans.at(-1).to, nextFrom]).toEqual([1_000, 999, 1_000]);
    const last = await roll('?from=29500');
    expect([last.spans.length, 'nextFrom' in last]).toEqual([500, false]);
    revocations.length = 0;
    expect((await tell(0, 29_999, 'recalled')).status).toBe(200);
    expect((await roll()).spans).toHaveLength(1);
  });
});

describe('a lot that is recalled', () => {
  it('takes all its batches along, is told once, and gets no more stamps', async () => {
    const other = await issue(10);
    const recall = (lot: string) =>
      app.inject({ method: 'POST', url: `/api/lots/${lot}/recall`, payload: { reason: 'dư lượng' } });
    expect((await recall(lotNumber)).statusCode).toBe(200);
    expect(revocations).toContainEqual({ refKind: 'lot', refId: lotNumber });
    for (const one of [batchNumber, other])
      expect(await stateOf(db, one, 5)).toMatchObject({ state: 'recalled' });
    const told = revocations.length;
    await recall(lotNumber);
    expect(revocations).toHaveLength(told);
    expect((await recall('none')).statusCode).toBe(404);
    expect(await stamps.issueBatch({ lotNumber, count: 1, issuedBy: 'x' })).toEqual({
      ok: false,
      problem: 'recalled_lot',
    });
  });
});
