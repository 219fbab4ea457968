import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reason } from '@nongtin/broker/wire';
import { expect, it, onTestFinished } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import { Diary } from './diary.ts';
import { MemoryJournal, openGuard } from './memory-journal.suite.ts';

it('a harvest inside a pre-harvest interval stays in the diary, makes no lot, and people are told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-barred-'));
  const farm = demoFarm();
  const plot = farm.plots[0]?.id ?? '';
  const reason: Reason = { key: 'harvest_inside_interval', figures: { product: 'X' } };
  const told: unknown[] = [];
  const journal = new MemoryJournal();
  const diary = new Diary({
    ...{
      layout: { farm },
      journal,
      clock: { nowMs: () => Date.UTC(2026, 10, 22), isTrusted: () => true },
      newId: randomUUID,
      folder,
    },
    guard: { ...openGuard, admit: async () => [{ reason }], bars: () => [{ reason }] },
    onBarred: (...all) => told.push(all),
  });
  onTestFinished(() => {
    diary.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await diary.start();
  const revision = {
    ...{ revisionId: randomUUID(), entryId: randomUUID(), entryKind: 'harvest', madeOn: [] },
    ...{
      author: 'a',
      phoneAtMs: 5,
      attach: [],
      detach: [],
      set: { date: '2026-11-20', plot, quantityKg: 120 },
    },
  };
  const verdicts = await diary.accept([revision], { id: 'a', name: 'Bà Sáu', role: 'member' });
  expect(verdicts).toMatchObject([{ verdict: 'accepted' }]);
  expect(await journal.records('harvest', 10)).toEqual([]);
  expect(told).toEqual([[revision.entryId, [reason]]]);
  expect((await diary.days('2026-11-20', '2026-11-20')).entries).toMatchObject([{ warnings: [reason] }]);
});
