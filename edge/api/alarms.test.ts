import type { AlarmRecord } from '@nongtin/broker/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Ruled } from '../alarms/alarms.ts';
import { testApi } from './parts.suite.ts';

let gateway: Awaited<ReturnType<typeof testApi>>;
beforeAll(async () => {
  gateway = await testApi();
});
afterAll(() => gateway.close());

const leak = { key: 'leak', figures: { flowLitresPerMinute: 5 } };
const rule: Ruled['rule'] = {
  ...{ id: 'full', metric: 'tank_level', unit: '%', limit: 95, deadBand: 0 },
  ...{ comparison: 'above', onDelaySeconds: 0, offDelaySeconds: 0, readings: [] },
};
const latches: Ruled = {
  ...{ condition: 'full', onDelayMs: 0, manner: { latching: true, mustAcknowledge: true } },
  rule,
};

async function raised(source: string, severity: AlarmRecord['severity'] = 'high'): Promise<string> {
  gateway.alarms.raise(source, severity, leak);
  const alarm = gateway.alarms.list().find((known) => known.source === source);
  return `/api/alarms/${alarm?.alarmId}`;
}

it('is acknowledged with a comment, by somebody whose it is from then on', async () => {
  const member = await gateway.as('member');
  const at = await raised('z1');
  expect((await member.post(`${at}/acknowledge`, { comment: 'a'.repeat(501) })).statusCode).toBe(400);
  const answer = await member.post(`${at}/acknowledge`, { comment: ' I go there ' });
  expect(answer.json().alarm).toMatchObject({
    ...{ state: 'acknowledged', alarmState: 'acknowledged' },
    acknowledged: { by: 'Sáu', comment: 'I go there' },
  });
  gateway.alarms.clear('z1', 'leak');
  expect((await member.post(`${at}/acknowledge`, {})).statusCode).toBe(404);
});

it('is shelved for a while with a reason, a critical one not for long, and taken back', async () => {
  const member = await gateway.as('member');
  const at = await raised('z2', 'critical');
  expect((await member.post(`${at}/shelve`, { minutes: 30, why: '  ' })).statusCode).toBe(400);
  const tooLong = await member.post(`${at}/shelve`, { minutes: 241, why: 'known' });
  expect(tooLong.json().error.message).toMatch(/240 minutes at most/);
  const answer = await member.post(`${at}/shelve`, { minutes: 240, why: 'the plumber comes' });
  expect(answer.json().alarm).toMatchObject({
    ...{ alarmState: 'shelved', state: 'active' },
    shelved: { by: 'Sáu', why: 'the plumber comes', untilMs: gateway.parts.clock.nowMs() + 4 * 3_600_000 },
  });
  expect((await member.post(`${at}/unshelve`)).json().alarm).toMatchObject({ alarmState: 'unacknowledged' });
  expect(
    (await (await gateway.as('auditor')).post(`${at}/shelve`, { minutes: 1, why: 'x' })).statusCode,
  ).toBe(403);
});

it('that latches is reset by a technician when it is over, not before and not by others', async () => {
  const [member, technician] = [await gateway.as('member'), await gateway.as('technician')];
  gateway.alarms.raise('tank', 'high', { key: 'condition_above', figures: {} }, latches);
  const at = `/api/alarms/${gateway.alarms.list().find(({ source }) => source === 'tank')?.alarmId}`;
  expect((await member.post(`${at}/reset`)).statusCode).toBe(403);
  expect((await technician.post(`${at}/reset`)).json().error.message).toMatch(/still stands: mend it first/);
  gateway.alarms.clear('tank', 'full');
  await technician.post(`${at}/acknowledge`);
  expect((await technician.post(`${at}/reset`)).json().alarm).toMatchObject({ alarmState: 'normal' });
  const other = await raised('z3');
  expect((await technician.post(`${other}/reset`)).json().error.message).toMatch(/goes by itself/);
});

it('of a zone that is being maintained is not told, and is taken back early', async () => {
  const technician = await gateway.as('technician');
  await raised('a1');
  const maintain = (subject: string, minutes = 60) =>
    technician.post('/api/maintenance', { subject, minutes, why: 'new pipes' });
  expect((await maintain('zone:nowhere')).json().error.message).toMatch(/no 'zone:nowhere' on the farm/);
  expect((await maintain('zone:a1', 60 * 24 * 31)).statusCode).toBe(400);
  expect((await maintain('zone:a1')).json().maintenance).toMatchObject([
    { subject: 'zone:a1', by: 'Sáu', why: 'new pipes' },
  ]);
  const shown = async () => {
    const { alarms } = (await technician.get('/api/alarms')).json();
    return alarms.find(({ source }: AlarmRecord) => source === 'a1').alarmState;
  };
  expect(await shown()).toBe('suppressed');
  expect(gateway.records.all.at(-2)).toMatchObject({ kind: 'maintenance', subject: 'zone:a1', holds: true });
  expect((await technician.post('/api/maintenance/end', { subject: 'zone:a1' })).statusCode).toBe(200);
  expect(await shown()).toBe('unacknowledged');
  expect((await technician.post('/api/maintenance/end', { subject: 'zone:a1' })).statusCode).toBe(404);
});

it('is taken out of service until somebody takes it back, and stays so when it is over', async () => {
  const manager = await gateway.as('manager');
  const at = await raised('z4');
  const answer = await manager.post(`${at}/out-of-service`, { why: 'the sensor is sold' });
  expect(answer.json().alarm).toMatchObject({ alarmState: 'out_of_service', state: 'active' });
  gateway.alarms.clear('z4', 'leak');
  const { maintenance } = (await manager.get('/api/alarms')).json();
  expect(maintenance).toMatchObject([{ subject: 'point z4 leak', untilMs: null, why: 'the sensor is sold' }]);
  await manager.post('/api/maintenance/end', { subject: 'point z4 leak' });
  expect(gateway.alarms.list().filter(({ source }) => source === 'z4')).toMatchObject([
    { alarmState: 'normal' },
  ]);
});

it('conditions of the farm are changed by a technician, and what is wrong with them is said', async () => {
  const technician = await gateway.as('technician');
  const hot = { id: 'hot', metric: 'air_temperature', device: 'weather', comparison: 'above', limit: 35 };
  const wrong = await technician.put('/api/farm', { alarms: [hot] });
  expect(wrong.json().error.message).toMatch(/alarms\[0\] lacks priority, add it/);
  expect((await technician.put('/api/farm', { alarms: [{ ...hot, priority: 'low' }] })).statusCode).toBe(200);
  expect(gateway.parts.layout.farm.alarms).toMatchObject([{ id: 'hot' }]);
});

it('no role that only looks on may do anything about an alarm', async () => {
  const at = await raised('z5');
  const auditor = await gateway.as('auditor');
  for (const action of ['acknowledge', 'reset', 'shelve', 'unshelve', 'out-of-service'])
    expect((await auditor.post(`${at}/${action}`, { minutes: 1, why: 'x' })).statusCode, action).toBe(403);
});

it('is explained: the rule and readings of it, what became of it, and who did what', async () => {
  const member = await gateway.as('member');
  const condition = {
    ...{ id: 'hot', metric: 'air_temperature', device: 'weather', comparison: 'above', limit: 35 },
    priority: 'high',
  };
  const technician = await gateway.as('technician');
  const wrong = await technician.put('/api/farm', { alarms: [{ ...condition, limit: 'warm' }] });
  expect([wrong.statusCode, wrong.json().error.message]).toEqual([
    400,
    expect.stringMatching(/alarms\[0\]\.limit/),
  ]);
  expect((await technician.put('/api/farm', { alarms: [condition] })).statusCode).toBe(200);
  expect((await member.get('/api/alarms/conditions')).json()).toMatchObject({
    conditions: [condition],
    metrics: expect.arrayContaining([expect.objectContaining({ name: 'air_temperature', unit: '°C' })]),
  });
  const reading = { device: 'weather', channel: '', value: 36, atMs: 5 };
  gateway.alarms.raise(
    'weather',
    'high',
    { key: 'condition_above', figures: {} },
    {
      condition: 'hot',
      rule: { ...rule, id: 'hot', readings: [reading] },
    },
  );
  const { alarmId } = gateway.alarms.list().find(({ point }) => point === 'hot') ?? {};
  await member.post(`/api/alarms/${alarmId}/acknowledge`, { comment: 'I go' });
  const { history } = (await member.get(`/api/alarms/${alarmId}`)).json();
  expect(history).toMatchObject([
    { change: 'acknowledged', acknowledged: { by: 'Sáu', comment: 'I go' } },
    { change: 'raised', rule: { id: 'hot', readings: [reading] } },
  ]);
  expect((await member.get('/api/alarms/nothing')).statusCode).toBe(404);
});
