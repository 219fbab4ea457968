import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

let farm: Awaited<ReturnType<typeof testFarm>> | undefined;
const clients: MqttClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) await client.endAsync(true);
  await farm?.close();
  farm = undefined;
});

interface LiveAnswer {
  readonly devices: readonly {
    readonly id: string;
    readonly online: boolean | null;
    readonly readings: readonly { metric: string; channel: string; unit: string; value: number }[];
  }[];
}

describe('devices of other makes, through the real broker', () => {
  it('come to the pages under their own names, with our metrics and units', async () => {
    const opened = await testFarm();
    farm = opened;
    await opened.get('/api/devices');
    const speak = async (id: string, role: string, messages: readonly (readonly [string, unknown])[]) => {
      const { password } = (await (await opened.post('/api/devices', { id, role })).json()) as {
        password: string;
      };
      const client = await connectAsync(`mqtt://127.0.0.1:${opened.gateway().ports.mqttPort}`, {
        ...{ clientId: `${id}-4711`, username: id, password, reconnectPeriod: 0 },
      });
      clients.push(client);
      for (const [topic, payload] of messages) {
        await client.publishAsync(topic, typeof payload === 'string' ? payload : JSON.stringify(payload), {
          qos: 1,
        });
      }
    };
    await speak('bom1', 'device', [
      ['tele/bom1/LWT', 'Online'],
      ['cmnd/bom1/POWER', ''],
      ['tele/bom1/SENSOR', { DS18B20: { Id: '01', Temperature: '77' }, TempUnit: 'F' }],
      ['stat/bom1/RESULT', { POWER: 'ON' }],
    ]);
    await speak('nha-mang', 'device', [
      ['esphome/discover/nha-mang', { ip: '192.168.1.41' }],
      ['nha-mang/status', 'online'],
      [
        'homeassistant/sensor/nha-mang/dat/config',
        { stat_t: 'nha-mang/sensor/dat/state', dev_cla: 'moisture', unit_of_meas: '%', dev: { ids: 'a4cf' } },
      ],
      ['nha-mang/sensor/dat/state', '41.7'],
    ]);
    await speak('z1', 'bridge', [
      ['zigbee2mqtt/bridge/state', { state: 'online' }],
      ['zigbee2mqtt/vườn/Van 1', { state: 'OFF', flow: 0.6, battery: 87, linkquality: 91 }],
      ['zigbee2mqtt/vườn/Van 1/availability', { state: 'online' }],
    ]);
    await vi.waitFor(async () => {
      const { devices } = (await opened.get('/api/live')) as LiveAnswer;
      const shown = (id: string) => {
        const device = devices.find((one) => one.id === id);
        const words = device?.readings.map(({ metric, channel, value, unit }) =>
          [metric, channel, value, unit].filter((word) => word !== '').join(' '),
        );
        return [device?.online, ...(words?.sort() ?? [])];
      };
      expect(shown('bom1')).toEqual([true, 'temperature DS18B20 25 °C', 'valve_open POWER1 1 1']);
      expect(shown('nha-mang')).toEqual([true, 'soil_moisture 0.417 m³/m³']);
      expect(shown('z1.vườn/Van 1')).toEqual([
        true,
        'battery 87 %',
        'flow 10 L/min',
        'link_quality 91 1',
        'valve_open 0 1',
      ]);
      expect(shown('z1')[0]).toBe(true);
    }, 15_000);
    expect(clients.every((client) => client.connected)).toBe(true);
  });
});
