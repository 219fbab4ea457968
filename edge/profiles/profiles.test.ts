import { isUtf8 } from 'node:buffer';
import { metrics, type TopicName, topicOf } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProfiles, offsetMinutes, type Parsed, type ParsedMessage, shortMemory } from './index.ts';
import { readJson } from './json.ts';

/** 17:04:56 in Viet Nam. */
const NOW = Date.parse('2026-11-21T10:04:56Z');
const VIET_NAM = offsetMinutes('+07:00');

function parse(
  { name, rest }: { name: TopicName; rest: string },
  payload: unknown,
  zoneOffsetMinutes = VIET_NAM,
): Parsed {
  const bytes =
    payload instanceof Uint8Array
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  const topic = { speaker: 'd1', topic: topicOf(name, 'd1').replace('#', rest), name, rest };
  const parsed = createProfiles(shortMemory())
    .find(topic)
    ?.parse({ ...topic, payload: bytes, receivedAtMs: NOW, zoneOffsetMinutes });
  if (parsed === undefined || parsed instanceof Promise) throw new Error('no profile');
  return parsed;
}

const plain = (payload: unknown) => parse({ name: 'readings', rest: '' }, payload);
const sensor = (payload: unknown, zone?: number) =>
  parse({ name: 'tasmotaTelemetry', rest: 'SENSOR' }, payload, zone);
const state = (payload: unknown) => parse({ name: 'tasmotaTelemetry', rest: 'STATE' }, payload);
const valve = (payload: unknown) => parse({ name: 'valveState', rest: '' }, payload);
const timeOf = (parsed: Parsed) => (parsed as ParsedMessage).observedAtMs;

describe('plain JSON', () => {
  it.each(['abc', -1, 1.5])('tells of a seq that is no counter: %j', (seq) => {
    expect(plain({ soil_ph: 6, seq })).toMatchObject({
      ...{ readings: [{ metric: 'soil_ph' }], counter: undefined, garbled: 1, strange: [{ name: 'seq' }] },
    });
  });

  it('reads metrics by name, the rest as raw, and the counter as none', () => {
    expect(plain({ soil_moisture: 0.31, seq: 7, pump: true, note: 'xin chào' })).toEqual({
      kind: 'readings',
      readings: [
        { metric: 'soil_moisture', channel: '', value: 0.31 },
        { metric: 'raw', channel: 'pump', value: 1 },
      ],
      timeGiven: false,
      observedAtMs: undefined,
      counter: 7,
      missing: 0,
      garbled: 0,
    });
  });

  it('reads a text that holds the letter for what is no UTF-8, and refuses what is none', () => {
    const text = JSON.stringify({ soil_moisture: 0.31, note: 'độ ẩm \ufffd' });
    expect(plain(text)).toMatchObject({ kind: 'readings', readings: [{ value: 0.31 }] });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (tail) => {
        const said = plain(Buffer.concat([Buffer.from('{"note":"'), tail]));
        expect(said.kind === 'problem' && said.cause === 'not_utf8').toBe(!isUtf8(tail));
      }),
    );
  });

  it('keeps the unit beside a raw value, and true or false of a quantity as raw', () => {
    const payload = { hum: { value: 40, unit: '%' }, soil_moisture: true, leak: true };
    expect(plain(payload)).toMatchObject({
      readings: [
        { metric: 'raw', channel: 'hum.value', value: 40, unit: '%' },
        { metric: 'raw', channel: 'soil_moisture', value: 1, rawReason: 'boolean' },
        { metric: 'leak', channel: '', value: 1 },
      ],
    });
    expect(plain({ value: 3, unit: 'V' })).toMatchObject({ readings: [{ channel: 'value', unit: 'V' }] });
  });

  it('takes the names of objects as the channel', () => {
    expect(plain({ top: { soil_moisture: 0.3, x: { y: 1 } }, soil_moisture: 0.2 })).toMatchObject({
      readings: [
        { metric: 'soil_moisture', channel: 'top', value: 0.3 },
        { metric: 'raw', channel: 'top.x.y', value: 1 },
        { metric: 'soil_moisture', channel: '', value: 0.2 },
      ],
    });
  });

  it.each([
    ['a mark of byte order', '\uFEFF{"soil_moisture":0.3,"note":"\uFEFFNaN"}', 0],
    ['NaN', '{"soil_moisture":0.3,"soil_ph":NaN,"note":"NaN, \\"NaN\\""}', 1],
    ['nan and Infinity in a list', '{"a":[nan,-Infinity, +inf,"NaN"],"soil_moisture":0.3}', 3],
  ])('reads what stands beside %s, and no text is changed by it', (_what, text, missing) => {
    expect(plain(Buffer.from(text))).toMatchObject({
      readings: [{ metric: 'soil_moisture', channel: '', value: 0.3 }],
      missing,
      garbled: 0,
    });
  });

  it('leaves every text as it is, whatever stands for no number beside it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('NaN', 'nan', '-Infinity'), (text, none) => {
        const payload = `{"t":${JSON.stringify(text)},"n":[${none},{"t":${JSON.stringify(`${text}NaN`)}}]}`;
        expect(readJson(Buffer.from(payload))).toEqual({
          value: { t: text.toWellFormed(), n: [null, { t: `${text}NaN`.toWellFormed() }] },
        });
      }),
    );
  });

  it.each([
    ['2026-11-21T17:04:56+07:00', NOW],
    ['2026-11-21T17:04:56+0700', NOW],
    ['2026-11-21T10:04:56.000Z', NOW],
    ['2026-11-21T10:04:56', undefined],
    ['yesterday', undefined],
    [1_795_000_000, undefined],
    [null, undefined],
  ])('reads the time %j', (time, expected) => {
    expect(plain({ time, soil_moisture: 0.3 })).toMatchObject({ timeGiven: true, observedAtMs: expected });
  });

  it('counts what should be a reading and is none', () => {
    expect(
      plain('{"soil_moisture":null,"soil_ec":"wet","rain":1e999,"other":null,"air_temperature":31}'),
    ).toMatchObject({
      readings: [{ metric: 'air_temperature', value: 31 }],
      missing: 4,
      garbled: 2,
      strange: [
        { name: 'soil_ec', holds: "'wet'" },
        { name: 'rain', holds: 'Infinity' },
      ],
    });
  });

  it('reads a number that comes as text, with the unit that stands behind it', () => {
    const payload = {
      ...{ soil_moisture: '23 %', soil_temperature: '24,6°C', soil_ec: '2488 uS/cm', soil_ph: '6.5' },
      ...{ air_pressure: '24 °C', hum: '40.5 %', box: { volt: '3.6' }, serial: '0123', mac: '2C' },
    };
    expect(plain(payload)).toMatchObject({
      readings: [
        { metric: 'soil_moisture', value: 0.23 },
        { metric: 'soil_temperature', value: 24.6 },
        { metric: 'soil_ec', value: 2.488 },
        { metric: 'soil_ph', value: 6.5 },
        { metric: 'raw', channel: 'air_pressure', value: 24, unit: '°C', rawReason: 'unit' },
        { metric: 'raw', channel: 'hum', value: 40.5, unit: '%' },
        { metric: 'raw', channel: 'box.volt', value: 3.6 },
      ],
      missing: 0,
    });
  });

  it.each(['1,234 °C', '24.6 Grad', '12:30', '24.6 °C, 30 %', '1/2', '3-4 °C'])(
    'guesses no number from %s',
    (soil_temperature) => {
      const holds = `'${soil_temperature}'`;
      expect(plain({ soil_temperature })).toMatchObject({
        ...{ readings: [], garbled: 1, strange: [{ name: 'soil_temperature', holds }] },
      });
    },
  );

  it.each([
    ['{"soil_moisture":nix}', 'invalid_json', 'at 17'],
    ['{"soil_moisture":0.3', 'invalid_json', 'at 20'],
    ['', 'invalid_json', ''],
    ['[1,2]', 'not_an_object', 'an array'],
    ['41.7', 'not_an_object', 'a number'],
    ['null', 'not_an_object', 'null'],
    [JSON.stringify({ a: { b: { c: { d: { e: 1 } } } } }), 'too_deep', '4'],
    ['['.repeat(60_000), 'invalid_json', ''],
    [
      JSON.stringify(Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`f${i}`, i]))),
      'too_many_fields',
      '256',
    ],
    [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 'not_utf8', ''],
    [Buffer.alloc(1024 * 1024, 0x20), 'too_large', '1048576'],
  ])('names what is wrong with %.40s', (payload, cause, detail) => {
    expect(plain(payload)).toMatchObject({ kind: 'problem', cause, detail: expect.stringContaining(detail) });
  });
});

describe('Tasmota', () => {
  it('reads a probe, in Celsius or Fahrenheit', () => {
    const time = '2026-11-21T17:04:56';
    expect(sensor({ Time: time, DS18B20: { Id: '01191ED79190', Temperature: 24.1 }, TempUnit: 'C' })).toEqual(
      {
        kind: 'readings',
        readings: [{ metric: 'temperature', channel: 'DS18B20', value: 24.1 }],
        timeGiven: true,
        observedAtMs: NOW,
        missing: 0,
        garbled: 0,
      },
    );
    expect(
      sensor({ Time: time, AM2301: { Temperature: 212, Humidity: 55, DewPoint: 60 }, TempUnit: 'F' }),
    ).toMatchObject({
      readings: [
        { metric: 'temperature', channel: 'AM2301', value: 100 },
        { metric: 'relative_humidity', channel: 'AM2301', value: 55 },
        { metric: 'dew_point', channel: 'AM2301', value: expect.closeTo(15.5556, 4) },
      ],
    });
  });

  it('takes a time without offset as the farm’s, one with offset as it is, and UTC from a device that knows no zone', () => {
    const at = (Time: string, zone?: number) => timeOf(sensor({ Time, A: { Temperature: 1 } }, zone));
    expect(at('2026-11-21T17:04:56')).toBe(NOW);
    expect(at('2026-11-21T17:04:56+07:00')).toBe(NOW);
    expect(at('2026-11-21T10:04:56Z')).toBe(NOW);
    expect(at('2026-11-21T10:04:50')).toBe(NOW - 6_000);
    expect(at('2026-11-21T10:04:50', offsetMinutes('-03:00'))).toBe(NOW - 6_000);
    expect(at('2026-11-21T09:00:00')).toBe(Date.parse('2026-11-21T02:00:00Z'));
    expect(at('1970-01-01T00:00:12')).toBe(12_000 - 7 * 3_600_000);
    expect(at('rubbish')).toBeUndefined();
  });

  it('reads a measurement that is printed as text, and counts one that is no number', () => {
    const topic = { name: 'tasmotaTelemetry', rest: 'SENSOR' } as const;
    const Id = '01191ED79190';
    expect(parse(topic, { DS18B20: { Id, Temperature: '24.5' } })).toMatchObject({
      readings: [{ metric: 'temperature', channel: 'DS18B20', value: 24.5 }],
      missing: 0,
    });
    expect(parse(topic, { DS18B20: { Id, Temperature: 'nan' } })).toMatchObject({ readings: [], missing: 1 });
    expect(parse(topic, { A: { Id, Temperature: '77°F', Humidity: '3 V', Depth: '4 cm' } })).toMatchObject({
      readings: [
        { metric: 'temperature', channel: 'A', value: 25 },
        { metric: 'raw', channel: 'A.Humidity', value: 3, unit: 'V', rawReason: 'unit' },
        { metric: 'raw', channel: 'A.Depth', value: 4, unit: 'cm' },
      ],
    });
  });

  it.each(['2026-02-30T10:00:00', '2026-11-20T24:00:00', '2026-13-01T00:00:00'])(
    'takes no day or hour that does not exist: %s',
    (Time) => {
      const parsed = parse(
        { name: 'tasmotaTelemetry', rest: 'SENSOR' },
        { Time, DS18B20: { Temperature: 20 } },
      );
      expect(parsed).toMatchObject({ timeGiven: true });
      expect((parsed as ParsedMessage).observedAtMs).toBeUndefined();
    },
  );

  it('reads the signal strength, keeps the rest of STATE as raw, and passes over what is about the software', () => {
    expect(
      state({
        Time: '2026-11-21T17:04:56',
        UptimeSec: 611,
        Heap: 27,
        LoadAvg: 19,
        MqttCount: 1,
        Vcc: 3.4,
        POWER: 'OFF',
        Wifi: { RSSI: 44, Signal: -78 },
      }),
    ).toMatchObject({
      readings: [
        { metric: 'raw', channel: 'Vcc', value: 3.4 },
        { metric: 'rssi', channel: '', value: -78 },
        { metric: 'valve_open', channel: 'POWER1', value: 0 },
      ],
    });
  });

  it('keeps lists by index', () => {
    expect(sensor({ ENERGY: { Power: [1, 2] } })).toMatchObject({
      readings: [
        { metric: 'power', channel: 'ENERGY.0' },
        { metric: 'power', channel: 'ENERGY.1' },
      ],
    });
  });

  it('tells whether the device is there', () => {
    const lwt = (payload: string) => parse({ name: 'tasmotaTelemetry', rest: 'LWT' }, payload);
    expect(lwt('Online')).toEqual({ kind: 'status', online: true });
    expect(lwt('Offline')).toEqual({ kind: 'status', online: false });
    expect(lwt('perhaps')).toMatchObject({ kind: 'problem', cause: 'wrong_shape' });
  });

  it('leaves what tells nothing of the farm', () => {
    const find = (name: TopicName, topic: string, rest: string) =>
      createProfiles(shortMemory()).find({ speaker: 'd1', topic, name, rest });
    expect(find('tasmotaTelemetry', 'tele/d1/INFO1', 'INFO1')).toBeUndefined();
    expect(find('tasmotaResult', 'stat/d1/LOGGING', 'LOGGING')).toBeUndefined();
  });
});

describe('text of other families', () => {
  it('is a number where a number with its unit stands, and told where a number should stand', () => {
    const zigbee = {
      temperature: '24.6 °C',
      humidity: 'wet',
      soil_moisture: null,
      mode: 'auto',
      gap: '3 mm',
    };
    expect(parse({ name: 'zigbee', rest: 'probe' }, { ...zigbee, pressure: '3 V' })).toMatchObject({
      readings: [
        { metric: 'temperature', channel: '', value: 24.6 },
        { metric: 'raw', channel: 'gap', value: 3, unit: 'mm' },
        { metric: 'raw', channel: 'pressure', value: 3, unit: 'V', rawReason: 'unit' },
      ],
      ...{ missing: 1, garbled: 1, strange: [{ name: 'humidity', holds: "'wet'" }] },
    });
    expect(parse({ name: 'own', rest: 'sensor/ec/state' }, '1.2 mS/cm')).toMatchObject({
      readings: [{ metric: 'raw', channel: 'sensor.ec', value: 1.2, unit: 'mS/cm' }],
    });
  });
});

describe('our own valve', () => {
  it('gives flow, volume and position', () => {
    const message = {
      state: 'open',
      cause: 'command',
      flowLitresPerMinute: 12.5,
      totalLitres: 800,
      time: '2026-11-21T10:04:56Z',
    };
    expect(valve(message)).toMatchObject({
      readings: [
        { metric: 'flow', value: 12.5 },
        { metric: 'volume', value: 800 },
        { metric: 'valve_open', value: 1 },
      ],
      timeGiven: true,
      observedAtMs: NOW,
    });
    expect(valve({ ...message, state: 'ajar' })).toMatchObject({ kind: 'problem', cause: 'wrong_shape' });
  });
});

describe('every profile', () => {
  it('survives whatever comes, and gives only finite numbers of known metrics', () => {
    const payload = fc.oneof(
      fc.json(),
      fc.json({ depthSize: 'large' }).map((text) => text.slice(0, -1)),
      fc.uint8Array({ maxLength: 400 }),
      fc.object({
        key: fc.constantFrom('time', 'Time', 'soil_moisture', 'Temperature', 'TempUnit', '__proto__', 'x'),
      }),
    );
    fc.assert(
      fc.property(payload, (value) => {
        for (const read of [plain, sensor, state, valve]) {
          const parsed = read(value);
          if (parsed.kind !== 'readings') continue;
          for (const { metric, channel, value: number } of parsed.readings) {
            expect(Object.hasOwn(metrics, metric) && Number.isFinite(number) && channel.length <= 64).toBe(
              true,
            );
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
