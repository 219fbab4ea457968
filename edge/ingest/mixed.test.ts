import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { testFarm } from '../gateway.suite.ts';
import { type Publication, RawClient } from './testing/raw-client.ts';
import { CODECS, type Said, type Speaker, type Stored, speakers, toCodec } from './testing/speakers.ts';

let farm: Awaited<ReturnType<typeof testFarm>>;
const clients = new Map<string, RawClient>();

beforeAll(async () => {
  farm = await testFarm();
  await farm.get('/api/live');
  for (const [name, script] of Object.entries(CODECS))
    writeFileSync(join(farm.dataDir, 'gateway', 'codecs', `${name}.js`), script);
  for (const { id, role } of [...speakers, { id: HOSTILE, role: 'bridge' }]) {
    const { password } = (await (await farm.post('/api/devices', { id, role })).json()) as {
      password: string;
    };
    const client = new RawClient(farm.gateway().ports.mqttPort, id, password);
    await client.connect();
    clients.set(id, client);
  }
  for (const { id, announces = [] } of speakers) {
    for (const { topic, payload } of announces) clientOf(id).publish(topic, Buffer.from(payload), true);
    await clientOf(id).quiet();
  }
}, 60_000);
afterAll(async () => {
  for (const client of clients.values()) await client.cut();
  await farm.close();
});

const HOSTILE = 'mix-hostile';
function clientOf(id: string): RawClient {
  const client = clients.get(id);
  if (client === undefined) throw new Error(`no client ${id}`);
  return client;
}

type Step =
  | { readonly kind: 'says'; readonly speaker: string; readonly again: number }
  /** What is no reading, on the topics of a device that has some. */
  | { readonly kind: 'stammers'; readonly speaker: string; readonly payload: Uint8Array }
  /** Anything, by one that is up to no good. */
  | { readonly kind: 'attacks'; readonly topic: string; readonly payload: Uint8Array }
  | { readonly kind: 'codec'; readonly codec: string; readonly number: number }
  | { readonly kind: 'cut'; readonly speaker: string };

const byId = new Map(speakers.map((one) => [one.id, one]));
function speakerOf(id: string): Speaker {
  const found = byId.get(id);
  if (found === undefined) throw new Error(`no speaker ${id}`);
  return found;
}
const speaker = fc.constantFrom(...byId.keys());
/** Of a bridge that speaks of itself as the others do of theirs. */
const sample = speaker.map((id) => {
  const { topic, payload } = speakerOf(id).say(21.5, Date.UTC(2026, 10, 21));
  return { topic: topic.replace(id, HOSTILE), payload };
});

/** None of these can be taken for a reading, in whatever family. */
const unreadable = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from([0xff, 0xfe]), bytes])),
  sample.map(({ payload }) =>
    Buffer.from(
      payload
        .slice(0, -1)
        .replaceAll('=', '')
        .replace(/^[\d.]+$/, 'x'),
    ),
  ),
  fc
    .constantFrom('', '{', '[]', 'null', '"', '{}', '{"params":[]}', '\u0000', '{"uplink_message":7}', 'NaN')
    .map((text) => Buffer.from(text)),
  fc.integer({ min: 5, max: 30_000 }).map((deep) => Buffer.from('[{"a":'.repeat(deep))),
  fc
    .constantFrom('{"__proto__":{"__proto__":null}}', '{"constructor":"x","soil_temperature":{}}')
    .map((text) => Buffer.from(text)),
);

const attack: fc.Arbitrary<Uint8Array> = fc.oneof(
  unreadable,
  fc.json({ depthSize: 'large' }).map((text) => Buffer.from(text)),
  // A message of another family, with a number beyond all bounds, cut off, or with a byte changed.
  fc
    .tuple(sample, fc.constantFrom('1e999', '-1e308', '[[[[[[1]]]]]]', '"\\ud800"', '{"__proto__":9}'))
    .map(([{ payload }, odd]) => Buffer.from(payload.replaceAll('21.5', odd))),
  fc.tuple(sample, fc.nat(), fc.nat(255)).map(([{ payload }, at, byte]) => {
    const bytes = Buffer.from(payload);
    bytes[at % bytes.length] = byte;
    return bytes;
  }),
  fc.constantFrom(70_000, 1_000_000, 10_000_000).map((size) => Buffer.alloc(size, '{"a":1,')),
);

const odd = fc.constantFrom(
  ...[
    '',
    '/',
    '#',
    '+/x',
    'nongtin/v1//readings',
    'nongtin/v1/mix-plain/readings',
    '$SYS/x',
    'tele/../SENSOR',
  ],
  ...[
    'zigbee2mqtt/',
    'zigbee2mqtt/bridge/devices',
    'homeassistant/sensor/mix-ha/t/config',
    `${HOSTILE}/__proto__`,
  ],
  ...[
    'application/+/device/x/event/up',
    'v3/x/devices//up',
    'tasmota/discovery/x/config',
    '\u0000',
    'a'.repeat(900),
  ],
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('says'), speaker, again: fc.constantFrom(0, 0, 1, 2) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('stammers'), speaker, payload: unreadable }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('attacks'),
      topic: fc.oneof(
        { weight: 3, arbitrary: sample.map(({ topic }) => topic) },
        { weight: 1, arbitrary: odd },
      ),
      payload: attack,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('codec'),
      codec: fc.constantFrom(...Object.keys(CODECS).slice(1)),
      number: fc.nat(1_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut'), speaker }) },
) as fc.Arbitrary<Step>;

/** Everything that was ever said has a value and a second of its own: what is stored of it can be told from all else. */
let said = 0;
const START = Date.now() - 6 * 3_600_000;

function nextOf(one: Speaker): Said {
  said += 1;
  return one.say(said / 100, Math.trunc(START / 1000) * 1000 + said * 1000);
}

async function hostile(): Promise<RawClient> {
  const client = clientOf(HOSTILE);
  if (!client.isConnected) await client.connect();
  return client;
}

/** What must be stored after these steps. */
async function perform(steps: readonly Step[]): Promise<Stored[]> {
  const expected: Stored[] = [];
  for (const one of steps) {
    switch (one.kind) {
      case 'says': {
        const { topic, payload, stored } = nextOf(speakerOf(one.speaker));
        const client = clientOf(one.speaker);
        const sent: Publication = client.publish(topic, Buffer.from(payload), true);
        for (let again = 0; again < one.again; again += 1) client.resend(sent);
        expected.push(...stored);
        break;
      }
      case 'stammers':
        clientOf(one.speaker).publish(speakerOf(one.speaker).say(1, START).topic, one.payload, true);
        break;
      case 'attacks':
        (await hostile()).publish(one.topic, one.payload, false);
        break;
      case 'codec': {
        const { topic, payload } = toCodec(one.codec, one.number);
        (await hostile()).publish(topic, Buffer.from(payload), false);
        break;
      }
      case 'cut':
        await clientOf(one.speaker).cut();
        await clientOf(one.speaker).connect();
    }
  }
  await Promise.all(speakers.map(({ id }) => clientOf(id).quiet()));
  return expected;
}

/** How often each is stored, at its own time. */
async function found(expected: readonly Stored[]): Promise<number[]> {
  const counts: number[] = [];
  const held = new Map<string, { metric: string; channel: string; value: number; atMs: number }[]>();
  for (const { device, metric, channel, value, atMs } of expected) {
    const query = new URLSearchParams({ device, metric, channel, limit: '1000' }).toString();
    const rows = held.get(query) ?? (await farm.get(`/api/readings?${query}`)).readings;
    held.set(query, rows);
    const same = held.get(query)?.filter((row) => Math.abs(row.value - value) < 1e-6 * value) ?? [];
    counts.push(
      same.filter((row) => atMs === undefined || row.atMs === atMs).length + (same.length > 1 ? 1 : 0),
    );
  }
  return counts;
}

it('whatever mix of valid, broken and hostile payloads arrives, every valid reading lands exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 150, size: 'max' }), async (steps) => {
      const expected = await perform(steps);
      // What is acknowledged is in the journal, and comes from there to the store.
      const stored = vi.waitUntil(async () => (await found(expected)).every((count) => count > 0), 10_000);
      await stored.catch(() => {});
      const counts = await found(expected);
      expect(expected.filter((_, index) => counts[index] !== 1)).toEqual([]);
      expect((await farm.get('/api/live')).devices.length).toBeGreaterThan(speakers.length);
    }),
    { numRuns: 8, endOnFailure: process.env.CI !== undefined },
  );
}, 240_000);
