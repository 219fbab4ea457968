import { matchTopic, metrics } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCodecs } from '../codecs/codecs.suite.ts';
import { createProfiles, type Parsed, type Profiles, shortMemory } from './index.ts';
import { linkOf } from './lorawan.ts';
import { readFields } from './lorawan-fields.ts';

const NOW = Date.parse('2026-11-21T10:04:56Z');
const memory = shortMemory();
let sandbox: ReturnType<typeof testCodecs>;
let profiles: Profiles;
beforeAll(() => {
  sandbox = testCodecs();
  profiles = createProfiles(memory, sandbox.codecs);
});
afterAll(() => sandbox.close());

async function receive(topic: string, payload: object): Promise<Parsed | undefined> {
  const match = matchTopic(topic);
  if (match === undefined) throw new Error(topic);
  const spoken = { speaker: 'lns', topic, name: match.name, rest: match.rest };
  const bytes = Buffer.from(JSON.stringify(payload));
  return profiles
    .find(spoken)
    ?.parse({ ...spoken, payload: bytes, receivedAtMs: NOW, zoneOffsetMinutes: 420 });
}

const DATA = Buffer.from([0x0b, 0xb8]).toString('base64');
const chirpstack = (devEui: string, deviceInfo: object, more: object = {}) =>
  receive(`application/app-1/device/${devEui}/event/up`, {
    ...{ time: '2026-11-21T10:04:50Z', deviceInfo, fPort: 2, data: DATA },
    ...more,
  });
const thingsStack = (device: string, uplink: object, eui = '0004A30B001C0530') =>
  receive(`v3/farm@tenant/devices/${device}/up`, {
    end_device_ids: { device_id: device, dev_eui: eui },
    received_at: '2026-11-21T10:04:50Z',
    uplink_message: { frm_payload: DATA, ...uplink },
  });
const says = (field: string) =>
  `function decodeUplink(i) { return { data: { ${field}: (i.bytes[0] << 8) | i.bytes[1] } }; }`;

describe('bytes of a LoRaWAN device', () => {
  it('go through the codec of the device, else of its model, its profile, its application', async () => {
    sandbox.drop('app-1.js', says('conduct_SOIL'));
    const ec = { kind: 'readings', readings: [{ metric: 'soil_ec', channel: '', value: 3 }] };
    expect(await chirpstack('a84041ffff000001', {})).toMatchObject(ec);
    sandbox.drop('dragino-lse01.js', says('profile'));
    const info = { deviceName: 'Đầu dò A3', deviceProfileName: 'Dragino LSE01' };
    const raw = (channel: string) => ({ readings: [{ metric: 'raw', channel, value: 3000 }] });
    expect(await chirpstack('a84041ffff000001', info)).toMatchObject(raw('profile'));
    sandbox.drop('Đầu dò A3.js', says('name'));
    expect(await chirpstack('a84041ffff000001', info)).toMatchObject(raw('name'));
    sandbox.drop('A84041FFFF000001.js', says('eui'));
    expect(await chirpstack('a84041ffff000001', info)).toMatchObject(raw('eui'));
    sandbox.drop('farm.js', says('application'));
    expect(await thingsStack('probe-1', {})).toMatchObject(raw('application'));
    sandbox.drop('em500-smtc.js', says('conductivity'));
    const version_ids = { brand_id: 'milesight-iot', model_id: 'em500-smtc' };
    expect(await thingsStack('probe-1', { version_ids })).toMatchObject(ec);
    sandbox.drop('probe-1.js', says('id'));
    expect(await thingsStack('probe-1', { version_ids })).toMatchObject(raw('id'));
    sandbox.drop('0004a30b001c0530.js', says('eui'));
    expect(await thingsStack('probe-1', { version_ids })).toMatchObject(raw('eui'));
  });

  it('are kept in quarantine with what to do when no codec is there, or it fails', async () => {
    const fields = { fPort: 2, data: DATA, deviceInfo: { deviceProfileName: 'Unheard of' } };
    expect(await receive('application/none/device/a84041ffff000008/event/up', fields)).toMatchObject({
      kind: 'problem',
      cause: 'codec_failed',
      device: 'a84041ffff000008',
      detail: expect.stringContaining('has no codec'),
    });
    sandbox.drop('loop.js', 'function decodeUplink() { for (;;) {} }');
    expect(await chirpstack('a84041ffff000009', { deviceProfileName: 'loop' })).toMatchObject({
      kind: 'problem',
      cause: 'codec_failed',
      device: 'a84041ffff000009',
      detail: expect.stringMatching(/codec loop\.js, device 'a84041ffff000009'.*100 ms.*loop\.js/),
    });
  });

  it('are not decoded again when the network server did it', async () => {
    expect(await chirpstack('a84041ffff000001', {}, { object: { BAT_V: 3, TempC_SHT: 20 } })).toMatchObject({
      readings: [
        { metric: 'battery_voltage', value: 3 },
        { metric: 'air_temperature', value: 20 },
      ],
    });
  });
});

describe('fields of a codec', () => {
  const read = (decoded: unknown, names: readonly string[] = []) => {
    const fields = readFields({ decoded, names });
    if ('kind' in fields) return fields.cause;
    return Object.fromEntries(
      fields.readings.map(({ metric, channel, value }) => [channel ? `${metric}/${channel}` : metric, value]),
    );
  };

  it('that nobody knows keep the unit beside them, and true under the name of a quantity says why it is raw', () => {
    const decoded = { salinity: { value: 40, unit: 'ppt' }, soil_moisture: { value: true, unit: '%' } };
    expect(readFields({ decoded, names: [] })).toMatchObject({
      readings: [
        { metric: 'raw', channel: 'salinity', value: 40, unit: 'ppt' },
        { metric: 'raw', channel: 'soil_moisture', value: 1, rawReason: 'boolean' },
      ],
    });
  });

  it.each<[object, object]>([
    [{ soil_ec: { value: 1500, unit: 'µS/cm' } }, { soil_ec: 1.5 }],
    [{ soil_ec: { value: '1.5', unit: 'dS/m' } }, { soil_ec: 1.5 }],
    [{ soil_ec: { value: 1.5 } }, { 'raw/soil_ec': 1.5 }],
    [{ soil_ec: { value: 1.5, unit: '°C' } }, { 'raw/soil_ec': 1.5 }],
    [{ temperature: { value: 212, unit: '°F' } }, { temperature: 100 }],
    [{ soilTemperatureF: 212 }, { soil_temperature: 100 }],
    [{ air_temp_c: -3.5 }, { air_temperature: -3.5 }],
    [{ 'Soil EC (µS/cm)': 1500 }, { soil_ec: 1.5 }],
    [{ soil_temperature_at_depth_0: { value: 20, unit: '°C' } }, { 'soil_temperature/0': 20 }],
    [
      { soil_temperature_c: 20, soil_temperature_c2: 21 },
      { soil_temperature: 20, 'soil_temperature/2': 21 },
    ],
    [
      { soil_ph: 6.5, leak: true, valve_open: 'closed' },
      { soil_ph: 6.5, leak: 1, valve_open: 0 },
    ],
    [
      { battery_mv: 3600, battery_voltage_mv: 3600 },
      { 'raw/battery_mv': 3600, battery_voltage: 3.6 },
    ],
    [{ probes: [{ temp_c: 1 }, { temp_c: 2 }] }, { 'temperature/probes.0': 1, 'temperature/probes.1': 2 }],
    [{ temperature: '24.50', id: '007', key: '12345678901', mode: 'auto' }, { 'raw/temperature': 24.5 }],
    [
      { on: true, off: false },
      { 'raw/on': 1, 'raw/off': 0 },
    ],
  ])('%j', (decoded, expected) => {
    expect(read(decoded)).toEqual(expected);
  });

  it('that come as text with their unit are read in it', async () => {
    sandbox.drop(
      'old-lse01.js',
      `function Decoder(bytes, port) {
        return { Bat: 3.6 + ' V', TempC_DS18B20: '24.1 °C', water_SOIL: '19.57 %', temp_SOIL: '24.59°C',
          conduct_SOIL: '2488 uS/cm', Sensor_flag: 1 };
      }`,
    );
    const readings = [
      { metric: 'battery_voltage', channel: '', value: 3.6 },
      { metric: 'temperature', channel: 'DS18B20', value: 24.1 },
      { metric: 'soil_moisture', channel: '', value: 0.1957 },
      { metric: 'soil_temperature', channel: '', value: 24.59 },
      { metric: 'soil_ec', channel: '', value: 2.488 },
      { metric: 'raw', channel: 'Sensor_flag', value: 1 },
    ];
    const info = { deviceProfileName: 'Old LSE01' };
    expect(await chirpstack('a84041ffff000021', info)).toMatchObject({ readings, missing: 0 });
    const object = { temp_SOIL: '24,59 ℃', water_SOIL: '3 V', conduct_SOIL: 'dry', depth: '10 cm' };
    expect(await chirpstack('a84041ffff000022', {}, { object })).toMatchObject({
      readings: [
        { metric: 'soil_temperature', channel: '', value: 24.59 },
        { metric: 'raw', channel: 'water_SOIL', value: 3, unit: 'V', rawReason: 'unit' },
        { metric: 'raw', channel: 'depth', value: 10, unit: 'cm' },
      ],
      ...{ missing: 1, garbled: 1, strange: [{ name: 'conduct_SOIL', holds: "'dry'" }] },
    });
  });

  it.each<[object, object]>([
    [
      {
        messages: [
          [
            { measurementId: '4097', measurementValue: 23.4 },
            { measurementId: '9999', measurementValue: 1 },
          ],
          [{ 'Battery(%)': 5, type: 'Battery(%)' }],
        ],
      },
      { air_temperature: 23.4, 'raw/9999': 1, battery: 5 },
    ],
    [{ messages: [{ 'Battery(%)': 5 }, { interval: 720 }] }, { battery: 5, 'raw/interval': 720 }],
    [
      {
        probes: [
          { name: 'deep', temp_c: 1 },
          { name: 'flat', temp_c: 2 },
        ],
      },
      { 'temperature/probes.deep': 1, 'temperature/probes.flat': 2 },
    ],
  ])('get no channel from their place where they have a name: %j', (decoded, expected) => {
    expect(read(decoded)).toEqual(expected);
  });

  it('are bounded', () => {
    expect(read({ list: Array(300).fill(1) })).toBe('too_many_fields');
    expect(read(JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`))).toBe('too_deep');
  });

  it('of whatever shape give only finite numbers of known metrics', () => {
    const key = fc.constantFrom(
      ...[
        'soil',
        'air',
        'temperature',
        'value',
        'unit',
        'time',
        'measurementId',
        'measurementValue',
        'Bat',
        'x',
      ],
      ...[
        'conduct_SOIL',
        'Valve',
        'Tamper',
        '__proto__',
        'constructor',
        'hasOwnProperty',
        'moisture',
        'depth',
        'type',
      ],
    );
    const value = fc.anything({ key, withNullPrototype: true, maxDepth: 4 });
    fc.assert(
      fc.property(value, value, (decoded, normalized) => {
        const copy = JSON.parse(JSON.stringify([decoded ?? null, normalized ?? null]) ?? 'null');
        const fields = readFields({ decoded: copy[0], normalized: copy[1], names: ['em500-smtc'] });
        if ('kind' in fields) return;
        for (const { metric, channel, value: number } of fields.readings) {
          expect(Object.hasOwn(metrics, metric) && Number.isFinite(number) && channel.length <= 64).toBe(
            true,
          );
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

it('takes no signal that is beyond every number for one', () => {
  const receptions: unknown = JSON.parse('[{"rssi":1e999,"snr":5},{"rssi":-80,"snr":1e999},{"rssi":-90}]');
  expect(linkOf(receptions)).toEqual([
    { metric: 'rssi', channel: '', value: -90 },
    { metric: 'snr', channel: '', value: 0 },
  ]);
});
