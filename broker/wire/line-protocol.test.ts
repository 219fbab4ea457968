import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  channelName,
  deviceAndTime,
  encodeReading,
  encodeReadings,
  isToldByTime,
  type MetricName,
  metrics,
  observedAtMs,
  parseReading,
  parseReadings,
  type Reading,
  seriesTimeNs,
} from './index.ts';

const anyValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e300, -1e300, 5e-324, 1e21, 1e-7, 0.1 + 0.2, Number.MAX_SAFE_INTEGER),
);
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.constantFrom(
    '',
    ' ',
    'a=b',
    'a,b',
    'x\\',
    'line\nbreak',
    'Độ ẩm đất',
    'DS18B20',
    '😀'.repeat(70),
    '𝒜'.repeat(70),
  ),
);
const anyReading: fc.Arbitrary<Reading> = fc.record({
  metric: fc.constantFrom(...(Object.keys(metrics) as MetricName[])),
  device: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
  channel: anyText.map(channelName),
  value: anyValue,
  quality: fc.nat(63),
  receivedAtMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  timeNs: fc.bigInt({ min: -(2n ** 63n) + 2n, max: 2n ** 63n - 2n }),
});
/** -0 is stored as 0: no measurement tells them apart. A receive time that TIME tells is read as TIME. */
const normal = (reading: Reading): Reading => {
  const atMs = observedAtMs(reading);
  const receivedAtMs = isToldByTime(reading.receivedAtMs, atMs) ? atMs : reading.receivedAtMs;
  return { ...reading, value: reading.value + 0, receivedAtMs };
};

describe('canonical line protocol', () => {
  it('tells the device and the time of a line as reading all of it does', () => {
    const near1970 = fc.bigInt({ min: -3_000_000n, max: 3_000_000n });
    fc.assert(
      fc.property(anyReading, fc.option(near1970), (reading, timeNs) => {
        const line = encodeReading({ ...reading, timeNs: timeNs ?? reading.timeNs });
        const { device, timeNs: ns } = parseReading(line);
        expect(deviceAndTime(line)).toEqual({ device, atMs: observedAtMs({ timeNs: ns }) });
      }),
    );
    const odd = 'raw,device=a\\ value\\=\\,device\\=b value=1 1700000000123456789';
    expect(deviceAndTime(odd)).toEqual({ device: 'a value=,device=b', atMs: 1_700_000_000_123 });
    for (const line of ['nonsense', 'raw value=1 1700000000123456789', 'raw,device=a 1 1700000000123456789'])
      expect(() => deviceAndTime(line)).toThrow(SyntaxError);
  });

  it('gives every reading back as it was', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        expect(parseReading(encodeReading(reading))).toEqual(normal(reading));
      }),
    );
  });

  it('gives a batch back in its order', () => {
    fc.assert(
      fc.property(fc.array(anyReading, { maxLength: 20 }), (readings) => {
        expect(parseReadings(encodeReadings(readings))).toEqual(readings.map(normal));
      }),
    );
  });

  it('is one line, whatever the channel was called', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        expect(encodeReading(reading)).not.toMatch(/[\n\r]/);
      }),
    );
  });

  it('survives UTF-8 unchanged, because the entry is hashed as UTF-8', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const name = channelName(text);
        expect(Buffer.from(name, 'utf8').toString('utf8')).toBe(name);
        expect(channelName(name)).toBe(name);
        expect(Array.from(name).length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('gives one name to both spellings of a Vietnamese word', () => {
    expect(channelName('Độ ẩm'.normalize('NFD'))).toBe(channelName('Độ ẩm'.normalize('NFC')));
  });

  it('has exactly one line for a reading', () => {
    fc.assert(
      fc.property(anyReading, (reading) => {
        const line = encodeReading(reading);
        expect(encodeReading(parseReading(line))).toBe(line);
      }),
    );
  });

  it.each([
    'temperature,device=a value=1.0,quality=0i,received=1i 1',
    'temperature,device=a value=0x10,quality=0i,received=1i 1',
    'temperature,device=a value=NaN,quality=0i,received=1i 1',
    'temperature,device=a value=Infinity,quality=0i,received=1i 1',
    'temperature,device=b,channel=a value=1,quality=0i,received=1i 1',
    'temperature,channel=a value=1,quality=0i,received=1i 1',
    'temperature,device= value=1,quality=0i,received=1i 1',
    'temperature,device=a value=1,quality=00i,received=1i 1',
    'temperature,device=a,device=b value=1,quality=0i,received=1i 1',
    'happiness,device=a value=1,quality=0i,received=1i 1',
    'temperature,device=a value=1,quality=0i,received=1i 1\n',
    '',
    '{}',
  ])('refuses %j', (line) => {
    expect(() => parseReading(line)).toThrow(SyntaxError);
  });

  it('never fails otherwise than with a SyntaxError', () => {
    const splice = fc.constantFrom(
      '',
      ',',
      '=',
      '\\',
      '\\\\',
      ' ',
      '\n',
      '\u0001',
      '0',
      '-',
      'i',
      'channel=',
    );
    fc.assert(
      fc.property(anyReading, fc.nat(), fc.nat(3), splice, (reading, at, cut, put) => {
        const line = encodeReading(reading);
        const place = at % line.length;
        try {
          parseReading(line.slice(0, place) + put + line.slice(place + cut));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('has no line for %d', (value) => {
    const reading = parseReading('temperature,device=a value=1,quality=0i,received=1i 1');
    expect(() => encodeReading({ ...reading, value })).toThrow(RangeError);
  });

  it('lets no channel break out of its line', () => {
    const reading = parseReading('temperature,device=a value=1,quality=0i,received=1i 1');
    expect(() => encodeReading({ ...reading, channel: 'a\ntemperature,device=b value=9' })).toThrow(
      RangeError,
    );
    expect(() => encodeReading({ ...reading, channel: 'a\\' })).toThrow(RangeError);
  });
});

describe('series time', () => {
  const anyMs = fc.integer({ min: -4_000_000_000_000, max: 4_102_444_800_000 });

  it('gives the observation time back, before 1970 too', () => {
    fc.assert(
      fc.property(anyMs, fc.nat(), (ms, running) => {
        expect(observedAtMs({ timeNs: seriesTimeNs(ms, running) })).toBe(ms);
      }),
    );
  });

  it('is another one for each of a million readings in a row at the same time', () => {
    fc.assert(
      fc.property(anyMs, fc.nat(), fc.integer({ min: 1, max: 999_999 }), (ms, running, apart) => {
        expect(seriesTimeNs(ms, running)).not.toBe(seriesTimeNs(ms, running + apart));
      }),
    );
  });

  it('follows the observation time', () => {
    fc.assert(
      fc.property(anyMs, fc.nat(), fc.nat(), (ms, one, other) => {
        expect(seriesTimeNs(ms, one) < seriesTimeNs(ms + 1, other)).toBe(true);
      }),
    );
  });
});
