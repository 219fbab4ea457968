import { isMetricName } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PayloadOptions, Payloads, stepMsOf } from './payload.ts';

const options: PayloadOptions = { marks: 'time', fields: 4, epochMs: Date.UTC(2026, 10, 22), stepMs: 1 };

test('a message has four numeric fields, all metrics of ours, a time, and about 120 bytes', () => {
  const text = new Payloads(3, options).of(1_234_567);
  const { time, ...fields } = JSON.parse(text);
  expect(new Date(time).getTime()).toBe(options.epochMs + 1_234_567);
  expect(Object.keys(fields)).toHaveLength(4);
  expect(Object.keys(fields).every(isMetricName)).toBe(true);
  expect(fields.volume).toBe(1_234_567);
  expect(text.length).toBeGreaterThan(110);
  expect(text.length).toBeLessThan(130);
});

test('a message can be filled up to a length, whatever its number, and says the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), (number) => {
      const filled = new Payloads(1, { ...options, bytes: 121 }).of(number);
      expect(filled).toHaveLength(121);
      expect(JSON.parse(filled)).toEqual(JSON.parse(new Payloads(1, options).of(number)));
    }),
  );
});

test('the same number is the same bytes, whatever was asked for in between', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1 }), (numbers) => {
      const one = new Payloads(1, options);
      for (const number of numbers) expect(one.of(number)).toBe(new Payloads(1, options).of(number));
    }),
  );
});

test('no two messages of a device are the same, and its time never stands still', () => {
  for (const marks of ['time', 'seq', 'none'] as const) {
    const payloads = new Payloads(1, { ...options, marks, stepMs: stepMsOf(7_000) });
    const texts = Array.from({ length: 5_000 }, (_, index) => payloads.of(index + 1));
    expect(new Set(texts).size).toBe(texts.length);
  }
});

test('values move as slowly as soil does, also when a thousand messages come in a second', () => {
  const payloads = new Payloads(1, options);
  const minute = [0, 20, 40, 60].map((second) => JSON.parse(payloads.of(second * 1_000)));
  const temperatures = minute.map(({ soil_temperature }) => soil_temperature);
  expect(Math.max(...temperatures) - Math.min(...temperatures)).toBeLessThan(1);
});

test('a replayed reading is one metric and its time', () => {
  const text = new Payloads(1, { ...options, fields: 1, stepMs: 60_000 }).of(60);
  const { time, ...fields } = JSON.parse(text);
  expect(time).toBe('2026-11-22T01:00:00.000Z');
  expect(Object.keys(fields)).toEqual(['soil_moisture']);
});
