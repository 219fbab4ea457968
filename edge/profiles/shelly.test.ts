import { expect, it } from 'vitest';
import { createProfiles, type ParsedMessage, shortMemory } from './index.ts';

const BEGAN = Date.UTC(2026, 10, 21, 10);

/** A Shelly that speaks so many seconds after the beginning; the answer is what was read, by channel. */
function device() {
  const profiles = createProfiles(shortMemory());
  return (seconds: number, rest: string, said: object) => {
    const source = { speaker: 'tuoi1', topic: `tuoi1/${rest}`, name: 'own' as const, rest };
    const payload = Buffer.from(JSON.stringify(said));
    const receivedAtMs = BEGAN + seconds * 1_000;
    const parsed = profiles.find(source)?.parse({ ...source, payload, receivedAtMs, zoneOffsetMinutes: 420 });
    return ((parsed as ParsedMessage).readings ?? []).map(({ metric, value }) => `${metric} ${value}`);
  };
}
const notified = (params: object) => ({ method: 'NotifyStatus', params });
const temperature = (tC: number) => ({ id: 0, tC, tF: 0 });

it('drops a status that repeats a notification, and no later one, however often others come between', () => {
  const told = device();
  told(0, 'events/rpc', notified({ 'temperature:100': temperature(21) }));
  expect(told(1, 'status/temperature:100', temperature(21))).toEqual([]);
  for (let second = 2; second <= 20; second += 3)
    told(second, 'events/rpc', notified({ 'temperature:101': temperature(second) }));
  expect(told(21, 'status/temperature:101', temperature(20))).toEqual([]);
  expect(told(21, 'status/temperature:100', temperature(21))).toEqual(['temperature 21']);
});
