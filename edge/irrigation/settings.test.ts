import type { JournalRecord, ZoneSettingsRecord } from '@nongtin/broker/wire';
import { expect, it } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { zonesOf } from '../farm/layout.ts';
import { ZoneSettings } from './settings.ts';

const [zone = expect.fail('the demo has zones')] = zonesOf(demoFarm());
const asker = { by: 'Chị Ba', commandId: 'c1', isStillWanted: () => true };
const clock = { nowMs: () => 5 };

function journal() {
  const kept: ZoneSettingsRecord[] = [];
  return {
    kept,
    appendRecord: async (record: JournalRecord) => {
      if (record.kind === 'zone_settings') kept.unshift(record);
      return kept.length;
    },
    records: async () => kept,
  };
}

it('gives way to the farm’s own file as soon as a person edits the zone there', async () => {
  const disk = journal();
  await new ZoneSettings(disk, clock).change(zone, { maxRunSeconds: 900 }, asker);
  const after = new ZoneSettings(disk, clock);
  await after.start();
  expect(after.apply(zone).maxRunSeconds).toBe(900);
  const edited = { ...zone, maxRunSeconds: 1200 };
  expect(after.apply(edited)).toEqual(edited);
  expect(after.changeOf(edited)).toBeUndefined();
  // What the zone is called, or which probe it has, is no setting.
  expect(after.apply({ ...zone, name: 'Khu 1', soilProbe: 'soil-new' }).maxRunSeconds).toBe(900);
});

it('counts the newest change of a zone, and one back to the farm’s own as none', async () => {
  const disk = journal();
  const settings = new ZoneSettings(disk, clock);
  await settings.change(zone, { maxRunSeconds: 900 }, asker);
  await settings.change(zone, { maxRunSeconds: 1800, runSeconds: 600 }, asker);
  expect(settings.changeOf(zone)).toBeUndefined();
  expect(disk.kept).toMatchObject([{ before: { maxRunSeconds: 900 } }, { before: { maxRunSeconds: 1800 } }]);
});

it('takes two changes of one zone one after the other', async () => {
  const settings = new ZoneSettings(journal(), clock);
  const [, second] = await Promise.all([
    settings.change(zone, { maxRunSeconds: 500 }, asker),
    settings.change(zone, { runSeconds: 501 }, asker),
  ]);
  expect(second).toMatchObject({ changed: false, reason: { key: 'duration_above_limit' } });
});
