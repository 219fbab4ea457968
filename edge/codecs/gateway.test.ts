import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';

/** Written for this test after the document of a soil probe: port 2, big-endian, conductivity in µS/cm. */
const SOIL_PROBE = `
function decodeUplink(input) {
  var b = input.bytes;
  if (input.fPort !== 2) return { errors: ['unknown port ' + input.fPort] };
  var word = function (i) { return (b[i] << 8) | b[i + 1]; };
  return { data: {
    Bat: (word(0) & 0x3fff) / 1000,
    TempC_DS18B20: (word(2) / 10).toFixed(1),
    water_SOIL: (word(4) / 100).toFixed(2),
    temp_SOIL: (word(6) / 100).toFixed(2),
    conduct_SOIL: word(8)
  } };
}`;

describe('a LoRaWAN probe behind ChirpStack', () => {
  let farm: Awaited<ReturnType<typeof testFarm>>;
  beforeAll(async () => {
    farm = await testFarm();
  });
  afterAll(() => farm.close());

  const bridge = async (id: string) => {
    await farm.get('/api/live');
    const issued = await farm.post('/api/devices', { id, role: 'bridge' });
    const { password } = (await issued.json()) as { password: string };
    const address = `mqtt://127.0.0.1:${farm.gateway().ports.mqttPort}`;
    return connectAsync(address, { clientId: id, username: id, password, reconnectPeriod: 0 });
  };

  it('is read through a codec dropped into the data folder, while a broken codec harms nobody', async () => {
    const folder = join(farm.dataDir, 'gateway', 'codecs');
    writeFileSync(join(folder, 'soil-probe.js'), SOIL_PROBE);
    writeFileSync(join(folder, 'endless.js'), 'function decodeUplink() { for (;;) {} }');
    const lns = await bridge('chirpstack');
    const up = (devEui: string, deviceProfileName: string) =>
      lns.publishAsync(
        `application/17c82e96-be03-4f38-aef3-f83d48582d97/device/${devEui}/event/up`,
        JSON.stringify({
          deduplicationId: '3ac7e3c4-4401-4b8d-9386-a5c902f9202d',
          time: new Date().toISOString().replace('Z', '223242+00:00'),
          deviceInfo: { deviceName: 'Lô A3', deviceProfileName, devEui },
          fCnt: 7,
          fPort: 2,
          data: Buffer.from('0e2900f107a5099b0bb8', 'hex').toString('base64'),
          rxInfo: [{ gatewayId: '0016c001f153a14c', rssi: -36, snr: 10.5 }],
        }),
        { qos: 1 },
      );
    await Promise.all([up('a84041ffff000001', 'Soil probe'), up('a84041ffff000002', 'endless')]);
    await lns.endAsync();
    const readings = await vi.waitFor(async () => {
      const answer = await farm.get('/api/readings?device=chirpstack.a84041ffff000001');
      expect(answer.readings.length).toBeGreaterThanOrEqual(7);
      return answer.readings as { metric: string; value: number; quality: string[] }[];
    });
    const latest = (metric: string) => readings.find((reading) => reading.metric === metric)?.value;
    expect(latest('soil_ec')).toBe(3);
    expect(latest('soil_moisture')).toBeCloseTo(0.1957, 6);
    expect(latest('soil_temperature')).toBe(24.59);
    expect(latest('temperature')).toBe(24.1);
    expect(latest('battery_voltage')).toBe(3.625);
    expect(latest('rssi')).toBe(-36);
    const { quarantine } = await farm.get('/api/quarantine');
    expect(quarantine[0]).toMatchObject({
      device: 'chirpstack.a84041ffff000002',
      cause: 'codec_failed',
      detail: expect.stringContaining('100 ms'),
    });
  });

  it('is not held up by a bridge whose codec never ends, however many of its messages come', async () => {
    const [honest, hostile] = [await bridge('lns-honest'), await bridge('lns-hostile')];
    const up = (profile: string, n: number) =>
      [
        `application/1/device/a84041ffff0001${10 + (n % 90)}/event/up`,
        JSON.stringify({
          deviceInfo: { deviceProfileName: profile },
          fCnt: n,
          fPort: 2,
          data: 'DikA8QelCZsLuA==',
        }),
        { qos: 1 },
      ] as const;
    await Promise.all([
      ...Array.from({ length: 80 }, (_, n) => hostile.publishAsync(...up('endless', n))),
      honest.publishAsync(...up('soil-probe', 85)),
    ]);
    await vi.waitFor(async () => {
      const probe = 'device=lns-honest.a84041ffff000195&metric=soil_ec';
      expect((await farm.get(`/api/readings?${probe}`)).readings).toHaveLength(1);
    });
    const { quarantine } = await farm.get('/api/quarantine');
    expect(quarantine.map(({ detail }: { detail: string }) => detail)).toContainEqual(
      expect.stringMatching(/endless\.js.*set aside.*tried again in \d+ s/),
    );
    await Promise.all([honest.endAsync(), hostile.endAsync()]);
  });

  it('may send what it measured earlier, each with its own time', async () => {
    const lns = await bridge('tts');
    const nowMs = Date.now();
    const times = [nowMs - 7_200_000, nowMs - 3_600_000].map((ms) => new Date(ms).toISOString());
    await lns.publishAsync(
      'v3/app1@farm/devices/probe-1/up',
      JSON.stringify({
        received_at: new Date(nowMs).toISOString(),
        uplink_message: {
          normalized_payload: times.map((time, i) => ({ time, soil: { moisture: 20 + i } })),
        },
      }),
      { qos: 1 },
    );
    await lns.endAsync();
    await vi.waitFor(async () => {
      const { readings } = await farm.get('/api/readings?device=tts.probe-1&metric=soil_moisture');
      const found = (readings as { atMs: number; value: number }[]).map(({ atMs, value }) => [value, atMs]);
      expect(found.sort()).toEqual([
        [0.2, nowMs - 7_200_000],
        [0.21, nowMs - 3_600_000],
      ]);
    });
  });
});
