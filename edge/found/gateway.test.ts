import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

/** On a busy machine; otherwise a test takes two seconds. */
vi.setConfig({ testTimeout: 90_000 });
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

async function site() {
  const farm = await testFarm();
  onTestFinished(() => farm.close());
  await farm.get('/api/farm');
  const made = async (path: string, body: object) => {
    const answer = await farm.post(path, body);
    const told = await answer.json();
    expect(answer.status, JSON.stringify(told)).toBeLessThan(300);
    return told;
  };
  const passwords = new Map<string, string>();
  const connect = async (id: string, role = 'device'): Promise<MqttClient> => {
    const password = passwords.get(id) ?? (await made('/api/devices', { id, role })).password;
    passwords.set(id, password);
    const client = await connectAsync(`mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`, {
      ...{ clientId: id, username: id, password, reconnectPeriod: 0 },
    });
    onTestFinished(() => void client.end(true));
    return client;
  };
  const found = async () => (await farm.get('/api/devices/found')).found as { id: string }[];
  const series = async (device: string) =>
    (await farm.get(`/api/readings?device=${encodeURIComponent(device)}`)).readings as { value: number }[];
  return { farm, made, connect, found, series };
}

const say = (client: MqttClient, topic: string, payload: object) =>
  client.publishAsync(topic, JSON.stringify(payload), { qos: 1 });

describe('what announces itself or speaks is found, with its metrics as they are understood', () => {
  it('a Tasmota relay with a meter: what it is, what it measures, and how its valve could be driven', async () => {
    const { connect, found } = await site();
    const relay = await connect('tuoi-1');
    await say(relay, 'tasmota/discovery/AABBCC/config', {
      ...{
        ft: '%prefix%/%topic%/',
        t: 'tuoi-1',
        tp: ['cmnd', 'stat', 'tele'],
        md: 'Sonoff 4CH',
        sw: '14.2.0',
      },
    });
    await until(async () =>
      expect(await found()).toMatchObject([
        {
          id: 'tuoi-1',
          family: 'tasmota',
          model: 'Sonoff 4CH',
          firmware: '14.2.0',
          missing: ['no_reading_yet'],
        },
      ]),
    );
    await say(relay, 'tele/tuoi-1/STATE', { POWER1: 'OFF' });
    await say(relay, 'tele/tuoi-1/SENSOR', { FLOWRATE: { Rate: 12.5, Unit: 'l/min' } });
    await until(async () =>
      expect(await found()).toMatchObject([
        {
          values: expect.arrayContaining([
            expect.objectContaining({ metric: 'valve_open', channel: 'POWER1', value: 0, unit: '1' }),
            expect.objectContaining({ metric: 'flow', channel: 'FLOWRATE', value: 12.5, unit: 'L/min' }),
          ]),
          outputs: [
            {
              ...{ channel: 'POWER1', isDrivable: true, missing: [] },
              valve: {
                ...{ family: 'tasmota', device: 'tuoi-1', output: 1 },
                flowMeter: { device: 'tuoi-1', channel: 'FLOWRATE' },
              },
            },
          ],
          missing: [],
        },
      ]),
    );
  });

  it('devices behind a bridge one by one, the bridge itself not', async () => {
    const { connect, found } = await site();
    const bridge = await connect('z2m', 'bridge');
    const device = (friendly_name: string, model: string) => ({
      ...{ friendly_name, type: 'EndDevice', power_source: 'Battery', software_build_id: '1.0' },
      definition: { model, vendor: 'Tuya', exposes: [] },
    });
    await say(bridge, 'zigbee2mqtt/bridge/devices', [device('Đất 1', 'TS0201'), device('Đất 2', 'TS0201')]);
    await say(bridge, 'zigbee2mqtt/Đất 1', { soil_moisture: 31, battery: 90 });
    await until(async () =>
      expect((await found()).map(({ id }) => id).sort()).toEqual(['z2m.Đất 1', 'z2m.Đất 2']),
    );
    expect((await found()).find(({ id }) => id === 'z2m.Đất 1')).toMatchObject({
      ...{ model: 'Tuya TS0201', family: 'zigbee2mqtt', isAnnouncedOnly: false },
      values: expect.arrayContaining([expect.objectContaining({ metric: 'soil_moisture', value: 0.31 })]),
    });
  });

  it('a LoRaWAN device by its join', async () => {
    const { connect, found } = await site();
    const lns = await connect('lns', 'bridge');
    await say(lns, 'application/1/device/A84041FFFF112233/event/join', { deviceInfo: {} });
    await until(async () => expect(await found()).toMatchObject([{ id: 'lns.a84041ffff112233' }]));
  });

  it('nobody whom the broker does not let in: that one is listed as refused', async () => {
    const { farm, found } = await site();
    const { mqttPort } = farm.gateway().ports;
    const stranger = { username: 'may-la', password: 'x', reconnectPeriod: 0 };
    await expect(connectAsync(`mqtt://127.0.0.1:${mqttPort}`, stranger)).rejects.toThrow();
    const { refused } = await farm.get('/api/devices/found');
    expect(refused).toMatchObject([{ identity: 'may-la' }]);
    expect(await found()).toEqual([]);
  });
});

it('a found probe that is placed in a zone is seen there at once, and waters by its word', async () => {
  const { farm, made, connect, found } = await site();
  const probe = await connect('dat-moi');
  await say(probe, 'nongtin/v1/dat-moi/readings', { soil_moisture: 0.31 });
  await until(async () => expect(await found()).toHaveLength(1));
  await made('/api/devices/retire', { device: 'soil-a1' });
  await made('/api/devices/place', { device: 'dat-moi', role: 'soil_probe', zone: 'a1', name: 'Đất gốc 7' });
  expect(await found()).toEqual([]);
  await say(probe, 'nongtin/v1/dat-moi/readings', { soil_moisture: 0.32 });
  await until(async () =>
    expect((await farm.get('/api/live')).zones[0]).toMatchObject({ soilMoisture: { value: 0.32 } }),
  );
  await farm.restart();
  const { plots, devices } = await farm.get('/api/farm');
  expect(plots[0].zones[0]).toMatchObject({ id: 'a1', soilProbe: 'dat-moi' });
  expect(devices).toContainEqual({
    ...{ id: 'dat-moi', name: 'Đất gốc 7', role: 'soil_probe', zone: 'a1', hardware: 'dat-moi' },
  });
});

it('a dead probe that is replaced keeps its series; the old one, back again, is found under another name', async () => {
  const { farm, made, connect, found, series } = await site();
  const old = await farm.device('soil-a1');
  await say(old, 'nongtin/v1/soil-a1/readings', { soil_moisture: 0.31, volume: 5_000 });
  const fresh = await connect('dat-2');
  await say(fresh, 'nongtin/v1/dat-2/readings', { soil_moisture: 0.1 });
  await until(async () => expect(await found()).toMatchObject([{ id: 'dat-2' }]));

  await made('/api/devices/replace', { device: 'soil-a1', hardware: 'dat-2' });
  expect(await found()).toEqual([]);
  await say(fresh, 'nongtin/v1/dat-2/readings', { soil_moisture: 0.32, volume: 9_000 });
  await say(old, 'nongtin/v1/soil-a1/readings', { soil_moisture: 0.02 });
  await until(async () =>
    expect(await found()).toMatchObject([{ id: 'soil-a1.former', formerOf: 'soil-a1' }]),
  );
  await until(async () => {
    const moistures = (await series('soil-a1')).filter(({ value }) => value < 1);
    expect(moistures.map(({ value }) => value).sort()).toEqual([0.31, 0.32]);
    expect((await series('soil-a1')).find(({ value }) => value === 9_000)).toMatchObject({
      quality: ['counterReset'],
    });
    expect(await series('soil-a1.former')).toMatchObject([{ value: 0.02 }]);
  });
  const live = await farm.get('/api/live');
  expect(live.zones[0]).toMatchObject({ soilMoisture: { value: 0.32, quality: [] } });
  const { placements } = await farm.get('/api/devices/history?device=soil-a1');
  expect(placements).toMatchObject([{ action: 'replaced', hardware: 'dat-2', formerHardware: 'soil-a1' }]);

  await farm.restart();
  const again = await connect('dat-2');
  await say(again, 'nongtin/v1/dat-2/readings', { soil_moisture: 0.33 });
  await until(async () => expect((await series('soil-a1')).map(({ value }) => value)).toContain(0.33));
});
