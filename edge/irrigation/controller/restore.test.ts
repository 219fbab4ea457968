import type { JournalRecord } from '@nongtin/broker/wire';
import { expect, it } from 'vitest';
import { closes, only, testController } from './controller.suite.ts';
import { restore } from './restore.ts';
import type { IntentRecord, PastRecords } from './types.ts';

const NOW_MS = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

/** A journal that holds these, oldest first. */
function journalOf(records: readonly Partial<JournalRecord>[]): PastRecords {
  const newestFirst = records.toReversed() as JournalRecord[];
  return {
    records: async (kind, limit) =>
      newestFirst.filter((record) => record.kind === kind).slice(0, limit) as never,
  };
}

function intent(runId: string, zone: string, atMs: number): IntentRecord {
  const reason = { key: 'soil_dry', figures: {} };
  return { kind: 'intent', runId, zone, valve: `valve-${zone}`, atMs, durationSeconds: 600, reason };
}

const run = (runId: string, zone: string, endedAtMs: number) =>
  ({ kind: 'run', runId, zone, endedAtMs }) as const;

const restoreAll = (records: readonly Partial<JournalRecord>[]) =>
  restore(journalOf(records), [], { nowMs: NOW_MS, pauseMs: 120_000, handsOffMs: 900_000 });

it('no run that has been recorded counts as cut off by the restart, however many there are and however they overlap', async () => {
  const records = Array.from({ length: 6_000 }, (_, index) => {
    const atMs = NOW_MS - (6_000 - index) * HOUR_MS;
    // Zone a1 begins before a2 and ends after it.
    return [
      ...[intent(`a1-${index}`, 'a1', atMs), intent(`a2-${index}`, 'a2', atMs + 1)],
      ...[run(`a2-${index}`, 'a2', atMs + 2), run(`a1-${index}`, 'a1', atMs + 3)],
    ];
  }).flat();
  const single = [intent('a1-single', 'a1', NOW_MS - 1_000), run('a1-single', 'a1', NOW_MS)];
  expect((await restoreAll([...records, ...single])).interrupted).toEqual([]);
  const cutOff = intent('a1-cut-off', 'a1', NOW_MS);
  expect((await restoreAll([...records, ...single, cutOff])).interrupted).toEqual([cutOff]);
});

it.each([
  ['just', -60_000, ['a1']],
  ['longer ago than the pause', -121_000, []],
  ['by a clock that has gone back since', HOUR_MS, ['a1']],
])(
  'a zone that was watered %s waits for its pause after a restart, or not',
  async (_when, agoMs, waiting) => {
    const { recentlyWatered } = await restoreAll([
      intent('a1-1', 'a1', NOW_MS + agoMs - 60_000),
      run('a1-1', 'a1', NOW_MS + agoMs),
    ]);
    expect([...recentlyWatered]).toEqual(waiting);
  },
);

it('a zone that is locked since before a restart is told to close as often as any other until it says that it has', () => {
  const locks = new Map([['a1', { key: 'no_flow', figures: {} }]]);
  const farm = testController({ restored: { locks } });
  for (let second = 0; second < 600; second++) farm.wait(1);
  const sent = closes(farm.actions);
  const count = (id: string) => sent.filter((zone) => zone === id).length;
  expect(count('a1')).toBe(count('a2'));
  expect(count('a1')).toBeGreaterThan(10);
  const silent = only(farm.actions, 'raise_alarm').filter(({ reason }) => reason.key === 'valve_silent');
  expect(silent.map(({ zone }) => zone)).toContain('a1');
  const answered = farm.valve({});
  expect(only(answered, 'clear_alarm')).toMatchObject([{ zone: 'a1', key: 'valve_silent' }]);
  expect([
    closes(answered),
    only(farm.valve({}), 'clear_alarm'),
    closes(farm.wait(600)).includes('a1'),
  ]).toEqual([[], [], false]);
  expect(farm.zone().phase.name).toBe('locked');
});
