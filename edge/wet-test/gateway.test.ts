import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';
import { slowClock } from '../slow-clock.suite.ts';
import { type Fault, FieldValve } from './testing/field-valve.ts';

/** On a busy machine; otherwise a test takes two seconds. */
vi.setConfig({ testTimeout: 90_000 });
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

/** A gateway whose farm is set up through its API, on a clock that the test moves on. */
async function emptyFarm() {
  const clock = slowClock();
  const farm = await testFarm({}, clock);
  onTestFinished(() => farm.close());
  // As a technician.
  await farm.get('/api/farm');
  const made = async (path: string, body: object) => {
    const answer = await farm.post(path, body);
    const told = await answer.json();
    expect(answer.status, JSON.stringify(told)).toBeLessThan(300);
    return told;
  };
  const plot = await made('/api/plots', { name: 'Vườn thử', crop: 'sầu riêng', areaHectares: 0.4 });
  const zone: string = (await made('/api/zones', { plot: plot.id, name: 'Khu thử' })).id;
  const passwords = new Map<string, string>();
  const connect = async (id: string): Promise<MqttClient> => {
    const password = passwords.get(id) ?? (await made('/api/devices', { id })).password;
    passwords.set(id, password);
    const client = await connectAsync(`mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`, {
      ...{ clientId: id, username: id, password, reconnectPeriod: 0 },
    });
    onTestFinished(() => void client.end(true));
    return client;
  };
  const shown = async (id = zone) =>
    (await farm.get('/api/live')).zones.find((known: { id: string }) => known.id === id);
  return { farm, clock, zone, made, connect, shown };
}

/** The zone's own valve, which has never been tested, closed and idle. */
async function withValve(fault: Fault) {
  const site = await emptyFarm();
  const valve = new FieldValve(await site.connect('van-1'), 'van-1', fault);
  await valve.start();
  await site.made('/api/devices/place', {
    ...{
      device: 'van-1',
      role: 'valve',
      zone: site.zone,
      name: 'Van khu thử',
      nominalFlowLitresPerMinute: 38,
    },
  });
  await until(async () => expect(await site.shown()).toMatchObject({ state: 'idle' }));
  const stage = async () => (await site.shown()).test?.stage ?? null;
  const pass = async (seconds: number) => {
    site.clock.aheadMs += seconds * 1000;
    await valve.passes(seconds);
  };
  return {
    ...site,
    valve,
    stage,
    pass,
    start: () => site.farm.post(`/api/zones/${site.zone}/wet-test`, {}),
    tests: () => site.farm.get(`/api/zones/${site.zone}/wet-tests`),
    opens: () => valve.commands.filter(({ action }) => action === 'open'),
    async goesOpen() {
      expect((await site.farm.post(`/api/zones/${site.zone}/wet-test`, {})).status).toBe(202);
      await until(async () => expect(await stage()).toBe('open'));
      valve.commands.length = 0;
    },
  };
}

describe('a valve that nobody has tested', () => {
  it('is not opened by anybody, with the reason in words, also when the soil is dry', async () => {
    const site = await withValve('none');
    const probe = await site.connect('dat-1');
    await site.made('/api/devices/place', { device: 'dat-1', role: 'soil_probe', zone: site.zone });
    await probe.publishAsync('nongtin/v1/dat-1/readings', '{"soil_moisture":0.05}', { qos: 1 });
    await until(async () =>
      expect(await site.shown()).toMatchObject({
        ...{ soilMoisture: { value: 0.05 }, state: 'idle', decision: { key: 'wet_test_missing' } },
      }),
    );
    const refused = await site.farm.post(`/api/zones/${site.zone}/open`, { durationSeconds: 60 });
    expect([refused.status, (await refused.json()).error.reason.key]).toEqual([409, 'wet_test_missing']);
    expect(site.opens()).toEqual([]);
  });

  it('is opened once it has passed, also after a restart, and counts what it gave as a run', async () => {
    const site = await withValve('none');
    await site.goesOpen();
    for (const seconds of [2, 2, 2, 2, 2]) await site.pass(seconds);
    await until(async () => expect((await site.tests()).tests).toHaveLength(1));
    const { readOnly, tests } = await site.tests();
    expect([readOnly, site.valve.commands]).toEqual([null, []]);
    expect(tests[0]).toMatchObject({
      ...{ outcome: 'passed', findings: [], zone: site.zone, valve: 'van-1', leaseSeconds: 10, litres: 6.33 },
      recordedBy: expect.stringMatching(/^\w{8,}$/),
    });
    expect(tests[0].closedAfterSeconds).toBeGreaterThanOrEqual(10);
    expect(tests[0].closedAfterSeconds).toBeLessThan(13);
    const { runs } = await site.farm.get(`/api/runs?zone=${site.zone}`);
    expect(runs).toMatchObject([{ outcome: 'completed', measuredLitres: 6.3, reason: { key: 'wet_test' } }]);

    await site.farm.restart();
    expect(await site.tests()).toMatchObject({ readOnly: null, tests: [{ outcome: 'passed' }] });
    const again = new FieldValve(await site.connect('van-1'), 'van-1');
    await again.start();
    await until(async () => expect(await site.shown()).toMatchObject({ state: 'idle' }));
    site.clock.aheadMs += 300_000;
    expect((await site.farm.post(`/api/zones/${site.zone}/open`, { durationSeconds: 60 })).status).toBe(202);
    await until(() => expect(again.commands.at(-1)).toMatchObject({ action: 'open', durationSeconds: 60 }));
  });

  it('may be measured by hand: a bucket that says otherwise makes it fail', async () => {
    const site = await withValve('none');
    const path = `/api/zones/${site.zone}/wet-test/measured`;
    expect((await site.farm.post(path, { litres: 6 })).status).toBe(409);
    await site.goesOpen();
    for (const seconds of [2, 2, 2, 2, 2]) await site.pass(seconds);
    await until(async () => expect((await site.tests()).readOnly).toBeNull());
    expect(await site.made(path, { litres: 0.1 })).toMatchObject({
      readOnly: { key: 'wet_test_failed' },
      tests: [{ outcome: 'failed', bucketLitres: 0.1, findings: [{ key: 'test_bucket_disagrees' }] }],
    });
    expect(await site.made(path, { litres: 6.5 })).toMatchObject({ readOnly: null });
  });
});

describe('a wet test fails', () => {
  it('a valve that ignores its lease: it is closed at once, and stays read-only', async () => {
    const site = await withValve('ignores_its_lease');
    await site.goesOpen();
    for (const seconds of [5, 5, 2]) await site.pass(seconds);
    expect(site.valve.commands).toEqual([]);
    await site.pass(2);
    await until(() => expect(site.valve.commands).toMatchObject([{ action: 'close' }]));
    await until(async () =>
      expect(await site.tests()).toMatchObject({
        readOnly: { key: 'wet_test_failed' },
        tests: [{ outcome: 'failed', closedAfterSeconds: null, findings: [{ key: 'test_does_not_close' }] }],
      }),
    );
    expect(await site.shown()).toMatchObject({ state: 'idle', valve: { open: false } });
  });

  it('a meter that counts litres an hour', async () => {
    const site = await withValve('litres_an_hour');
    await site.goesOpen();
    for (const seconds of [2, 2, 2, 2, 2]) await site.pass(seconds);
    await until(async () => expect((await site.tests()).readOnly).toMatchObject({ key: 'wet_test_failed' }));
    const [{ findings }] = (await site.tests()).tests;
    expect(findings).toContainEqual({
      key: 'test_flow_unit',
      figures: { flowLitresPerMinute: 2_280, nominalLitresPerMinute: 38, unit: 'L/h' },
    });
  });

  it('a valve that is gone while it is open: it is told to close again and again, and swept until it answers', async () => {
    const site = await withValve('gone_while_open');
    await site.goesOpen();
    await until(async () => {
      await site.pass(6);
      expect((await site.tests()).tests).toMatchObject([
        { outcome: 'failed', findings: [{ key: 'test_gone' }] },
      ]);
    });
    expect(site.valve.commands.map(({ action }) => action).slice(0, 3)).toEqual(['close', 'close', 'close']);
    expect(await site.shown()).toMatchObject({ state: 'unknown' });
  });
});

describe('a wet test ends', () => {
  it('when a person stops it', async () => {
    const site = await withValve('none');
    await site.goesOpen();
    expect((await site.start()).status).toBe(409);
    expect((await site.farm.post(`/api/zones/${site.zone}/stop`, {})).status).toBe(202);
    await until(async () => expect((await site.tests()).tests).toMatchObject([{ outcome: 'stopped' }]));
    expect([site.valve.isOpen, (await site.tests()).readOnly.key]).toEqual([false, 'wet_test_missing']);
  });

  it('when the gateway ends: the next start closes the valve, and the test is void', async () => {
    const site = await withValve('gone_while_open');
    await site.goesOpen();
    await site.farm.restart();
    const again = new FieldValve(await site.connect('van-1'), 'van-1');
    await again.start();
    await until(() => expect(again.commands).toMatchObject([{ action: 'close' }]));
    await until(async () =>
      expect(await site.tests()).toMatchObject({
        readOnly: { key: 'wet_test_missing' },
        tests: [{ outcome: 'void' }],
      }),
    );
  });

  it('before another one begins: there is one at a time', async () => {
    const site = await withValve('none');
    const plot = (await site.farm.get('/api/farm')).plots.at(-1).id;
    const other: string = (await site.made('/api/zones', { plot, name: 'Khu hai' })).id;
    const valve = new FieldValve(await site.connect('van-2'), 'van-2');
    await valve.start();
    await site.made('/api/devices/place', {
      ...{ device: 'van-2', role: 'valve', zone: other, nominalFlowLitresPerMinute: 38 },
    });
    await until(async () => expect(await site.shown(other)).toMatchObject({ state: 'idle' }));
    await site.goesOpen();
    const refused = await site.farm.post(`/api/zones/${other}/wet-test`, {});
    expect([refused.status, (await refused.json()).error.reason.key]).toEqual([409, 'other_test_running']);
  });

  it('before its zone is laid out anew', async () => {
    const site = await withValve('none');
    await site.goesOpen();
    const refused = await site.farm.post('/api/devices/retire', { device: 'van-1' });
    expect([refused.status, (await refused.json()).error.message]).toEqual([
      409,
      expect.stringContaining('testing'),
    ]);
    await site.farm.post(`/api/zones/${site.zone}/stop`, {});
    await until(async () => expect(await site.shown()).toMatchObject({ state: 'idle' }));
    await site.made('/api/devices/retire', { device: 'van-1' });
    expect(await site.shown()).toMatchObject({ state: 'measured', valve: null });
  });
});

it('a relay of another family without a meter passes, says that nothing proves its water, and is opened by people only', async () => {
  const site = await emptyFarm();
  const relay = await site.connect('pump_house');
  const told: string[] = [];
  relay.on('message', (topic, payload) => told.push(`${topic.split('/').at(-1)} ${payload}`));
  await relay.subscribeAsync('cmnd/pump_house/#', { qos: 1 });
  const says = (power: string) =>
    relay.publishAsync('stat/pump_house/RESULT', `{"POWER1":"${power}"}`, { qos: 1 });
  await site.made('/api/devices/place', {
    ...{ device: 'pump_house', role: 'valve', zone: site.zone, nominalFlowLitresPerMinute: 20 },
    valve: { family: 'tasmota', device: 'pump_house', output: 1, flowMeter: null },
  });
  await until(() => expect(told).toContain('Power1 OFF'));
  await says('OFF');
  await until(async () => expect(await site.shown()).toMatchObject({ state: 'idle' }));
  expect((await site.farm.post(`/api/zones/${site.zone}/wet-test`, {})).status).toBe(202);
  await until(() => expect(told.at(-1)).toBe('Backlog0 PulseTime1 100;Power1 ON'));
  await says('ON');
  await until(async () => expect((await site.shown()).test?.stage).toBe('open'));
  site.clock.aheadMs += 10_000;
  await says('OFF');
  await until(async () =>
    expect(await site.farm.get(`/api/zones/${site.zone}/wet-tests`)).toMatchObject({
      readOnly: null,
      tests: [{ outcome: 'passed', litres: null, findings: [{ key: 'test_flow_not_proven' }] }],
    }),
  );
  await until(async () => expect((await site.shown()).decision).toMatchObject({ key: 'no_flow_meter' }));
  site.clock.aheadMs += 300_000;
  expect((await site.farm.post(`/api/zones/${site.zone}/open`, { durationSeconds: 60 })).status).toBe(202);
  await until(() => expect(told.at(-1)).toBe('Backlog0 PulseTime1 160;Power1 ON'));
});
