import { quality } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { ba, HOUR_MS, MORNING_MS, watched } from './watch.suite.ts';

const FLY = 'bactrocera-dorsalis';

describe('a trap that people count', () => {
  it('has its catch shared out to the days between two looks, and today missing', async () => {
    const farm = await watched();
    await farm.counts(12, '2026-11-19T07:00', { since: '2026-11-16T07:00' });
    await farm.counts(6, '2026-11-22T07:00');
    const { traps, today } = farm.watch.traps(8);
    const days = traps[0]?.days ?? [];
    expect(
      days.map(({ day, caught }) => [day - today, caught === null ? null : Math.round(caught * 100) / 100]),
    ).toEqual(
      [
        ...[
          [-7, 4],
          [-6, 4],
          [-5, 4],
          [-4, 2.58],
          [-3, 2],
          [-2, 2],
          [-1, null],
          [0, null],
        ],
      ].map(([at, caught]) => [at, caught]),
    );
    expect(traps[0]).toMatchObject({ last: { count: 6, by: 'Cô Ba' }, checkEveryDays: 7 });
  });

  it('is written once: the same words are an observation of the diary', async () => {
    const farm = await watched();
    const photo = { sha256: 'ab'.repeat(32), mediaType: 'image/jpeg', sizeBytes: 5_000 };
    const wish = { trap: 'me-1', count: 12, countedAt: '2026-11-22T07:00', since: '2026-11-19T07:00' };
    await farm.watch.notes.count({ ...wish, photo, note: ' sau mưa ' }, ba);
    expect(farm.records('trap_count')).toMatchObject([
      { count: 12, photoSha256: photo.sha256, countedBy: 'person', by: 'Cô Ba', recordedBy: 'u1' },
    ]);
    expect(farm.diary).toMatchObject([
      {
        ...{ entryKind: 'observation', author: 'u1', attach: [photo], madeOn: [] },
        entryId: farm.records('trap_count')[0]?.countId,
        set: {
          ...{ date: '2026-11-22', startTime: '07:00', plot: 'plot-a', count: 12, note: 'sau mưa' },
          ...{ trap: 'me-1', sinceDate: '2026-11-19', sinceTime: '07:00' },
          what: 'Bẫy 1: Ruồi đục quả phương đông (Bactrocera dorsalis)',
        },
      },
    ]);
  });

  it('is corrected by a revision, and what is sent twice is kept once', async () => {
    const farm = await watched();
    const countId = '11111111-1111-4111-8111-111111111111';
    const first = { since: '2026-11-16T07:00', countId };
    await farm.counts(12, '2026-11-19T07:00', first);
    expect(await farm.counts(12, '2026-11-19T07:00', first)).toMatchObject({ revision: 1 });
    expect(farm.records('trap_count')).toHaveLength(1);
    expect(await farm.counts(13, '2026-11-19T07:00', first)).toMatchObject({
      refused: { key: 'pest_known_otherwise' },
    });
    const wish = { trap: 'me-1', count: 21, countedAt: '2026-11-19T07:00' };
    const change = { revision: 1, why: 'đếm sót', wish };
    expect(await farm.watch.notes.correctCount(countId, change, ba)).toMatchObject({
      revision: 2,
      count: 21,
    });
    expect(await farm.watch.notes.correctCount(countId, change, ba)).toMatchObject({
      ...{ kind: 'conflict', refused: { key: 'pest_record_moved', figures: { revision: 2 } } },
    });
    const [begun, corrected] = farm.diary as { revisionId: string; madeOn: string[]; why?: string }[];
    expect(corrected).toMatchObject({ madeOn: [begun?.revisionId], why: 'đếm sót' });
    await farm.restart();
    expect(farm.watch.notes.counts()).toMatchObject([{ countId, revision: 2, count: 21 }]);
    await farm.watch.notes.withdrawCount(countId, { revision: 2, why: 'bẫy khác' }, ba);
    expect(farm.pest(FLY)?.perTrapPerDay).toBeNull();
    expect(farm.diary.at(-1)).toMatchObject({ withdrawn: true, why: 'bẫy khác' });
  });

  it.each([
    [{ count: -1 }, 'pest_count_negative'],
    [{ count: Number.NaN }, 'pest_count_negative'],
    [{ count: 2.5 }, 'pest_count_fraction'],
    [{ count: 1e9 }, 'pest_count_too_many'],
    [{ trap: 'me-9' }, 'pest_trap_unknown'],
    [{ countedAt: '23/11/2026' }, 'pest_time_unreadable'],
    [{ countedAt: '2026-02-30T07:00' }, 'pest_time_unreadable'],
    [{ countedAt: '2026-11-23T07:30' }, 'pest_time_future'],
    [{ countedAt: '2025-11-23T07:30' }, 'pest_time_too_old'],
    [{ since: '2026-11-22T08:00' }, 'pest_time_backwards'],
    [{ since: undefined }, 'pest_count_since_missing'],
  ])('is refused where it cannot be: %o', async (wrong, key) => {
    const farm = await watched();
    const wish = { trap: 'me-1', count: 3, countedAt: '2026-11-22T07:00', since: '2026-11-20T07:00' };
    expect(await farm.watch.notes.count({ ...wish, ...wrong }, ba)).toMatchObject({
      refused: { key },
      kind: 'wrong',
    });
    expect([...farm.records('trap_count'), ...farm.diary]).toEqual([]);
  });

  it('is not counted twice for the same days', async () => {
    const farm = await watched();
    await farm.counts(12, '2026-11-19T07:00', { since: '2026-11-16T07:00' });
    expect(await farm.counts(5, '2026-11-18T07:00', { since: '2026-11-17T07:00' })).toEqual({
      kind: 'conflict',
      refused: {
        key: 'pest_count_overlaps',
        figures: { trap: 'Bẫy 1', by: 'Cô Ba', count: 12, fromDate: '2026-11-16', untilDate: '2026-11-19' },
      },
    });
  });

  it('waits while nobody is sure of the time', async () => {
    const farm = await watched();
    farm.clock.isTrusted = false;
    const answer = await farm.counts(12, '2026-11-19T07:00', { since: '2026-11-16T07:00' });
    expect(answer).toMatchObject({ refused: { key: 'pest_clock_untrusted' } });
  });
});

describe('a trap that a device counts', () => {
  it('tells each day once, goes on after a restart, and counts nothing that is doubted', async () => {
    const farm = await watched();
    farm.says(100);
    farm.wait(6 * HOUR_MS);
    farm.says(104);
    farm.says(9_000, { quality: quality.outOfRange });
    farm.wait(10 * HOUR_MS);
    farm.says(108);
    farm.wait(3 * HOUR_MS);
    farm.says(109);
    await farm.restart();
    farm.wait(2 * HOUR_MS);
    farm.says(111);
    farm.wait(18 * HOUR_MS);
    farm.says(117);
    farm.wait(3 * HOUR_MS);
    farm.says(118);
    expect(farm.records('trap_count').map(({ count, by, counter }) => [count, by, counter])).toEqual([
      [9, 'trap-1', 109],
      [9, 'trap-1', 118],
    ]);
    expect(farm.records('trap_count')[0]).toMatchObject({
      trapId: 'me-2',
      countedBy: 'device',
      untilMs: MORNING_MS + 19 * HOUR_MS,
    });
  });

  it('with a clock of its own that is wrong is counted by the time at which it was heard', async () => {
    const farm = await watched();
    for (const total of [100, 103, 107]) {
      farm.says(total, { quality: quality.deviceTimeInvalid });
      farm.wait(9 * HOUR_MS);
    }
    expect(farm.watch.traps(1).traps[1]?.days).toEqual([{ day: 20_781, caught: null, isSpread: false }]);
    expect(farm.records('trap_count').map(({ count }) => count)).toEqual([3, 4]);
  });

  it('that a person has counted meanwhile leaves that count as it is', async () => {
    const farm = await watched();
    farm.says(100);
    farm.wait(8 * HOUR_MS);
    const wish = { trap: 'me-2', count: 50, since: '2026-11-23T06:00', countedAt: '2026-11-23T14:00' };
    await farm.watch.notes.count(wish, ba);
    farm.wait(10 * HOUR_MS);
    farm.says(104);
    expect(farm.records('trap_count').map(({ count, by }) => [count, by])).toEqual([[50, 'Cô Ba']]);
  });

  it('is not corrected by people, who say what they see', async () => {
    const farm = await watched();
    farm.says(100);
    farm.wait(25 * HOUR_MS);
    farm.says(105);
    const [{ countId } = { countId: '' }] = farm.records('trap_count');
    expect(await farm.watch.notes.withdrawCount(countId, { revision: 1, why: 'sai' }, ba)).toMatchObject({
      refused: { key: 'pest_count_of_device', figures: { by: 'trap-1' } },
    });
  });
});
