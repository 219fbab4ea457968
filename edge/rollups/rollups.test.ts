import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeReading, encodeRecord, seriesTimeNs } from '@nongtin/broker/wire';
import { type SeriesStore, sqliteSeries } from '@nongtin/series';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { JournalEntry } from '../journal/index.ts';
import { createRollups, Retention } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-rollups-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ZONE = 7 * HOUR;
/** Midnight of the farm. */
const MIDNIGHT = Math.floor(1_790_000_000_000 / DAY) * DAY - ZONE;
const BOOT = '1'.repeat(32);
const logger = pino({ level: 'silent' });

/** A journal in memory: entries of readings, one cursor a name. */
class TestJournal {
  readonly entries: JournalEntry[] = [];
  readonly cursors = new Map<string, number>();
  readonly moves: number[] = [];
  read = async (after: number, limit: number) => this.entries.slice(after, after + Math.min(limit, 3));
  cursor = async (name: string) => this.cursors.get(name) ?? 0;
  moveCursor = async (name: string, number: number) => {
    this.cursors.set(name, number);
    this.moves.push(number);
  };

  add(part: Partial<JournalEntry>): JournalEntry {
    const entry: JournalEntry = {
      ...{ number: this.entries.length + 1, previousHash: '', hash: '', bootId: BOOT, monotonicMs: 0 },
      ...{ count: 0, firstAtMs: 0, lastAtMs: 0, payload: '', signature: '', kind: 'readings' },
      ...part,
    };
    this.entries.push(entry);
    return entry;
  }
}

let journal: TestJournal;
let store: SeriesStore;
let now: number;
let running: number;

beforeEach(async () => {
  journal = new TestJournal();
  now = MIDNIGHT + 12 * HOUR;
  running = 0;
  store = sqliteSeries({ path: join(root, `${++files}.sqlite`) });
  await store.start();
  return () => store.stop();
});

/** One entry with these readings, written to the store as the delivery does. */
async function bring(device: string, given: readonly (readonly [atMs: number, value: number])[]) {
  const lines = given.map(([atMs, value]) => {
    running += 1;
    const timeNs = seriesTimeNs(atMs, running);
    return encodeReading({
      ...{ metric: 'volume', device, channel: '', value, quality: 0, receivedAtMs: atMs, timeNs },
    });
  });
  const payload = lines.join('\n');
  expect(await store.write(payload)).toEqual({ outcome: 'accepted' });
  const times = given.map(([atMs]) => atMs);
  const [firstAtMs, lastAtMs] = [Math.min(...times), Math.max(...times)];
  return journal.add({ payload, count: given.length, firstAtMs, lastAtMs });
}

/** Starts rollups whose passes happen when asked for. */
function start(part: Partial<Parameters<typeof createRollups>[0]> = {}) {
  let next = () => {};
  let rested = Promise.withResolvers<void>();
  const rollups = createRollups({
    ...{ journal, store, logger, zoneOffsetMs: ZONE, clock: { nowMs: () => now }, isBusy: () => false },
    deliveredUpTo: () => journal.entries.length,
    dating: { hold: () => false, shift: (lines) => lines },
    pause: (_ms, signal) =>
      new Promise((resolve, reject) => {
        next = resolve;
        signal.addEventListener('abort', () => reject(new Error('stopped')));
        rested.resolve();
      }),
    ...part,
  });
  onTestFinished(() => rollups.stop());
  const pass = async () => {
    await rested.promise;
    rested = Promise.withResolvers();
    next();
    await rested.promise;
  };
  return { rollups, pass, started: rollups.start().then(() => rested.promise) };
}

/** Rows of a tier, seen by a query that takes nothing else. */
async function rows(tier: '5m' | '1d', device: string, fromMs: number, toMs: number) {
  await store.flush?.();
  const other = sqliteSeries({ path: join(root, `${files}.sqlite`) });
  await other.start();
  const never = Number.NEGATIVE_INFINITY;
  other.rollups.mark({
    ...{ rawFromMs: 1e15, fiveMinutesFromMs: tier === '1d' ? 1e15 : never },
    ...{ fiveMinutesToMs: tier === '5m' ? 1e15 : never, daysToMs: tier === '1d' ? 1e15 : never },
    zoneOffsetMs: ZONE,
  });
  const query = { metric: 'volume', device, fromMs, toMs, maxPoints: 5_000, aggregate: 'mean' } as const;
  const points = await other.query(query);
  await other.stop();
  return points.map(({ atMs, value }) => [atMs, value]);
}

const cursor = () => journal.cursors.get(`rollups:${store.place}`);

describe('rollups', () => {
  it('compute a window when it has settled, and hold the cursor before what it needs until then', async () => {
    await bring('d1', [[now - 7 * MINUTE, 1]]);
    await bring('d1', [[now - 6 * MINUTE, 3]]);
    await bring('d1', [[now - MINUTE, 5]]);
    const { started, pass, rollups } = start();
    await started;
    expect(await rows('5m', 'd1', now - HOUR, now + HOUR)).toEqual([[now - 10 * MINUTE, 2]]);
    expect(cursor()).toBe(2);
    expect(rollups.state()).toEqual({ waitingWindows: 1, rolledUpToMs: now - 5 * MINUTE });
    now += MINUTE;
    await pass();
    expect(await rows('5m', 'd1', now - HOUR, now + HOUR)).toHaveLength(2);
    expect(cursor()).toBe(3);
    expect(rollups.state().waitingWindows).toBe(0);
  });

  it('compute a window again that a late reading touches, of that device alone', async () => {
    const old = now - 3 * DAY;
    await bring('d1', [[old, 1]]);
    await bring('d2', [[old, 7]]);
    const seen: unknown[] = [];
    const { recompute } = store.rollups;
    Object.assign(store.rollups, {
      recompute: (span: Parameters<typeof recompute>[0]) => {
        if (span.tier === '5m') seen.push([span.fromMs, span.toMs, span.device]);
        return recompute(span);
      },
    });
    const { started, pass } = start();
    await started;
    await bring('d1', [
      [old + 1, 3],
      [now - 4 * MINUTE, 9],
    ]);
    seen.length = 0;
    await pass();
    expect(seen).toEqual([[old, old + 5 * MINUTE, 'd1']]);
    expect(await rows('5m', 'd1', old, old + HOUR)).toEqual([[old, 2]]);
    expect(await rows('1d', 'd1', old - DAY, old + DAY)).toEqual([[MIDNIGHT - 3 * DAY, 2]]);
    expect(await rows('1d', 'd2', old - DAY, old + DAY)).toEqual([[MIDNIGHT - 3 * DAY, 7]]);
  });

  it('join a day of the farm when it is over, also after a restart in between', async () => {
    await bring('d1', [
      [MIDNIGHT - MINUTE, 1],
      [MIDNIGHT + MINUTE, 2],
      [MIDNIGHT + 2 * HOUR, 4],
    ]);
    const first = start();
    await first.started;
    await first.rollups.stop();
    expect(await rows('1d', 'd1', MIDNIGHT - DAY, MIDNIGHT + DAY)).toEqual([[MIDNIGHT - DAY, 1]]);
    now = MIDNIGHT + DAY + 20 * MINUTE;
    const second = start();
    await second.started;
    expect(await rows('1d', 'd1', MIDNIGHT - DAY, MIDNIGHT + DAY)).toEqual([
      [MIDNIGHT - DAY, 1],
      [MIDNIGHT, 3],
    ]);
  });

  it('make a day that is over anew once in a pass, whatever comes meanwhile', async () => {
    const old = now - 3 * DAY;
    await bring('d1', [[old, 1]]);
    const days: number[] = [];
    let isBringing = false;
    const { recompute } = store.rollups;
    Object.assign(store.rollups, {
      recompute: async (span: Parameters<typeof recompute>[0]) => {
        if (span.tier === '1d') days.push(span.fromMs);
        else if (isBringing && journal.entries.length < 9) await bring('d1', [[old + HOUR, 5]]);
        return recompute(span);
      },
    });
    const { started, pass } = start();
    await started;
    days.length = 0;
    isBringing = true;
    await bring('d1', [[old + HOUR, 3]]);
    await pass();
    expect([days, cursor()]).toEqual([[MIDNIGHT - 3 * DAY], 2]);
    isBringing = false;
    await pass();
    expect(cursor()).toBe(3);
    expect(await rows('1d', 'd1', old - DAY, old + DAY)).toEqual([[MIDNIGHT - 3 * DAY, 3]]);
  });

  it('leave the row of a window alone whose readings are no longer kept', async () => {
    const old = now - 95 * DAY;
    const fiveMinutes = Math.floor(old / (5 * MINUTE)) * 5 * MINUTE;
    await bring('d1', [[fiveMinutes, 10]]);
    const span = { fromMs: fiveMinutes, toMs: fiveMinutes + 5 * MINUTE, zoneOffsetMs: ZONE };
    await store.rollups.recompute({ tier: '5m', ...span });
    await store.rollups.forget('raw', old + DAY);
    await bring('d1', [[fiveMinutes + 1, 50]]);
    await bring('d1', [[now - MINUTE, 1]]);
    const { started } = start();
    await started;
    expect(await rows('5m', 'd1', fiveMinutes, fiveMinutes + HOUR)).toEqual([[fiveMinutes, 10]]);
    expect(cursor()).toBe(2);
  });

  it('do nothing ahead of the delivery, and wait while it is busy, but not for ever', async () => {
    await bring('d1', [[now - HOUR, 1]]);
    await bring('d1', [[now - 2 * HOUR, 1]]);
    let delivered = 1;
    let isBusy = false;
    const { started, pass } = start({ deliveredUpTo: () => delivered, isBusy: () => isBusy });
    await started;
    expect(cursor()).toBe(1);
    delivered = 2;
    isBusy = true;
    for (let skipped = 0; skipped < 10; skipped += 1) await pass();
    expect(cursor()).toBe(1);
    await pass();
    expect(cursor()).toBe(2);
  });

  it('begin again at their cursor when the store has lost rows', async () => {
    await bring('d1', [[now - 20 * MINUTE, 1]]);
    let isStale = false;
    const begun: string[] = [];
    const { started, pass } = start({
      journal: {
        read: (after, limit) => journal.read(after, limit),
        moveCursor: async () => {},
        cursor: async (name) => {
          begun.push(name);
          isStale = false;
          return 0;
        },
        isStale: () => isStale,
      },
    });
    await started;
    await pass();
    expect(begun).toHaveLength(1);
    let computed = 0;
    const { recompute } = store.rollups;
    Object.assign(store.rollups, {
      recompute: (span: Parameters<typeof recompute>[0]) => {
        if (span.tier === '5m') computed += 1;
        return recompute(span);
      },
    });
    isStale = true;
    await pass();
    expect([begun.length, computed]).toEqual([2, 1]);
  });

  it('try again when the store takes nothing, and say why', async () => {
    await bring('d1', [[now - HOUR, 1]]);
    const { recompute } = store.rollups;
    let isAway = true;
    Object.assign(store.rollups, {
      recompute: async (span: Parameters<typeof recompute>[0]) =>
        isAway ? { outcome: 'wait', reason: 'gone for lunch' } : recompute(span),
    });
    const { started, pass, rollups } = start();
    await started;
    expect(rollups.state()).toMatchObject({ reason: 'gone for lunch', waitingWindows: 1 });
    expect(cursor()).toBeUndefined();
    isAway = false;
    await pass();
    expect(rollups.state()).not.toHaveProperty('reason');
    expect(cursor()).toBe(1);
  });

  it('touch the true windows of a boot that was dated later', async () => {
    const shiftMs = 20 * DAY;
    // Delivered under its true time, while the journal holds what the clock said.
    const entry = await bring('d1', [[now - HOUR, 6]]);
    const provisional = now - HOUR - shiftMs;
    const payload = entry.payload.replace(/ \d+$/, ` ${seriesTimeNs(provisional, 1)}`);
    journal.entries[0] = { ...entry, payload, firstAtMs: provisional, lastAtMs: provisional };
    const payloadOfRecord = encodeRecord({
      ...{ kind: 'clock', atMs: now, bootId: BOOT, provisionalMs: 0, utcMs: shiftMs, source: 'system' },
    });
    let isDated = false;
    const { started, pass } = start({
      dating: {
        hold: ({ count }) => count > 0 && !isDated,
        shift: (lines) => lines.replace(/ \d+$/, ` ${seriesTimeNs(now - HOUR, 1)}`),
      },
    });
    await started;
    expect(cursor()).toBe(1);
    isDated = true;
    journal.add({
      ...{ kind: 'clock', bootId: 'another', firstAtMs: now, lastAtMs: now },
      payload: payloadOfRecord,
    });
    await pass();
    expect(await rows('5m', 'd1', now - 2 * HOUR, now)).toEqual([[now - HOUR, 6]]);
  });
});

describe('retention', () => {
  it('deletes readings after ninety days, unless rows are missing or the clock has jumped', async () => {
    now = MIDNIGHT;
    const old = now - 91 * DAY;
    await bring(
      'd1',
      Array.from({ length: 30 }, (_, index) => [old + index, index] as const),
    );
    await bring('d1', [[now - DAY, 1]]);
    let rolledUpToMs = now - 100 * DAY;
    let isTrusted = true;
    let next = () => {};
    let rested = Promise.withResolvers<void>();
    const retention = new Retention({
      ...{ store, logger, clock: { nowMs: () => now }, rolledUpToMs: () => rolledUpToMs },
      isClockTrusted: () => isTrusted,
      pause: (ms, signal) =>
        new Promise((resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
          if (ms < HOUR) return resolve();
          next = resolve;
          rested.resolve();
        }),
    });
    onTestFinished(() => retention.stop());
    retention.start();
    const sweep = async () => {
      await rested.promise;
      rested = Promise.withResolvers();
      next();
      await rested.promise;
      const all = { metric: 'volume', device: 'd1', fromMs: 0, toMs: 4e12, maxPoints: 99 } as const;
      return (await store.query({ ...all, aggregate: 'raw' })).length;
    };
    expect(await sweep()).toBe(31);
    now += HOUR;
    expect(await sweep()).toBe(31);
    rolledUpToMs = now;
    isTrusted = false;
    expect(await sweep()).toBe(31);
    isTrusted = true;
    expect(await sweep()).toBe(1);
    // Ten years ahead, and an hour later set right again.
    now += 3_650 * DAY;
    expect(await sweep()).toBe(1);
    now -= 3_650 * DAY - HOUR;
    expect(await sweep()).toBe(1);
  });
});
