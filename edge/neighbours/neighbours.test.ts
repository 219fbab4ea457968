import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, createBroker } from '@nongtin/broker';
import { matchTopic, type NeighbourAnswer, topicOf } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryJournal } from '../uplink/uplink.suite.ts';
import { Uplink } from '../uplink/uplink.ts';
import { Neighbours, openNeighbours } from './neighbours.ts';

const HOUR_MS = 3_600_000;
const place = { latitudeDegrees: 10.92891, longitudeDegrees: 108.10213 };
const silent = pino({ enabled: false });
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

let folder = '';
let told: { problem?: string; msg: string }[] = [];
/** Hears what is logged. */
const logger = pino({ level: 'info' }, { write: (line) => void told.push(JSON.parse(line)) });
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-neighbours-'));
  told = [];
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

const answer: NeighbourAnswer = {
  ...{ atMs: Date.UTC(2026, 10, 20, 3), withinKm: 10, leftOut: 0 },
  farms: [
    {
      ...{ farm: 'Vườn chị Bảy', distanceKm: 3, bearingDegrees: 45 },
      pests: [
        {
          pest: 'bactrocera_dorsalis',
          days: [
            { date: '2026-11-19', perTrapPerDay: 7.25 },
            { date: '2026-11-18', perTrapPerDay: 6 },
          ],
        },
      ],
    },
    {
      ...{ farm: '5c1f9a', distanceKm: null, bearingDegrees: null },
      pests: [{ pest: 'nilaparvata_lugens', days: [{ date: '2026-11-12', perTrapPerDay: 90 }] }],
    },
  ],
};
const catches = [
  {
    ...{ pest: 'bactrocera_dorsalis', farm: 'Vườn chị Bảy', distanceKm: 3, bearing: 45 },
    ...{ perTrapPerDay: 7.25, date: '2026-11-19' },
  },
  {
    ...{ pest: 'bactrocera_dorsalis', farm: 'Vườn chị Bảy', distanceKm: 3, bearing: 45 },
    ...{ perTrapPerDay: 6, date: '2026-11-18' },
  },
  {
    ...{ pest: 'nilaparvata_lugens', farm: '5c1f9a', distanceKm: null, bearing: null },
    ...{ perTrapPerDay: 90, date: '2026-11-12' },
  },
];

/** Time that passes when it is told to; as the monotonic clock and as timers. */
function handTime() {
  let nowMs = 0;
  let waiting: { atMs: number; run: () => void }[] = [];
  const after = (delayMs: number, run: () => void) => {
    const one = { atMs: nowMs + delayMs, run };
    waiting.push(one);
    return () => {
      waiting = waiting.filter((other) => other !== one);
    };
  };
  return {
    clock: { monotonicMs: () => nowMs },
    timers: { after, every: () => () => {} },
    pass: (ms: number) => {
      nowMs += ms;
      const due = waiting.filter(({ atMs }) => atMs <= nowMs);
      waiting = waiting.filter((one) => !due.includes(one));
      for (const { run } of due) run();
    },
    waits: () => waiting.length,
  };
}

function gatewayAt(time = handTime(), where: typeof place | undefined = place): Neighbours {
  return openNeighbours(folder, { ...time, place: () => where, logger });
}

/** The gateway's uplink to a cloud at this address, with these neighbours as a guest. */
async function uplinkTo(url: string, neighbours: Neighbours): Promise<Uplink> {
  const uplink = new Uplink({
    ...{ url, gateway: 'gw-test', password: 'secret', journal: new MemoryJournal(), logger },
    ...{ neighbours, random: () => 0.5, clock: { nowMs: () => 1_000, monotonicMs: () => performance.now() } },
    timing: { reconnectMs: 50, mostReconnectMs: 100 },
  });
  await uplink.start();
  cleanups.push(() => uplink.stop());
  return uplink;
}

/** A cloud's broker that keeps what is asked; answers are given by hand. */
async function openCloud(port = 0) {
  const asked: string[] = [];
  const broker: Broker = createBroker({
    ...{ host: '127.0.0.1', port, logger: silent },
    authenticate: (id) => ({ id, role: 'gateway' }),
    hook: {
      receive: async ({ topic, payload }) => {
        if (matchTopic(topic)?.name === 'neighbourQuestion') asked.push(Buffer.from(payload).toString());
      },
    },
  });
  await broker.start();
  cleanups.push(() => broker.stop());
  const say = (words: NeighbourAnswer | string) =>
    broker.publish(
      topicOf('neighbourAnswer', 'gw-test'),
      typeof words === 'string' ? words : JSON.stringify(words),
      { qos: 1 },
    );
  return { broker, asked, say, url: `mqtt://127.0.0.1:${broker.port}` };
}

describe('a gateway with a cloud', () => {
  it('asks as soon as it is connected, tells its place to a kilometre, and keeps the answer over a restart', async () => {
    const { asked, say, url } = await openCloud();
    const neighbours = gatewayAt();
    expect(neighbours.state()).toEqual({ atMs: null, withinKm: null, leftOut: 0, catches: [] });
    await uplinkTo(url, neighbours);
    await until(() => expect(asked).toEqual(['{"latitude":10.93,"longitude":108.1}']));
    await say(answer);
    await until(() => expect(neighbours.list()).toEqual(catches));
    const kept = { atMs: answer.atMs, withinKm: 10, leftOut: 0, catches };
    expect(neighbours.state()).toEqual(kept);
    expect(gatewayAt().state()).toEqual(kept);
  });

  it('asks again on the next connection when the answer was lost with this one', async () => {
    const first = await openCloud();
    const neighbours = gatewayAt();
    await uplinkTo(first.url, neighbours);
    await until(() => expect(first.asked).toHaveLength(1));
    const { port } = first.broker;
    await first.broker.stop();
    const second = await openCloud(port);
    await until(() => expect(second.asked).toHaveLength(1));
    await second.say(answer);
    await until(() => expect(neighbours.list()).toEqual(catches));
  });

  it('without a place of its own asks all the same', async () => {
    const { asked, url } = await openCloud();
    const time = handTime();
    await uplinkTo(url, openNeighbours(folder, { ...time, place: () => undefined, logger }));
    await until(() => expect(asked).toEqual(['{}']));
  });

  it('asks no cloud of an earlier version, which would end the connection', async () => {
    const { url, subscribed, published } = await oldCloud();
    await uplinkTo(url, gatewayAt());
    await until(() => expect(subscribed).toContain(topicOf('neighbourAnswer', 'gw-test')));
    const refused = 'this cloud does not tell what neighbours catch';
    await until(() => expect(told.map(({ msg }) => msg)).toContain(refused));
    expect(published.filter((topic) => topic.includes('neighbours'))).toEqual([]);
  });
});

describe('a conversation', () => {
  const say = (neighbours: Neighbours, words: unknown) =>
    neighbours.onMessage(
      words instanceof Uint8Array
        ? words
        : Buffer.from(typeof words === 'string' ? words : JSON.stringify(words)),
    );

  it('asks every three hours, every two minutes until it is answered, and not at every new connection', () => {
    const time = handTime();
    const neighbours = gatewayAt(time);
    const asked: string[] = [];
    const connect = () => neighbours.connected((message) => asked.push(message));
    connect();
    expect(asked).toHaveLength(1);
    time.pass(120_000);
    expect(asked).toHaveLength(2);
    say(neighbours, answer);
    neighbours.disconnected();
    time.pass(HOUR_MS);
    connect();
    time.pass(HOUR_MS);
    expect(asked).toHaveLength(2);
    time.pass(HOUR_MS);
    expect(asked).toHaveLength(3);
    say(neighbours, answer);
    time.pass(3 * HOUR_MS);
    expect(asked).toHaveLength(4);
  });

  it('ends with the connection, and leaves no timer behind', () => {
    const time = handTime();
    const neighbours = gatewayAt(time);
    const asked: string[] = [];
    neighbours.connected((message) => asked.push(message));
    neighbours.disconnected();
    expect(time.waits()).toBe(0);
    say(neighbours, answer);
    expect(time.waits()).toBe(0);
    expect(neighbours.list()).toEqual(catches);
  });

  it('takes the newest answer, also from a cloud whose clock was put back', () => {
    const neighbours = gatewayAt();
    say(neighbours, answer);
    say(neighbours, { ...answer, atMs: answer.atMs - 1_000_000, farms: [] });
    expect(neighbours.state()).toMatchObject({ atMs: answer.atMs - 1_000_000, catches: [] });
  });

  const [farm] = answer.farms;
  it.each([
    ['no JSON', '{"atMs":', /the answer is no JSON/],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), /the answer is no JSON: .*encod/],
    ['another shape', [1], /^answer must be object/],
    ['a missing field', { atMs: 1, withinKm: 10, farms: [] }, /^answer lacks leftOut/],
    [
      'a negative catch',
      {
        ...answer,
        farms: [{ ...farm, pests: [{ pest: 'x', days: [{ date: '2026-11-19', perTrapPerDay: -1 }] }] }],
      },
      /^answer\.farms\[0\]\.pests\[0\]\.days\[0\]\.perTrapPerDay must be >= 0/,
    ],
    [
      'a date that is none',
      {
        ...answer,
        farms: [{ ...farm, pests: [{ pest: 'x', days: [{ date: '19/11/2026', perTrapPerDay: 1 }] }] }],
      },
      /^answer\.farms\[0\]\.pests\[0\]\.days\[0\]\.date must match pattern/,
    ],
    [
      'more farms than an answer holds',
      { ...answer, farms: Array.from({ length: 21 }, () => farm) },
      /^answer\.farms must not have more than 20 items/,
    ],
    ['200 KB', JSON.stringify({ ...answer, more: 'x'.repeat(200_000) }), /at most 131072 are read/],
    ['a refusal', { atMs: 1, refused: 'latitude must be <= 90' }, /^latitude must be <= 90$/],
  ])('says of %s what is wrong where, and keeps the last answer', (_what, words, problem) => {
    const neighbours = gatewayAt();
    say(neighbours, answer);
    say(neighbours, words);
    expect(neighbours.list()).toEqual(catches);
    expect(told.map((line) => line.problem).at(-1)).toMatch(problem);
    expect(gatewayAt().list()).toEqual(catches);
  });

  it('goes on without a file that is damaged, or cannot be written', () => {
    writeFileSync(join(folder, 'neighbours.json'), '{"atMs": 1');
    const neighbours = gatewayAt();
    expect(neighbours.list()).toEqual([]);
    expect(told).toHaveLength(1);
    const nowhere = new Neighbours({
      ...handTime(),
      ...{ path: join(folder, 'neighbours.json', 'below'), place: () => place, logger },
    });
    say(nowhere, answer);
    expect(nowhere.list()).toEqual(catches);
  });

  it('forgets what another cooperative told, on the disk too', () => {
    const changes: number[] = [];
    const neighbours = openNeighbours(folder, {
      ...handTime(),
      ...{ place: () => place, logger, onChanged: () => changes.push(1) },
    });
    say(neighbours, answer);
    neighbours.forget();
    expect(neighbours.state()).toEqual({ atMs: null, withinKm: null, leftOut: 0, catches: [] });
    expect(existsSync(join(folder, 'neighbours.json'))).toBe(false);
    expect(changes).toHaveLength(2);
  });
});

/** As much MQTT 3.1.1 as a broker needs that knows nothing of neighbours: it refuses to let anybody listen to them. */
async function oldCloud() {
  const subscribed: string[] = [];
  const published: string[] = [];
  const server = createServer((socket) => {
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (;;) {
        const packet = wholePacket(rest);
        if (packet === undefined) return;
        rest = rest.subarray(packet.length);
        const { type, body } = packet;
        if (type === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
        if (type === 12) socket.write(Buffer.from([0xd0, 0]));
        if (type === 3) published.push(body.subarray(2, 2 + body.readUInt16BE(0)).toString());
        if (type !== 8) continue;
        const topic = body.subarray(4, 4 + body.readUInt16BE(2)).toString();
        subscribed.push(topic);
        socket.write(
          Buffer.from([0x90, 3, body[0] ?? 0, body[1] ?? 0, topic.includes('neighbours') ? 0x80 : 0]),
        );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: `mqtt://127.0.0.1:${port}`, subscribed, published };
}

/** The first packet of these bytes, if all of it is here; packets of this test are shorter than 16 KiB. */
function wholePacket(bytes: Buffer) {
  const [first, low = 0x80, high = 0x80] = bytes;
  if (first === undefined || bytes.length < 2) return undefined;
  const isLong = low >= 0x80;
  if (isLong && bytes.length < 3) return undefined;
  const size = isLong ? (low & 0x7f) + high * 128 : low;
  const start = isLong ? 3 : 2;
  if (bytes.length < start + size) return undefined;
  return { type: first >> 4, body: bytes.subarray(start, start + size), length: start + size };
}
