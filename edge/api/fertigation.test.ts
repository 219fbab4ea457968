import { expect, it, onTestFinished, vi } from 'vitest';
import type { Farm } from '../farm/layout.ts';
import { documentedFarm } from '../fertigation/farm.suite.ts';
import { testApi } from './parts.suite.ts';

/** Hashing passwords takes its time on a busy machine. */
vi.setConfig({ testTimeout: 90_000 });

/** The demo farm with the documented plot, head and recipes beside its own. */
function withHead(farm: Farm): Farm {
  const { plots, heads = [], recipes = [], sources = [] } = documentedFarm();
  return { ...farm, plots: [...farm.plots, ...plots], heads, recipes, sources };
}

async function api() {
  const found = await testApi(undefined, undefined, withHead);
  onTestFinished(() => found.close());
  // Each pump says that it stands, as its relay would.
  for (const output of [1, 2, 3])
    found.fertigation.onReadings([
      { metric: 'valve_open', device: 'bom-phan', channel: `POWER${output}`, value: 0, quality: 0 },
    ]);
  return found;
}

it('shows heads with why nothing is dosed, tanks, recipes and doses', async () => {
  const technician = await (await api()).as('technician');
  const answer = await technician.get('/api/fertigation');
  expect(answer.statusCode).toBe(200);
  const { heads, recipes } = answer.json();
  expect(heads).toMatchObject([{ head: 'cham-phan', state: 'idle', reason: null, dose: null }]);
  expect(heads[0].tanks[0]).toMatchObject({
    ...{ tank: 'bon-a', kind: 'pump', leftLitres: null, rate: null, calibration: null, apartFrom: ['bon-b'] },
    gramsPerLitre: { N: 15.5, CaO: expect.closeTo(26.5) },
  });
  expect(recipes).toMatchObject([
    { recipe: 'nuoi-la', mode: 'ec', ecTarget: 1.6, phTarget: 6, head: 'cham-phan' },
    {
      recipe: 'nuoi-trai',
      mode: 'kg_per_ha',
      places: [{ plot: 'lo-1', zone: null, stages: ['mid', 'late'] }],
    },
  ]);
  expect((await technician.get('/api/fertigation/doses')).json()).toEqual({ doses: [] });
  const { plots } = (await technician.get('/api/fertigation/nutrients')).json();
  expect(plots).toMatchObject([
    {
      plot: 'lo-1',
      seasonFrom: '2026-10-01',
      planKilogramsPerHectare: { N: 120 },
      doses: 0,
      indications: [],
    },
  ]);
});

it('lets people stop a head at once, and those who answer for the farm let it go on', async () => {
  const { as } = await api();
  const [member, manager] = [await as('member'), await as('manager')];
  const stopped = await member.post('/api/fertigation/heads/cham-phan/stop');
  expect([stopped.statusCode, stopped.json().head.state]).toEqual([202, 'stopped']);
  expect((await member.post('/api/fertigation/heads/cham-phan/resume')).statusCode).toBe(403);
  const resumed = await manager.post('/api/fertigation/heads/cham-phan/resume');
  expect([resumed.statusCode, resumed.json().head.state]).toEqual([202, 'idle']);
  const unlocked = await manager.post('/api/fertigation/heads/cham-phan/unlock');
  expect([unlocked.statusCode, unlocked.json().error.reason.key]).toEqual([409, 'dose_not_locked']);
});

it('takes what is in a tank, and the runs into a cup', async () => {
  const { as, commands } = await api();
  const [technician, member] = [await as('technician'), await as('member')];
  const filled = await member.post('/api/fertigation/tanks/bon-a/filled', { litres: 150 });
  expect([filled.statusCode, filled.json().head.tanks[0].leftLitres]).toEqual([201, 150]);
  const level = { litres: 200, litresBefore: 100 };
  const read = await member.post('/api/fertigation/tanks/bon-a/filled', level);
  // Nothing was dosed from it, and a third is gone.
  expect([read.statusCode, read.json().head.tanks[0]]).toMatchObject([
    201,
    {
      ...{ leftLitres: 200, stocktake: { drawnMillilitres: 50_000, ratio: null, doubt: 'too_much_drawn' } },
      doubt: { key: 'dose_stock_too_much', figures: { tank: 'bon-a' } },
    },
  ]);
  commands.splice(0);
  const cup = { seconds: 30, holdsCup: true };
  expect((await member.post('/api/fertigation/tanks/bon-a/calibrate', cup)).statusCode).toBe(403);
  const begun = await technician.post('/api/fertigation/tanks/bon-a/calibrate', cup);
  expect([begun.statusCode, begun.json().calibration.stage]).toEqual([202, 'running']);
  expect(commands).toEqual([{ topic: 'cmnd/bom-phan/Backlog0', command: 'PulseTime1 130;Power1 ON' }]);
  const again = await technician.post('/api/fertigation/tanks/bon-b/calibrate', cup);
  expect([again.statusCode, JSON.stringify(again.json())]).toEqual([
    409,
    expect.stringContaining('dose_calibration_runs'),
  ]);
  expect((await member.post('/api/fertigation/tanks/bon-a/calibrate/stop')).statusCode).toBe(202);
  expect(commands.at(-1)).toEqual({ topic: 'cmnd/bom-phan/Power1', command: 'OFF' });
  const early = await technician.post('/api/fertigation/tanks/bon-a/calibrate/measured', {
    ...{ calibrationId: begun.json().calibration.calibrationId, millilitres: 300 },
  });
  expect(early.statusCode).toBe(409);
});

const wrong: [path: string, body: object, status: number][] = [
  ['heads/none/stop', {}, 404],
  ['tanks/none/filled', { litres: 1 }, 404],
  ['tanks/bon-a/filled', { litres: -1 }, 400],
  ['tanks/bon-a/filled', { litres: 'all' }, 400],
  ['tanks/bon-a/filled', { litres: 201 }, 409],
  ['tanks/bon-a/filled', { litres: 100, litresBefore: -1 }, 400],
  ['tanks/bon-a/filled', { litres: 100, litresBefore: 201 }, 409],
  ['tanks/bon-a/filled', { litres: 100, litresBefore: 101 }, 409],
  ['tanks/bon-a/calibrate', { seconds: 30 }, 400],
  ['tanks/bon-a/calibrate', { seconds: 30, holdsCup: false }, 400],
  ['tanks/bon-a/calibrate', { seconds: -30, holdsCup: true }, 400],
  ['tanks/bon-a/calibrate', { seconds: 100_000, holdsCup: true }, 400],
  ['tanks/bon-a/calibrate/measured', { calibrationId: 'x', millilitres: 0 }, 400],
  ['tanks/bon-a/calibrate/measured', { calibrationId: 'x', millilitres: 10 }, 409],
  ['tanks/bon-a/calibrate/measured', { millilitres: 10 }, 400],
];

it('answers what is wrong with what is wrong, and runs nothing', async () => {
  const { as, commands } = await api();
  const technician = await as('technician');
  commands.splice(0);
  for (const [path, body, status] of wrong) {
    const answer = await technician.post(`/api/fertigation/${path}`, body);
    expect(answer.statusCode, `${path} ${JSON.stringify(body)}`).toBe(status);
    expect(answer.json().error.message).toMatch('litresBefore' in body ? /litresBefore/ : /\w+/);
  }
  expect(commands).toEqual([]);
});

it('takes nothing for a number that is none: a page that cannot read a field empties no tank', async () => {
  const { as, fertigation } = await api();
  const member = await as('member');
  for (const litres of [null, true, [], {}, 'full', -1, 1e9]) {
    const answer = await member.post('/api/fertigation/tanks/bon-a/filled', { litres });
    expect([answer.statusCode, answer.json().error.message]).toEqual([
      400,
      expect.stringMatching(/^body\/litres must be (number|>= 0|<= 100000)$/),
    ]);
  }
  expect(fertigation.views()[0]?.tanks[0]?.leftLitres).toBeNull();
});
