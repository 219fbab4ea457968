import { setInterval as everyMs } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { farmOf } from './farm.suite.ts';
import { BadLink, type Badness, linkSeed } from './testing/bad-link.ts';
import { closeAll, cloud, durable, entry, MemoryJournal, onClose, uplinkTo } from './uplink.suite.ts';

afterEach(closeAll);

const seed = linkSeed();
/** A farm at the edge of its mobile network: 64 kbit/s, and 600 ms there and back. */
const edgeOfTheNetwork: Badness = { bytesPerSecond: 8_000, latencyMs: 300, jitterMs: 30 };
const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 20 });

async function behind(badness: Badness, answer: Parameters<typeof cloud>[0] = durable) {
  const far = await cloud(answer);
  const link = new BadLink(far.port, badness, seed);
  const url = await link.open();
  onClose(() => link.close());
  return { ...far, link, url };
}

/** A farm whose probe says something new all the time. */
function busyFarm() {
  const { say, ...parts } = farmOf();
  const stopping = new AbortController();
  const speak = async () => {
    let value = 0;
    for await (const _ of everyMs(50, undefined, { signal: stopping.signal })) {
      value += 0.000_1;
      say(value);
    }
  };
  speak().catch(() => {});
  onClose(() => stopping.abort());
  return parts;
}

const allOf = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe(`over 64 kbit/s and 600 ms (seed ${seed})`, () => {
  it('a backlog comes whole and in order, in larger and larger messages, live values between them', async () => {
    const journal = new MemoryJournal().append(600);
    const { url, received, order, live, bytes, link } = await behind({
      ...edgeOfTheNetwork,
      ...{ stallChance: 0.005, stallMs: 1_500 },
    });
    const uplink = await uplinkTo(url, journal, { liveMs: 200 }, busyFarm());
    await until(() => expect(uplink.state().durableUpTo).toBe(600));
    expect(received.flat()).toEqual(allOf(600));
    expect(link.connections).toBe(1);
    expect(order[0]).toBe('live');
    const history = order.filter((one) => one !== 'live');
    const between = order.slice(order.indexOf(history[0] ?? 0), order.indexOf(history.at(-1) ?? 0));
    expect(between.filter((one) => one === 'live').length).toBeGreaterThanOrEqual(2);
    // Each is newer than the one before: what is told is what is true when it is told.
    const told = live.map(({ readings }) => readings[0]?.value ?? 0);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(Math.max(...bytes)).toBeGreaterThan(bytes[0] ?? 0);
    expect(Math.max(...bytes)).toBeLessThan(40_000);
  }, 90_000);

  it('a message that is too large for the patience of the link is not sent for ever', async () => {
    const journal = new MemoryJournal().append(150);
    // The link has become a twentieth as fast since the sizes were found.
    const { url, received, link } = await behind({ bytesPerSecond: 200_000 });
    const uplink = await uplinkTo(url, journal, { answerMs: 500, reconnectMs: 50 });
    await until(() => expect(uplink.state().durableUpTo).toBe(150));
    const before = received.length;
    link.badness = { bytesPerSecond: 10_000, latencyMs: 50 };
    journal.append(250);
    await until(() => expect(uplink.state().durableUpTo).toBe(400));
    // Some were given up while they were on the wire; of those that arrived none came more than a few times.
    expect(link.connections).toBeGreaterThan(1);
    expect(link.connections).toBeLessThan(30);
    const starts = received.slice(before).map((numbers) => numbers[0]);
    const repeats = Math.max(...starts.map((first) => starts.filter((other) => other === first).length));
    expect(repeats).toBeLessThanOrEqual(4);
    expect(new Set(received.flat()).size).toBe(400);
  }, 90_000);

  it('a single entry that is larger than all messages still goes', async () => {
    const journal = new MemoryJournal();
    const hex = allOf(3_000).map((number) => entry(number).signature.slice(0, 16));
    journal.entries.push({ ...entry(1, `{"kind":"large","hex":"${hex.join('')}"}`), hash: '' });
    journal.append(3);
    const { url, received, bytes } = await behind(edgeOfTheNetwork);
    const uplink = await uplinkTo(url, journal, { answerMs: 1_000 });
    await until(() => expect(uplink.state().durableUpTo).toBe(4));
    expect(bytes[0]).toBeGreaterThan(20_000);
    expect(new Set(received.flat())).toEqual(new Set([1, 2, 3, 4]));
  }, 90_000);
});

it(`a link that is reset again and again carries everything once, from the cursor on (seed ${seed})`, async () => {
  const held = new Set<number>();
  const { url, link, received } = await behind({ resetWithinBytes: 12_000 }, (numbers) => {
    const [first = 0] = numbers;
    if (first > held.size + 1)
      return { durableUpTo: held.size, refused: { number: first, kind: 'gap', reason: 'gap' } };
    for (const number of numbers) held.add(number);
    return { durableUpTo: held.size };
  });
  const journal = new MemoryJournal().append(800);
  const uplink = await uplinkTo(url, journal, { reconnectMs: 20, liveMs: 30 }, busyFarm());
  await until(() => expect(uplink.state()).toMatchObject({ durableUpTo: 800, lastRefusal: null }));
  expect([...held].sort((a, b) => a - b)).toEqual(allOf(800));
  expect(link.resets).toBeGreaterThan(5);
  // Each message begins where the cloud stood or before it: nothing was ever skipped.
  let most = 0;
  for (const numbers of received) {
    expect(numbers[0]).toBeLessThanOrEqual(most + 1);
    most = Math.max(most, numbers.at(-1) ?? 0);
  }
}, 90_000);
