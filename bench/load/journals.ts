import { encodeReadings } from '@nongtin/broker/wire';
import { TestGateway } from '../../cloud/testing/gateway.ts';

/** Readings in an entry: a farm's fifty sensors in a minute, some of which tell more than one thing. */
export const READINGS_PER_ENTRY = 80;

const METRICS = ['soil_moisture', 'soil_temperature', 'soil_ec', 'air_temperature'] as const;
const START_MS = Date.UTC(2026, 10, 22);
const MINUTE_MS = 60_000;

/**
 * Gateways with a key, a chain and signatures of their own, an entry a minute. All say the same of the same minute, so that
 * making them takes seconds and not minutes: nothing that is measured compares gateways.
 */
export function gatewaysWith(count: number, entries: number): TestGateway[] {
  return gatewaysThatSay(
    count,
    Array.from({ length: entries }, (_, entry) => payloadOf(entry)),
  );
}

/** The same of one reading an entry: so many sensors, one after the other, each of them once a minute. */
export function trickling(count: number, entries: number, sensors: number): TestGateway[] {
  const source = new TestGateway('source');
  const payloads = Array.from({ length: entries }, (_, entry) => {
    const atMs = START_MS + Math.round((entry * MINUTE_MS) / sensors);
    const value = 0.2 + ((entry * 7) % 100) / 1_000;
    return encodeReadings([source.reading(`probe-${entry % sensors}`, 'soil_moisture', value, atMs)]);
  });
  return gatewaysThatSay(count, payloads);
}

function gatewaysThatSay(count: number, payloads: readonly string[]): TestGateway[] {
  return Array.from({ length: count }, (_, n) => {
    const gateway = new TestGateway(`bench-${n}`);
    for (const payload of payloads) gateway.append(payload);
    return gateway;
  });
}

function payloadOf(entry: number): string {
  const source = new TestGateway('source');
  const readings = Array.from({ length: READINGS_PER_ENTRY }, (_, index) => {
    const metric = METRICS[index % METRICS.length] ?? 'soil_moisture';
    const device = `probe-${Math.floor(index / METRICS.length)}`;
    const value =
      metric === 'soil_moisture' ? 0.2 + ((entry + index) % 100) / 1_000 : 20 + ((entry * index) % 50) / 10;
    return source.reading(device, metric, value, START_MS + entry * MINUTE_MS + index * 600);
  });
  return encodeReadings(readings);
}
