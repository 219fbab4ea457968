import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { matchTopic, metrics } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProfiles, offsetMinutes, type Parsed, type Profiles, shortMemory } from './index.ts';

/**
 * What devices really send. A file is one story: its messages reach the same profiles one after another, so that a
 * discovery is heard before the values it explains.
 */
interface Recorded {
  /** What this row shows. */
  readonly note?: string;
  readonly speaker: string;
  readonly topic: string;
  /** Text as it is sent; anything else is sent as JSON. */
  readonly payload: unknown;
  /** When it arrived; all rows of a file share the clock of the row before. */
  readonly receivedAt?: string;
  readonly expect: Expected;
}

type Expected =
  /** No family reads the topic, or the message holds nothing of the farm. */
  | 'unclaimed'
  | 'nothing'
  | { readonly device?: string; readonly online: boolean }
  /** The detail need only hold these words. */
  | { readonly device?: string; readonly problem: string; readonly detail?: string }
  | {
      readonly device?: string;
      /** 'metric' or 'metric/channel' → value. */
      readonly readings: Readonly<Record<string, number>>;
      readonly missing?: number;
      /** The device's own time; absent: it gives none. */
      readonly observedAt?: string;
    };

const FOLDER = join(import.meta.dirname, 'recorded');
const START = '2026-11-21T10:04:56Z';
const stories = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => ({
    family: file.replace('.json', ''),
    rows: JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded[],
  }));

/** What no device should send, in the place of a value or of a key. */
const ODD = [
  ...[
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '""',
    '"\\ud800"',
    `"${'x'.repeat(5_000)}"`,
    '"NaN"',
    'NaN',
  ],
  ...['1e999', '-1e308', '9007199254740993', '-0', 'null', 'true', '[]', '{}', '{"__proto__":{"a":1}}'],
  ...['[['.repeat(5_000), `[${'1,'.repeat(20_000)}1]`, `{${'"a":{'.repeat(60)}${'}'.repeat(61)}`],
];
/** What is told of one message has bounds, however long that was. */
const MOST_CHARACTERS = 64 * 1024;

const bytesOf = ({ payload }: Recorded) =>
  Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));

async function receive(profiles: Profiles, row: Recorded, payload: Uint8Array, receivedAt: string) {
  const { speaker, topic } = row;
  const match = matchTopic(topic);
  if (match === undefined || (match.identity !== '' && match.identity !== speaker)) {
    throw new Error(`${speaker} may not publish on ${topic}`);
  }
  const spoken = { speaker, topic, name: match.name, rest: match.rest };
  return profiles.find(spoken)?.parse({
    ...{ ...spoken, payload, receivedAtMs: Date.parse(receivedAt) },
    zoneOffsetMinutes: offsetMinutes('+07:00'),
  });
}

/** What was parsed, in the words of an expectation. */
function told(parsed: Parsed | undefined): unknown {
  if (parsed === undefined) return 'unclaimed';
  const device = 'device' in parsed && parsed.device !== undefined ? { device: parsed.device } : {};
  switch (parsed.kind) {
    case 'nothing':
      return 'nothing';
    case 'status':
      return { ...device, online: parsed.online };
    case 'problem':
      return { ...device, problem: parsed.cause, detail: parsed.detail };
    case 'readings': {
      const names = parsed.readings.map(({ metric, channel }) => (channel ? `${metric}/${channel}` : metric));
      expect(new Set(names).size, 'each reading has a place of its own').toBe(names.length);
      const { missing, timeGiven, observedAtMs } = parsed;
      return {
        ...device,
        readings: Object.fromEntries(parsed.readings.map(({ value }, index) => [names[index], value])),
        ...(missing > 0 ? { missing } : {}),
        ...(timeGiven
          ? {
              observedAt: observedAtMs === undefined ? 'unreadable' : new Date(observedAtMs).toISOString(),
            }
          : {}),
      };
    }
  }
}

function wanted(row: Recorded): unknown {
  const { expect: expected } = row;
  if (typeof expected === 'string' || 'online' in expected) return expected;
  if ('problem' in expected) {
    return { ...expected, detail: expect.stringContaining(expected.detail ?? '') };
  }
  const readings = Object.entries(expected.readings).map(([name, value]) => [name, expect.closeTo(value, 6)]);
  const { observedAt } = expected;
  return {
    ...expected,
    readings: Object.fromEntries(readings),
    ...(observedAt === undefined || observedAt === 'unreadable'
      ? {}
      : { observedAt: new Date(observedAt).toISOString() }),
  };
}

describe.each(stories)('$family', ({ rows }) => {
  const profiles = createProfiles(shortMemory());
  let receivedAt = START;

  it.each(rows.map((row) => ({ row, title: `${row.note ?? 'reads'} (${row.topic})` })))(
    '$title',
    async ({ row }) => {
      receivedAt = row.receivedAt ?? receivedAt;
      expect(told(await receive(profiles, row, bytesOf(row), receivedAt))).toEqual(wanted(row));
    },
  );

  it('answers whatever bytes come on any of its topics, and gives only finite numbers of known metrics', async () => {
    const row = fc.constantFrom(...rows);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json({ depthSize: 'large' }).map((text) => new Uint8Array(Buffer.from(text))),
      // A recorded payload, cut off or with a byte changed, or that of another topic.
      fc.tuple(row, fc.nat(), fc.nat(255), fc.boolean()).map(([other, at, byte, cut]) => {
        const payload = bytesOf(other);
        if (payload.length === 0) return payload;
        if (cut) return payload.subarray(0, at % payload.length);
        payload[at % payload.length] = byte;
        return payload;
      }),
      // With something in the place of one of its values, or of one of its keys.
      fc.tuple(row, fc.nat(), fc.constantFrom(...ODD)).map(([other, at, odd]) => {
        const text = bytesOf(other).toString();
        const places = [...text.matchAll(/"[^"]*"|-?\d[\d.]*|true|false|null/g)];
        const place = places[at % Math.max(1, places.length)];
        if (place === undefined) return Buffer.from(odd);
        return Buffer.from(text.slice(0, place.index) + odd + text.slice(place.index + place[0].length));
      }),
    );
    const hostile = createProfiles(shortMemory());
    await fc.assert(
      fc.asyncProperty(row, bytes, async (target, payload) => {
        const parsed = await receive(hostile, target, payload, START);
        expect(JSON.stringify(parsed ?? '').length).toBeLessThan(MOST_CHARACTERS);
        if (parsed?.kind !== 'readings') return;
        for (const { metric, channel, value } of parsed.readings) {
          expect(Object.hasOwn(metrics, metric) && Number.isFinite(value) && channel.length <= 64).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
