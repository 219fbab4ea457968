import type { JournalRecord } from '@nongtin/broker/wire';
import { expect, test } from 'vitest';
import type { FertigationJournal } from '../fertigation/book.ts';
import { demoFarm } from './demo.ts';
import { assumeDemo } from './demo-assumed.ts';
import { withDosing } from './demo-dosing.ts';
import { checkFarm } from './layout.ts';

/** What was journaled, and a demo's start that journals what it takes for granted. */
function demo() {
  const records: JournalRecord[] = [];
  const journal = {
    appendRecord: async (record: JournalRecord) => records.push(record),
    newest: async (kind: string) => records.filter((record) => record.kind === kind),
  } as unknown as FertigationJournal;
  const start = (farm = withDosing(demoFarm())) =>
    assumeDemo(farm, { wetTests: { assumeTested: async () => undefined }, journal }, 1_000);
  return { start, of: (kind: string) => records.filter((record) => record.kind === kind) };
}

test('the demo’s farm with a dosing head is one that a gateway takes', () => {
  expect(checkFarm(withDosing(demoFarm()), 'farm.json').heads).toHaveLength(1);
});

test('the demo’s pumps are taken for measured and its tanks for filled, once', async () => {
  const { start, of } = demo();
  await start();
  await start();
  expect(of('dose_calibration')).toHaveLength(3);
  expect(of('tank_fill')).toHaveLength(3);
  expect(of('tank_fill')[0]).toMatchObject({ tank: 'stock-a', litres: 180, recordedBy: 'demo' });
});

test('a pump that somebody has put in the place of a simulated one is measured by people', async () => {
  const { start, of } = demo();
  const farm = withDosing(demoFarm());
  const heads = (farm.heads ?? []).map((head) => ({
    ...head,
    tanks: head.tanks.map((tank) => (tank.id === 'acid' ? { ...tank, pump: { valve: 'my-pump' } } : tank)),
  }));
  await start({ ...farm, heads });
  expect(of('dose_calibration').map((record) => Reflect.get(record, 'tank'))).toEqual(['stock-a', 'stock-b']);
});
