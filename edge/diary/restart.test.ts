import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

it('the diary is all there after a restart, also when its book is lost or damaged', async () => {
  const farm = await testFarm();
  onTestFinished(() => farm.close());
  await farm.get('/api/farm');
  const author = (await farm.get('/api/auth/get-session')).user.id;
  const { plots } = await farm.get('/api/farm');
  const first = {
    ...{ revisionId: randomUUID(), entryId: randomUUID(), entryKind: 'harvest', madeOn: [] as string[] },
    ...{ author, phoneAtMs: 5, attach: [], detach: [] },
    set: { date: '2026-11-20', plot: plots[0].id, quantityKg: 120 },
  };
  const second = {
    ...{ ...first, revisionId: randomUUID(), madeOn: [first.revisionId] },
    set: { quantityKg: 125 },
    why: 'cân lại',
  };
  const send = async () => (await farm.post('/api/diary/revisions', { revisions: [first, second] })).json();
  expect((await send()).verdicts).toMatchObject([{ verdict: 'accepted' }, { verdict: 'accepted' }]);
  const entries = async () => (await farm.get('/api/diary?from=2026-11-20&to=2026-11-20')).entries;
  const before = await entries();
  expect(before).toMatchObject([{ fields: { quantityKg: { value: 125 } } }]);

  await farm.restart();
  expect(await entries()).toEqual(before);

  const folder = join(farm.dataDir, 'gateway', 'diary');
  for (const spoil of [
    (path: string) => rmSync(path),
    (path: string) => writeFileSync(path, 'no database'),
  ]) {
    await farm.gateway().stop();
    for (const name of readdirSync(folder)) if (name.startsWith('book.')) spoil(join(folder, name));
    await farm.restart();
    // Names of people are learned anew when they send; the diary itself is in the journal.
    const [entry] = await entries();
    expect(entry.revisions.map(({ revision }: { revision: unknown }) => revision)).toEqual([first, second]);
    expect((await send()).verdicts).toMatchObject([{ verdict: 'known' }, { verdict: 'known' }]);
  }
  // Four starts of a whole gateway.
}, 90_000);
