import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ParsedReading, Profile } from '../profiles/profile.ts';
import { createIngest } from './index.ts';
import { message, startRig } from './testing/rig.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-fields-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const NOW = Date.parse('2026-11-21T10:00:00Z');

/** A rig, and its journal read by a profile that answers whatever it is told to. */
async function told() {
  const rig = await startRig(join(root, String(++folders)), NOW);
  onTestFinished(() => rig.stop());
  let answer: readonly ParsedReading[] = [];
  const profile: Profile = {
    name: 'told',
    claims: () => true,
    parse: () => ({ kind: 'readings', readings: answer, timeGiven: false, missing: 0 }),
  };
  const ingest = createIngest({
    ...{ journal: rig.journal, profiles: { find: () => profile, version: 1 }, clock: rig.clock },
    ...{
      logger: pino({ level: 'silent' }),
      onReadings: () => {},
      onStatus: () => {},
      onQuarantine: () => {},
    },
  });
  let packetId = 0;
  return {
    ...{ rig, ingest },
    send: (readings: readonly ParsedReading[]) => {
      answer = readings;
      packetId += 1;
      return ingest.receive(message(`message ${packetId}`, { packetId }));
    },
  };
}

describe('two values of one message for one series', () => {
  it('are told apart: the first keeps the series, the second is raw until somebody says what it is', async () => {
    const { rig, send } = await told();
    const one = { metric: 'soil_moisture', channel: 'top' } as const;
    await send([
      { ...one, value: 0.3 },
      { ...one, value: 0.4 },
      { ...one, value: 0.4 },
      { metric: 'soil_moisture', channel: '', value: 0.5 },
      { metric: 'soil_moisture', channel: '', value: 0.5 },
    ]);
    await rig.delivered();
    const values = async (metric: 'soil_moisture' | 'raw', channel: string) =>
      (await rig.raw('d1', metric, channel)).map(({ value, quality }) => [value, quality]);
    expect(await values('soil_moisture', 'top')).toEqual([[0.3, 0]]);
    expect(await values('raw', 'top.soil_moisture~2')).toEqual([[0.4, 0]]);
    expect(await values('raw', 'top.soil_moisture~3')).toEqual([[0.4, 0]]);
    expect(await values('soil_moisture', '')).toEqual([[0.5, 0]]);
    expect(await values('raw', 'soil_moisture~2')).toEqual([[0.5, 0]]);
  });

  it('at two times are one series', async () => {
    const { rig, send } = await told();
    const one = { metric: 'soil_ph', channel: '' } as const;
    await send([
      { ...one, value: 6, observedAtMs: NOW - 1_000 },
      { ...one, value: 7, observedAtMs: NOW },
    ]);
    await rig.delivered();
    expect(await rig.raw('d1', 'soil_ph')).toHaveLength(2);
    expect(await rig.raw('d1', 'raw')).toEqual([]);
  });
});

it('a message of nothing but what is no number is quarantined', async () => {
  const { rig, ingest, send } = await told();
  await send([{ metric: 'soil_ph', channel: '', value: Number.POSITIVE_INFINITY }]);
  expect(ingest.counters()).toMatchObject({ readings: 0, missing: 1, quarantined: 1 });
  expect(await rig.journal.records('quarantine', 1)).toMatchObject([{ cause: 'no_reading' }]);
});

it('true and false are values of a state only: of anything else they are raw, with the reason', async () => {
  const rig = await startRig(join(root, String(++folders)), NOW);
  onTestFinished(() => rig.stop());
  await rig.ingest.receive(message({ soil_moisture: true, top: { soil_ph: false }, leak: true }));
  await rig.delivered();
  expect(await rig.raw('d1', 'soil_moisture')).toEqual([]);
  expect(await rig.raw('d1', 'raw', 'soil_moisture')).toMatchObject([{ value: 1, quality: 0 }]);
  expect(await rig.raw('d1', 'raw', 'top.soil_ph')).toMatchObject([{ value: 0 }]);
  expect(await rig.raw('d1', 'leak')).toMatchObject([{ value: 1, quality: 0 }]);
});

it('whatever a profile answers: each finite value is stored once under a name of its own, and nothing else', async () => {
  const { rig, ingest, send } = await told();
  const reading = fc.record({
    metric: fc.constantFrom('soil_moisture', 'soil_ph', 'leak', 'raw'),
    channel: fc.constantFrom('', 'a', 'a~2', 'soil_ph~2', 'x'.repeat(64)),
    value: fc.oneof(
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    ),
    observedAtMs: fc.constantFrom(NOW - 5_000, NOW - 2_000, undefined),
  });
  const messages = fc.array(fc.array(reading, { maxLength: 30 }), { maxLength: 5 });
  let [finite, others] = [0, 0];
  await fc.assert(
    fc.asyncProperty(messages, async (mix) => {
      for (const told of mix) {
        const series = new Map<string, number>();
        const before = rig.journal.lastNumber();
        await send(
          told.map(({ observedAtMs, ...one }) =>
            observedAtMs === undefined ? one : { ...one, observedAtMs },
          ) as ParsedReading[],
        );
        const numbers = told.filter(({ value }) => Number.isFinite(value));
        finite += numbers.length;
        others += told.length - numbers.length;
        expect(ingest.counters()).toMatchObject({ readings: finite, missing: others });
        if (numbers.length === 0) continue;
        const [entry] = await rig.journal.read(before, 1);
        const lines = entry?.payload.split('\n') ?? [];
        expect(lines).toHaveLength(numbers.length);
        for (const line of lines) {
          expect(line).not.toMatch(/NaN|Infinity/);
          const [name = ''] = line.split(' value=');
          series.set(name, (series.get(name) ?? 0) + 1);
        }
        // At most once for each of the times that the message can give.
        expect(Math.max(...series.values())).toBeLessThanOrEqual(3);
      }
    }),
    { numRuns: 40 },
  );
}, 60_000);
