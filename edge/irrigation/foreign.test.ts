import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Farm } from '../farm/layout.ts';
import { testFarm } from '../gateway.suite.ts';
import { slowClock } from '../slow-clock.suite.ts';

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

/** The demo farm whose first zone is watered by a Tasmota relay, with a meter of its own. */
async function farmWithRelay() {
  const clock = slowClock();
  const farm = await testFarm({}, clock);
  onTestFinished(() => farm.close());
  const path = join(farm.dataDir, 'gateway', 'farm.json');
  const layout: Farm = JSON.parse(readFileSync(path, 'utf8'));
  Object.assign(layout.plots[0]?.zones[0] ?? {}, {
    valve: { family: 'tasmota', device: 'pump_house', output: 1, flowMeter: { device: 'meter' } },
  });
  writeFileSync(path, JSON.stringify(layout));
  const passwords = new Map<string, string>();
  await farm.get('/api/devices');
  for (const id of ['pump_house', 'meter']) {
    const answer = await farm.post('/api/devices', { id });
    passwords.set(id, (await answer.json()).password);
  }
  await farm.restart();
  const connect = async (id: string): Promise<MqttClient> => {
    const client = await connectAsync(`mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`, {
      ...{ clientId: id, username: id, password: passwords.get(id) ?? '', reconnectPeriod: 0 },
    });
    onTestFinished(() => void client.end(true));
    return client;
  };
  return { farm, connect, clock };
}

it('a Tasmota relay and a meter of another device water a zone, over MQTT', async () => {
  const { farm, connect, clock } = await farmWithRelay();
  const relay = await connect('pump_house');
  const told: [string, string][] = [];
  relay.on('message', (topic, payload) => told.push([topic, payload.toString()]));
  await relay.subscribeAsync('cmnd/pump_house/#', { qos: 1 });
  await relay.publishAsync('tele/pump_house/LWT', 'Online', { qos: 1 });
  await until(() =>
    expect(told).toEqual(
      expect.arrayContaining([
        ['cmnd/pump_house/Power1', 'OFF'],
        ['cmnd/pump_house/Backlog0', 'PowerOnState 0;PulseTime1 1900'],
      ]),
    ),
  );
  await relay.publishAsync('stat/pump_house/RESULT', '{"POWER1":"OFF"}', { qos: 1 });
  const meter = await connect('meter');
  const measured = (flow: number, volume: number) =>
    meter.publishAsync('nongtin/v1/meter/readings', JSON.stringify({ flow, volume, seq: volume }), {
      qos: 1,
    });
  await measured(0, 5_000);

  expect((await farm.post('/api/zones/a1/wet-test', {})).status).toBe(202);
  await until(() => expect(told.at(-1)).toEqual(['cmnd/pump_house/Backlog0', 'PulseTime1 100;Power1 ON']));
  await relay.publishAsync('stat/pump_house/RESULT', '{"POWER1":"ON"}', { qos: 1 });
  await measured(38, 5_003);
  clock.aheadMs += 10_000;
  await relay.publishAsync('stat/pump_house/RESULT', '{"POWER1":"OFF"}', { qos: 1 });
  await measured(0, 5_006);
  await until(async () =>
    expect(await farm.get('/api/zones/a1/wet-tests')).toMatchObject({
      readOnly: null,
      tests: [{ outcome: 'passed', litres: 6, flowLitresPerMinute: 38 }, { outcome: 'assumed' }],
    }),
  );
  clock.aheadMs += 300_000;

  const probe = await farm.device('soil-a1');
  await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_moisture":0.12,"seq":1}', { qos: 1 });
  const opening = ['cmnd/pump_house/Backlog0', 'PulseTime1 700;Power1 ON'];
  await until(() => expect(told.at(-1)).toEqual(opening));
  await relay.publishAsync('stat/pump_house/RESULT', '{"POWER1":"ON"}', { qos: 1 });
  await measured(38, 5_100);
  await until(async () =>
    expect((await farm.get('/api/live')).zones[0]).toMatchObject({
      ...{ state: 'running', valve: { open: true, flowLitresPerMinute: 38, totalLitres: 5_100 } },
    }),
  );
  await probe.publishAsync('nongtin/v1/soil-a1/readings', '{"soil_moisture":0.26,"seq":2}', { qos: 1 });
  await until(() => expect(told.at(-1)).toEqual(['cmnd/pump_house/Power1', 'OFF']));
  await relay.publishAsync('stat/pump_house/RESULT', '{"POWER1":"OFF"}', { qos: 1 });
  // The run is over when its meter has come to rest.
  await measured(0, 5_102);
  await until(async () =>
    expect((await farm.get('/api/runs?zone=a1')).runs).toMatchObject([
      { outcome: 'target_reached', measuredLitres: 96, proof: 'metered', valve: 'pump_house/1' },
      { outcome: 'completed', measuredLitres: 6, reason: { key: 'wet_test' } },
    ]),
  );
}, 90_000);
