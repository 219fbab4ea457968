import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiaryRevision, HarvestRecord, SprayRecord } from '@nongtin/broker/wire';
import { expect, it, onTestFinished } from 'vitest';
import { farm as guardedFarm, manager, member, technician } from '../crop-protection/farm.suite.ts';
import { demoFarm } from '../farm/demo.ts';
import { Diary } from './diary.ts';
import { MemoryJournal } from './memory-journal.suite.ts';

/** A diary with the real guard behind it; 09:00 on 23 November 2026 in Vietnam. */
async function farmWithDiary() {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-spraying-'));
  const site = await guardedFarm();
  const journal = new MemoryJournal(site.journal);
  const barred = new Map<string, readonly unknown[]>();
  const clock = { nowMs: () => site.clock.ms, isTrusted: () => site.clock.isTrusted };
  const open = async () => {
    const diary = new Diary({
      ...{ layout: { farm: demoFarm() }, journal, clock, newId: randomUUID, folder, guard: site.ledger },
      onBarred: (entryId, bars) => void barred.set(entryId, bars),
    });
    await diary.start();
    return diary;
  };
  let diary = await open();
  onTestFinished(() => {
    diary.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    ...{ site, barred, diary: () => diary },
    restart: async () => {
      diary.stop();
      await site.restart();
      diary = await open();
    },
    write: async (told: Partial<DiaryRevision>, person = member) => {
      const revision: DiaryRevision = {
        ...{ revisionId: randomUUID(), entryId: randomUUID(), entryKind: 'spraying', madeOn: [] },
        ...{ author: person.id, phoneAtMs: 5, attach: [], detach: [], set: {}, ...told },
      };
      const [verdict] = await diary.accept([revision], person);
      return { revision, verdict };
    },
    sprays: () => site.journal.filter((one): one is SprayRecord => one.kind === 'spray'),
    harvests: () => site.journal.filter((one): one is HarvestRecord => one.kind === 'harvest'),
  };
}

const spraying = (more: DiaryRevision['set'] = {}): DiaryRevision['set'] => ({
  ...{ date: '2026-11-22', endTime: '07:30', startTime: '06:00', plot: 'plot-a', product: 'ví dụ 100ec' },
  ...{ target: 'kiến', doneBy: 'Cô Ba', doseAmount: 0.8, doseUnit: 'l_per_ha', ...more },
});
const picked = (more: DiaryRevision['set'] = {}) => ({
  entryKind: 'harvest',
  set: { date: '2026-11-23', plot: 'plot-a', quantityKg: 120, ...more },
});

it('a spraying that a phone writes bars the harvest as one that the guard was told', async () => {
  const { site, write, sprays, diary } = await farmWithDiary();
  await site.imported();
  const { revision } = await write({ set: spraying() });
  expect(sprays()).toMatchObject([
    {
      ...{ sprayId: revision.entryId, isFromDiary: true, endDate: '2026-11-22', operator: 'Cô Ba' },
      products: [{ tradeName: 'Ví dụ 100EC', listed: { phiDays: 7, version: 1, row: 0 } }],
      warnings: [],
    },
  ]);
  expect(await site.harvest()).toEqual(['harvest_inside_interval']);
  expect(site.ledger.plots().plots[0]?.earliestHarvest?.earliestDate).toBe('2026-11-29');
  const { entries, sprays: alone } = await diary().days('2026-11-20', '2026-11-23');
  expect(entries).toMatchObject([
    { warnings: [{ key: 'harvest_inside_interval', figures: { earliestDate: '2026-11-29' } }] },
  ]);
  expect(alone).toEqual([]);
});

it('what is odd about a spraying stands beside the entry, and keeps nobody from writing it', async () => {
  const { site, write, diary } = await farmWithDiary();
  await site.imported();
  const odd = spraying({ doseAmount: 9, product: 'Ví dụ 100EC' });
  await write({ set: odd });
  await write({ set: { ...spraying({ product: 'thuốc lạ' }), endTime: null, doseAmount: null } });
  const { entries } = await diary().days('2026-11-22', '2026-11-22');
  const keys = entries.flatMap(({ warnings }) => warnings.map(({ key }) => key)).sort();
  expect(keys).toEqual([
    ...['harvest_inside_interval', 'harvest_phi_unknown', 'spray_dose_above', 'spray_end_untold'],
    'spray_product_unlisted',
  ]);
});

it('days and hours that a person has read from the label count where they are longer than the list', async () => {
  const { site, write } = await farmWithDiary();
  await site.imported();
  await write({ set: spraying({ preHarvestDays: 10 }) });
  expect(site.ledger.plots().plots[0]?.earliestHarvest?.earliestDate).toBe('2026-12-02');
  await write({ set: spraying({ preHarvestDays: 1, plot: 'plot-b' }) });
  expect(site.ledger.plots().plots[1]?.earliestHarvest?.earliestDate).toBe('2026-11-29');
});

it('a member’s correction in the diary opens nothing until a technician gives the word', async () => {
  const { site, write, diary, sprays } = await farmWithDiary();
  await site.imported();
  const { revision } = await write({ set: spraying() });
  const correction = {
    ...{ entryId: revision.entryId, madeOn: [revision.revisionId], set: { date: '2026-11-10' } },
    why: 'ghi nhầm ngày',
  };
  expect((await write(correction)).verdict).toMatchObject({ verdict: 'accepted' });
  expect(sprays()).toHaveLength(1);
  expect(await site.harvest()).toEqual(['harvest_inside_interval']);
  const [entry] = (await diary().days('2026-11-10', '2026-11-10')).entries;
  expect(entry?.warnings.map(({ key }) => key)).toContain('spray_change_opens_harvest');

  expect(await diary().giveWord(revision.entryId, technician, 'xem sổ giấy rồi')).toEqual({ barred: [] });
  expect(sprays().at(-1)).toMatchObject({ revision: 2, why: 'xem sổ giấy rồi', recordedBy: technician.id });
  expect(await site.harvest()).toEqual([]);
});

it('a photo or a note that is added later says nothing new to the guard', async () => {
  const { site, write, sprays } = await farmWithDiary();
  await site.imported();
  const { revision } = await write({ set: spraying() });
  await write({ entryId: revision.entryId, madeOn: [revision.revisionId], set: { note: 'trời mát' } });
  expect(sprays()).toHaveLength(1);
});

it('a spraying of the diary is corrected in the diary, not beside it', async () => {
  const { site, write } = await farmWithDiary();
  await site.imported();
  const { revision } = await write({ set: spraying() });
  const withdrawn = await site.ledger.withdraw(revision.entryId, { revision: 1, why: 'x' }, manager);
  expect(withdrawn).toMatchObject({ refused: { key: 'spray_is_in_diary' } });
});

it('a spraying over midnight ends on the next day; given through the drip lines it bars the plots that share them', async () => {
  const { site, write, sprays } = await farmWithDiary();
  await site.imported();
  await write({ set: spraying({ startTime: '22:00', endTime: '01:30', isThroughDrip: true }) });
  expect(sprays()).toMatchObject([{ endDate: '2026-11-23', sharedWith: ['plot-b'] }]);
  const earliest = site.ledger.plots().plots.map(({ earliestHarvest }) => earliestHarvest?.earliestDate);
  expect(earliest).toEqual(['2026-11-30', '2026-11-30']);
  expect(await site.harvest(site.clock.ms, undefined, 'plot-b')).toEqual(['harvest_inside_interval']);
});

it('a harvest inside an interval waits in the diary for a manager’s word, and becomes one for lots by it', async () => {
  const { site, write, diary, harvests, barred, restart } = await farmWithDiary();
  await site.imported();
  await write({ set: spraying() });
  const { revision } = await write(picked());
  expect(harvests()).toEqual([]);
  expect(barred.get(revision.entryId)).toMatchObject([{ key: 'harvest_inside_interval' }]);
  await restart();
  const warned = (await diary().days('2026-11-23', '2026-11-23')).entries;
  expect(warned).toMatchObject([{ warnings: [{ key: 'harvest_inside_interval' }] }]);

  const refused = await diary().giveWord(revision.entryId, technician, 'khách cần');
  expect(refused?.barred).toMatchObject([{ key: 'harvest_inside_interval' }]);
  expect(await diary().giveWord(revision.entryId, manager, 'làm thức ăn gia súc')).toEqual({ barred: [] });
  expect(harvests()).toMatchObject([
    {
      ...{ harvestId: revision.entryId, quantityKg: 120 },
      override: { byName: manager.name, reason: 'làm thức ăn gia súc' },
    },
  ]);
  expect(barred.get(revision.entryId)).toEqual([]);
  expect((await diary().days('2026-11-23', '2026-11-23')).entries).toMatchObject([{ warnings: [] }]);
});

it('a harvest that the diary corrects is told again, and once for each correction', async () => {
  const { write, harvests, restart } = await farmWithDiary();
  const { revision } = await write(picked());
  const change = (told: Partial<DiaryRevision>, after: DiaryRevision) =>
    write({ ...picked(), entryId: revision.entryId, madeOn: [after.revisionId], ...told });
  const less = await change({ set: { quantityKg: 100 } }, revision);
  await restart();
  const noted = await change({ set: { note: 'sọt 5 rách' } }, less.revision);
  const gone = await change({ set: {}, withdrawn: true, why: 'ghi hai lần' }, noted.revision);
  const moved = { set: { plot: 'plot-b' }, withdrawn: false };
  await change(moved, gone.revision);
  expect(harvests().map(({ quantityKg, plot, correction }) => [quantityKg, plot, correction])).toEqual([
    [120, 'plot-a', undefined],
    [100, 'plot-a', { revision: 1, withdrawn: false }],
    [100, 'plot-a', { revision: 2, withdrawn: true }],
    [100, 'plot-b', { revision: 3, withdrawn: false }],
  ]);
  expect(new Set(harvests().map(({ harvestId }) => harvestId))).toEqual(new Set([revision.entryId]));
});
