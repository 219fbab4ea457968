import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

/** On a busy machine; otherwise it takes two seconds. */
vi.setConfig({ testTimeout: 90_000 });

it('counts of people and of a device over MQTT, and a farm’s own thresholds, outlive a restart of the real gateway', async () => {
  const farm = await testFarm();
  onTestFinished(() => farm.close());
  await farm.get('/api/farm');
  const trap = await farm.device('trap-1');
  for (const flies of [100, 107])
    await trap.publishAsync('nongtin/v1/trap-1/readings', JSON.stringify({ trap_count: flies }), { qos: 1 });
  const atMs = Date.now() - 86_400_000;
  const local = (ms: number) => new Date(ms + 7 * 3_600_000).toISOString().slice(0, 16);
  const made = await farm.post('/api/pests/counts', {
    ...{ trap: 'fly-plot-b', count: 70, since: local(atMs - 7 * 86_400_000), countedAt: local(atMs) },
  });
  expect(made.status).toBe(201);
  const fly = async (plot: number) =>
    (await farm.get('/api/pests')).plots[plot].pests.find(
      ({ pest }: { pest: string }) => pest === 'bactrocera-dorsalis',
    );
  expect(await fly(1)).toMatchObject({ reason: { key: 'pest_above_threshold', figures: { action: 4.7 } } });

  const thresholds = [{ unit: 'per_trap_day', value: 8, source: 'Chi cục BVTV, 2026' }];
  writeFileSync(
    join(farm.dataDir, 'gateway', 'pests.json'),
    JSON.stringify({ format: 'nongtin-pests-1', pests: [{ id: 'bactrocera-dorsalis', thresholds }] }),
  );
  await farm.restart();
  expect(await fly(1)).toMatchObject({
    advice: 'act',
    reason: { key: 'pest_above_threshold', figures: { action: 8 } },
  });
  // What a phone wrote without a signal comes by the diary's door.
  const entryId = randomUUID();
  const account = (await farm.get('/api/auth/get-session')).user.id;
  const looked = local(Date.now() - 3_600_000).split('T');
  const revision = {
    ...{ revisionId: randomUUID(), entryId, entryKind: 'observation', madeOn: [], author: account },
    ...{ phoneAtMs: Date.now(), attach: [], detach: [] },
    set: {
      date: looked[0],
      startTime: looked[1],
      plot: 'plot-b',
      trap: 'fly-plot-b',
      count: 12,
      what: 'Bẫy',
    },
  };
  const answer = await farm.post('/api/diary/revisions', { revisions: [revision, revision] });
  const { verdicts } = (await answer.json()) as { verdicts: { verdict: string }[] };
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['accepted', 'known']);
  expect((await farm.get('/api/pests/counts')).counts).toMatchObject([
    { countId: entryId, count: 12 },
    { count: 70 },
  ]);
  const { alarms } = await farm.get('/api/alarms');
  expect(alarms).toContainEqual(
    expect.objectContaining({ source: 'plot-b/bactrocera-dorsalis', severity: 'low', state: 'active' }),
  );
});
