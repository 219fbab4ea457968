import type { DiaryRevision } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ba, byHand, MORNING_MS, watched } from './watch.suite.ts';

const MINUTE_MS = 60_000;
const chin = { id: 'u2', name: 'Anh Chín', role: 'member' };
const id = (n: number) => `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
const local = (atMs: number) => new Date(atMs + 7 * 3_600_000).toISOString().slice(0, 16);

/** As a phone writes it without a signal. */
function count(
  n: number,
  caught: number,
  at: string,
  more: Partial<DiaryRevision> & { since?: string } = {},
) {
  const [date = '', startTime = ''] = at.split('T');
  const [sinceDate, sinceTime] = more.since?.split('T') ?? [];
  const { since: _, set, ...rest } = more;
  return {
    ...{ revisionId: id(n), entryId: id(n), entryKind: 'observation', madeOn: [], author: 'u1' },
    ...{ phoneAtMs: MORNING_MS + n, attach: [], detach: [], ...rest },
    set: {
      ...{ date, startTime, plot: 'plot-a', trap: 'me-1', count: caught, what: 'Bẫy 1', ...set },
      ...(sinceDate === undefined ? {} : { sinceDate, sinceTime: sinceTime ?? '00:00' }),
    },
  } satisfies DiaryRevision;
}

type Watched = Awaited<ReturnType<typeof watched>>;
const caughtBy = (farm: Watched) =>
  farm.watch
    .traps(14)
    .traps[0]?.days.map(({ caught }) => (caught === null ? null : Math.round(caught * 1_000) / 1_000)) ?? [];

describe('a count that a phone wrote without a signal', () => {
  it('counts as one that was made at the gateway, and stands in the diary under the same id', async () => {
    const farm = await watched();
    const photo = { sha256: 'ab'.repeat(32), mediaType: 'image/jpeg', sizeBytes: 5_000 };
    const first = count(1, 12, '2026-11-19T07:00', { since: '2026-11-16T07:00', attach: [photo] });
    await farm.accept([first, count(2, 6, '2026-11-22T07:00')], ba);
    expect(farm.watch.notes.counts()).toMatchObject([
      { countId: id(2), count: 6, fromMs: Date.UTC(2026, 10, 19), countedBy: 'person', by: 'Cô Ba' },
      { countId: id(1), count: 12, fromMs: Date.UTC(2026, 10, 16), photoSha256: photo.sha256 },
    ]);
    await farm.restart();
    expect(caughtBy(farm).filter((one) => one !== null)).toEqual([4, 4, 4, 2.583, 2, 2]);
  });

  it('is corrected and withdrawn by the phone, and by the gateway’s door', async () => {
    const farm = await watched();
    await farm.accept([count(1, 12, '2026-11-19T07:00', { since: '2026-11-16T07:00' })], ba);
    const change = { entryId: id(1), why: 'đếm sót' };
    const corrected = count(2, 0, '2026-11-19T07:00', { ...change, madeOn: [id(1)] });
    await farm.accept([{ ...corrected, set: { count: 21 } }], chin);
    expect(farm.watch.notes.counts()).toMatchObject([
      { revision: 2, count: 21, by: 'Anh Chín', why: 'đếm sót' },
    ]);
    await farm.watch.notes.withdrawCount(id(1), { revision: 2, why: 'bẫy khác' }, ba);
    expect(farm.watch.notes.counts()).toMatchObject([{ revision: 3, state: 'withdrawn', why: 'bẫy khác' }]);
    const back = { ...corrected, revisionId: id(3), madeOn: [farm.diary.at(-1)?.revisionId ?? ''] };
    await farm.accept([{ ...back, set: {}, withdrawn: false }], chin);
    expect(farm.watch.notes.counts()).toMatchObject([{ revision: 4, state: 'standing', count: 21 }]);
    await farm.accept([{ ...back, revisionId: id(4), madeOn: [id(3)], set: {}, withdrawn: true }], ba);
    expect(caughtBy(farm).every((one) => one === null)).toBe(true);
  });

  it('stays counted when a note is added later, though its trap is gone by then', async () => {
    const traps = [byHand];
    const farm = await watched({ traps });
    await farm.accept([count(1, 12, '2026-11-19T07:00', { since: '2026-11-16T07:00' })], ba);
    traps.length = 0;
    const noted = count(2, 0, '2026-11-19T07:00', { entryId: id(1), madeOn: [id(1)] });
    await farm.accept([{ ...noted, set: { note: 'sau mưa' } }], ba);
    expect(farm.records('trap_count')).toMatchObject([{ revision: 1, state: 'standing', count: 12 }]);
    expect(farm.warnings(id(1))).toEqual([]);
  });

  it.each([
    ['of a trap that is gone', { set: { trap: 'me-9' } }, 'pest_trap_unknown'],
    ['of an hour that has not come', { set: { startTime: '23:00', date: '2026-11-23' } }, 'pest_time_future'],
    ['of half a fly', { set: { count: 2.5 } }, 'pest_count_fraction'],
    ['without a number', { set: { count: null } }, 'pest_count_negative'],
    ['without a time', { set: { startTime: null } }, 'pest_time_unreadable'],
    [
      'of the look that another has told',
      { set: { startTime: '07:10', date: '2026-11-20' } },
      'pest_count_overlaps',
    ],
  ])('%s stays in the diary with what is wrong, and is not reckoned with', async (_what, wrong, key) => {
    const farm = await watched();
    await farm.accept([count(1, 5, '2026-11-20T07:00', { since: '2026-11-16T07:00' })], chin);
    await farm.accept([count(2, 3, '2026-11-22T07:00', wrong)], ba);
    expect(farm.watch.notes.counts()).toMatchObject([{ countId: id(1) }]);
    expect(farm.warnings(id(2))).toMatchObject([{ key }]);
    expect(farm.warnings(id(1))).toEqual([]);
  });

  it('of a trap that nobody has looked at before begins the next one, and says that its own time is not known', async () => {
    const farm = await watched();
    await farm.accept([count(1, 9, '2026-11-20T07:00'), count(2, 6, '2026-11-22T07:00')], ba);
    expect(caughtBy(farm).filter((one) => one !== null)).toEqual([3, 3]);
    expect(farm.warnings(id(1))).toEqual([{ key: 'pest_count_since_missing', figures: { trap: 'Bẫy 1' } }]);
  });

  it('is counted while nobody is sure of the time', async () => {
    const farm = await watched();
    farm.clock.isTrusted = false;
    farm.clock.ms = 0;
    await farm.accept([count(1, 12, '2026-11-19T07:00', { since: '2026-11-16T07:00' })], ba);
    expect(farm.records('trap_count')).toMatchObject([{ count: 12 }]);
  });
});

it('whoever comes back first and however often: each catch is counted once, of the time between two looks', async () => {
  const looks = fc.array(
    fc.record({ gapMinutes: fc.integer({ min: 31, max: 2_880 }), caught: fc.integer({ min: 0, max: 90 }) }),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(looks, fc.infiniteStream(fc.nat()), async (made, random) => {
      const firstMs = MORNING_MS - 12 * 86_400_000;
      let atMs = firstMs;
      const revisions = made.map(({ gapMinutes, caught }, n) => {
        atMs += gapMinutes * MINUTE_MS;
        return count(n + 1, caught, local(atMs), n === 0 ? { since: local(firstMs) } : {});
      });
      const inOrder = await watched();
      for (const one of revisions) await inOrder.accept([one], ba);
      const shuffled = await watched();
      const twice = [...revisions, ...revisions]
        .map((one) => ({ one, key: random.next().value ?? 0 }))
        .sort((a, b) => a.key - b.key);
      for (const { one } of twice) await shuffled.accept([one], one.set.count % 2 === 0 ? ba : chin);
      expect(caughtBy(shuffled)).toEqual(caughtBy(inOrder));
      expect(shuffled.records('trap_count')).toHaveLength(revisions.length);
      await shuffled.restart();
      expect(caughtBy(shuffled)).toEqual(caughtBy(inOrder));
      // Days of which less than half is known have no catch: what is told is never more than was caught.
      const told = caughtBy(shuffled).reduce((sum: number, one) => sum + (one ?? 0), 0);
      expect(told).toBeLessThanOrEqual(made.reduce((sum, { caught }) => sum + caught, 0) * 2 + 1e-3);
    }),
    { numRuns: 40 },
  );
});
