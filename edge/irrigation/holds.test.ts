import type { JournalRecord, ProgramHoldRecord } from '@nongtin/broker/wire';
import { expect, it } from 'vitest';
import { ProgramHolds } from './holds.ts';

let nowMs = 1_000_000;
function start(records: ProgramHoldRecord[]) {
  const journal = {
    appendRecord: async (record: JournalRecord) => records.push(record as ProgramHoldRecord),
    records: async () => records.toReversed(),
  };
  return new ProgramHolds(journal, () => nowMs);
}

it('pauses one zone until its time has come, over a restart', async () => {
  const records: ProgramHoldRecord[] = [];
  await start(records).hold('a1', { untilMs: nowMs + 60_000, by: 'sau' });
  const holds = start(records);
  await holds.start();
  expect(holds.of('a1').pause).toEqual({ untilMs: nowMs + 60_000, by: 'sau' });
  expect(holds.of('a2').pause).toBeNull();
  nowMs += 60_000;
  expect(holds.of('a1').pause).toBeNull();
});

it('stops all of them until somebody takes it back, and remembers that too', async () => {
  const records: ProgramHoldRecord[] = [];
  const holds = start(records);
  const durable = holds.hold(null, { untilMs: null, by: 'sau' });
  expect(holds.of('a1').stopAll, 'at once').toEqual({ untilMs: null, by: 'sau' });
  await durable;
  await holds.release(null, 'ba');
  const later = start(records);
  await later.start();
  expect(later.of('a1').stopAll).toBeNull();
  expect(records.map(({ by }) => by)).toEqual(['sau', 'ba']);
});
