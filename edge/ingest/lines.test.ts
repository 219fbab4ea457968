import { channelName, encodeReadings, lineHead, metrics, parseReadings } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MessageLines } from './lines.ts';
import { newSeriesState } from './observation.ts';
import { IncomingReading, type Series } from './series.ts';

const aMetric = fc.constantFrom('soil_moisture', 'volume', 'raw', 'battery' as const);
const aDevice = fc.constantFrom('d1', 'vườn-thanh-long', 'gateway.sensor 2,b=c');
const aChannel = fc.oneof(fc.constant(''), fc.string({ unit: 'binary', maxLength: 80 })).map(channelName);
const NOW = 1_790_000_000_000;
/** Now, never, before 1970, in the year 2255. */
const aTime = fc.oneof(
  fc.integer({ min: NOW - 20_000, max: NOW + 20_000 }),
  fc.constantFrom(0, 1, -1, -86_400_000, 999, 9_000_000_000_000),
);
const aReading = fc
  .record({
    ...{ metric: aMetric, device: aDevice, channel: aChannel, receivedAtMs: aTime, atMs: aTime },
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    quality: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })),
    number: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  })
  .map(({ metric, device, channel, value, quality, receivedAtMs, atMs, number }) => {
    const names = { metric, device, channel };
    const series: Series = {
      ...{ ...names, limits: metrics[metric], state: newSeriesState(), head: Buffer.from(lineHead(names)) },
    };
    return { series, reading: new IncomingReading(series, value, quality, receivedAtMs, atMs, number) };
  });

it('writes the very bytes of the wire’s encoding, message after message', () => {
  const lines = new MessageLines();
  fc.assert(
    fc.property(fc.array(aReading, { minLength: 1, maxLength: 40 }), (message) => {
      lines.begin();
      for (const { series, reading } of message) lines.add(series.head, reading);
      const text = Buffer.from(lines.bytes()).toString('utf8');
      expect(text).toBe(encodeReadings(message.map(({ reading }) => reading)));
      expect(parseReadings(text)).toHaveLength(message.length);
    }),
    { numRuns: 500 },
  );
});

it('grows with the message', () => {
  const lines = new MessageLines();
  const names = { metric: 'raw', device: 'd', channel: 'đ'.repeat(64) } as const;
  const head = Buffer.from(lineHead(names));
  const series: Series = { ...names, limits: metrics.raw, state: newSeriesState(), head };
  const readings = Array.from(
    { length: 2_000 },
    (_, number) => new IncomingReading(series, -1.7976931348623157e308, 0xffff, -1e12, 1e12, number),
  );
  lines.begin();
  for (const reading of readings) lines.add(head, reading);
  expect(Buffer.from(lines.bytes()).toString('utf8')).toBe(encodeReadings(readings));
});
