import { expect, it, onTestFinished, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

/** On a busy machine; otherwise it takes two seconds. */
vi.setConfig({ testTimeout: 90_000 });

const LIST = `trade_name,active_ingredients,dose_min,dose_max,dose_unit,phi_days,rei_hours,crops,source,source_date
Ví dụ 100EC,exampline 100 g/L,0.5,1,L/ha,7,24,dragon fruit,nhãn,2026-01-05`;

/** A moment of the last days as the farm's clock shows it. */
const farmTime = (hoursAgo: number) =>
  new Date(Date.now() + (7 - hoursAgo) * 3_600_000).toISOString().slice(0, 16);

it('list, spray, refused harvest and the alarm of a late spray outlive a restart of the real gateway', async () => {
  const farm = await testFarm();
  onTestFinished(() => farm.close());
  await farm.get('/api/farm');
  const { email, password } = farm.secrets.users.technician;
  const url = (path: string) => `http://127.0.0.1:${farm.gateway().ports.httpPort}${path}`;
  const signedIn = await farm.post('/api/auth/sign-in/email', { email, password });
  const authorization = `Bearer ${signedIn.headers.get('set-auth-token')}`;
  const send = (path: string) =>
    fetch(url(path), { method: 'POST', headers: { authorization, 'content-type': 'text/csv' }, body: LIST });
  // biome-ignore lint/suspicious/noExplicitAny: schemas are tested elsewhere
  const seen = (await (await send('/api/products/preview')).json()) as any;
  expect((await send(`/api/products?sha256=${seen.sha256}&follows=0&fileName=a.csv`)).status).toBe(201);

  const harvest = { plot: 'plot-b', quantityKg: 5 };
  expect((await farm.post('/api/harvests', harvest)).status).toBe(201);
  const dose = { amount: 0.8, unit: 'L/ha' };
  const spray = {
    ...{ products: [{ version: 1, row: 0, dose }], pest: 'kiến', operator: 'Cô Ba' },
    ...{ startedAt: farmTime(6), endedAt: farmTime(5) },
  };
  for (const plot of ['plot-a', 'plot-b'])
    expect((await farm.post('/api/sprays', { ...spray, plot })).status).toBe(201);

  await farm.restart();
  expect((await farm.get('/api/products')).list).toMatchObject({ version: 1, fileName: 'a.csv' });
  const { plots } = await farm.get('/api/crop-protection');
  expect(plots.slice(0, 2)).toMatchObject([
    {
      plot: 'plot-a',
      earliestHarvest: { reason: { key: 'harvest_inside_interval' } },
      noEntry: [{ zones: [] }],
    },
    { plot: 'plot-b', earliestHarvest: { reason: { key: 'harvest_inside_interval' } } },
  ]);
  expect((await farm.post('/api/harvests', { ...harvest, plot: 'plot-a' })).status).toBe(409);
  const broken = (await farm.get('/api/alarms')).alarms.filter(
    ({ reason }: { reason: { key: string } }) => reason.key === 'harvest_broke_interval',
  );
  expect(broken).toMatchObject([
    { state: 'active', severity: 'critical', source: expect.stringMatching(/^plot-b\//) },
  ]);
});
