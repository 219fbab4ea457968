import { encodeReadings, quality, seriesTimeNs } from '@nongtin/broker/wire';
import { freePort } from '@nongtin/service';
import { afterEach, describe, expect, it } from 'vitest';
import { farmOf } from './farm.suite.ts';
import { closeAll, cloud, durable, entry, MemoryJournal, until, uplinkTo } from './uplink.suite.ts';

afterEach(closeAll);

/** Three readings, an hour between one and the next, and a clock that stands two hours behind the last. */
function hoursAway() {
  const journal = new MemoryJournal();
  const hourMs = 3_600_000;
  for (const number of [1, 2, 3]) {
    const atMs = number * hourMs;
    const reading = { metric: 'soil_moisture', device: 'soil-a1', channel: '', value: number / 10 } as const;
    const timeNs = seriesTimeNs(atMs, number);
    const payload = encodeReadings([{ ...reading, quality: 0, receivedAtMs: atMs, timeNs }]);
    journal.entries.push({ ...entry(number, payload), lastAtMs: atMs, hash: '' });
  }
  return { journal, nowMs: 1_000 + 5 * hourMs };
}

describe('live values', () => {
  it('go out first on a connection, with their quality, the standing alarms and what waits', async () => {
    const { say, ...parts } = farmOf();
    say(0.2, quality.late);
    parts.alarms.raise('a1', 'critical', { key: 'leak', figures: {} });
    parts.alarms.raise('a2', 'low', { key: 'leak', figures: {} });
    parts.alarms.clear('a2', 'leak');
    const { url, order, live } = await cloud(durable);
    await uplinkTo(url, new MemoryJournal().append(3), {}, parts);
    await until(() => expect(order).toContain(3));
    expect(order[0]).toBe('live');
    expect(live[0]).toMatchObject({
      ...{ number: 3, sequence: 1, atMs: 1_000, behind: { entries: 3, oldestAtMs: 1 } },
      readings: [{ device: 'soil-a1', value: 0.2, quality: quality.late, observedAtMs: 900 }],
      alarms: [{ source: 'a1', state: 'active' }],
    });
    expect(live[0]?.alarms).toHaveLength(1);
  });

  it('go out again when something has changed, each with a higher number, and not otherwise', async () => {
    const { say: _, ...parts } = farmOf();
    const { url, live } = await cloud(durable);
    await uplinkTo(url, new MemoryJournal(), { liveMs: 5 }, parts);
    for (const count of [1, 2, 3]) {
      parts.alarms.raise(`a${count}`, 'low', { key: 'leak', figures: {} });
      await until(() => expect(live.at(-1)?.alarms).toHaveLength(count));
    }
    const { length } = live;
    expect(length).toBeLessThanOrEqual(4);
    expect(live.map(({ sequence }) => sequence)).toEqual(live.map((_, index) => index + 1));
  });

  it('hold readings while the history lags, and none when its entries come within seconds', async () => {
    const { say, ...parts } = farmOf();
    let passedMs = 0;
    let answers = true;
    const monotonicMs = () => performance.now() + passedMs;
    const { url, live, received } = await cloud((numbers) => (answers ? durable(numbers) : undefined));
    const journal = new MemoryJournal().append(1);
    const uplink = await uplinkTo(url, journal, { liveMs: 5, monotonicMs }, parts);
    await until(() => expect(uplink.state().durableUpTo).toBe(1));
    say(0.2);
    parts.alarms.raise('a1', 'low', { key: 'leak', figures: {} });
    await until(() => expect(live.at(-1)).toMatchObject({ readings: [], alarms: [{ source: 'a1' }] }));
    expect(live.at(-1)?.behind).toEqual({ entries: 0, oldestAtMs: null });
    expect(uplink.state().lagging).toBe(false);
    answers = false;
    journal.append(1);
    await until(() => expect(received).toHaveLength(2));
    passedMs = 31_000;
    expect(uplink.state().lagging).toBe(true);
    await until(() =>
      expect(live.at(-1)).toMatchObject({ readings: [{ value: 0.2 }], behind: { entries: 1 } }),
    );
    say(0.3);
    await until(() => expect(live.at(-1)?.readings[0]?.value).toBe(0.3));
  });

  it('are as they are when they can be sent: none is queued while the link is away', async () => {
    const { say, ...parts } = farmOf();
    const { url, live, broker } = await cloud(durable, { port: await freePort() });
    const journal = new MemoryJournal();
    const uplink = await uplinkTo(url, journal, { liveMs: 5 }, parts);
    parts.alarms.raise('a1', 'low', { key: 'leak', figures: {} });
    await until(() => expect(live.at(-1)?.alarms).toHaveLength(1));
    const before = live.length;
    await broker.stop();
    await until(() => expect(uplink.state().connected).toBe(false));
    for (let i = 0; i < 100; i++) say(0.3 + i / 1000);
    await broker.start();
    await until(() => expect(live.at(-1)?.readings[0]?.value).toBe(0.399));
    expect(live).toHaveLength(before + 1);
  });

  it('are followed by a summary of a long time away, before the history', async () => {
    const { say: _, ...parts } = farmOf();
    const { journal, nowMs } = hoursAway();
    const { url, order, live } = await cloud(durable);
    await uplinkTo(url, journal, { nowMs }, parts);
    await until(() => expect(order).toContain(3));
    expect(order.slice(0, 3)).toEqual(['live', 'summary', 3]);
    expect(live[1]?.summary).toMatchObject({ firstNumber: 1, lastNumber: 3, complete: true });
    expect(live[1]?.summary?.rows.map(({ last }) => last)).toEqual([0.3, 0.2, 0.1]);
  });

  it('and their summary are told as soon as the farm is there, when the connection was there before it', async () => {
    const { say: _, ...parts } = farmOf();
    const { journal, nowMs } = hoursAway();
    const { url, order, live } = await cloud(() => undefined);
    const uplink = await uplinkTo(url, journal, { nowMs });
    await until(() => expect(order).toEqual([3]));
    uplink.attach(parts);
    await until(() => expect(order).toEqual([3, 'live', 'summary']));
    expect(live[1]?.summary).toMatchObject({ firstNumber: 1, lastNumber: 3, complete: true });
  });

  it('are summed up no more when all of the history was quicker', async () => {
    const { say: _, ...parts } = farmOf();
    const { journal, nowMs } = hoursAway();
    const { url, order } = await cloud(durable);
    const uplink = await uplinkTo(url, journal, { nowMs });
    await until(() => expect(uplink.state().durableUpTo).toBe(3));
    uplink.attach(parts);
    await until(() => expect(order).toEqual([3, 'live']));
    parts.alarms.raise('a1', 'low', { key: 'leak', figures: {} });
    await until(() => expect(order).toEqual([3, 'live', 'live']));
  });
});

describe('a refusal', () => {
  const forked = { durableUpTo: 1, refused: { number: 2, kind: 'fork', reason: 'fork: entry 2 is held' } };

  it('that still stands when it was tried again is an alarm, which is over when entries are taken', async () => {
    const { say: _, ...parts } = farmOf();
    let isForked = true;
    const { url, received } = await cloud((numbers) => (isForked ? forked : durable(numbers)));
    const uplink = await uplinkTo(url, new MemoryJournal().append(3), { refusedMs: 200 }, parts);
    await until(() => expect(uplink.state().lastRefusal).toMatchObject({ number: 2, kind: 'fork' }));
    expect(parts.alarms.list()).toEqual([]);
    await until(() =>
      expect(parts.alarms.list()).toMatchObject([
        {
          ...{ source: 'uplink', severity: 'high', state: 'active' },
          reason: { key: 'cloud_refuses_fork', figures: { number: 2, reason: 'fork: entry 2 is held' } },
        },
      ]),
    );
    expect(received.slice(0, 2)).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
    isForked = false;
    await until(() => expect(parts.alarms.list()).toMatchObject([{ state: 'cleared' }]));
    expect(uplink.state().lastRefusal).toBeNull();
  });

  it('of a kind that we do not know is an alarm too', async () => {
    const { say: _, ...parts } = farmOf();
    const refused = { number: 1, kind: 'something_later', reason: 'no' };
    const { url } = await cloud(() => ({ durableUpTo: 0, refused }));
    await uplinkTo(url, new MemoryJournal().append(1), { refusedMs: 20 }, parts);
    await until(() =>
      expect(parts.alarms.list()).toMatchObject([{ severity: 'low', reason: { key: 'cloud_refuses' } }]),
    );
  });

  it('of messages that were under way behind the refused one does not hide it', async () => {
    const journal = new MemoryJournal().append(2_000);
    let isBroken = false;
    const { url, held } = await cloud((numbers, kept) => {
      const [first = 0] = numbers;
      if (first !== kept.size + 1)
        return { durableUpTo: kept.size, refused: { number: first, kind: 'gap', reason: 'gap' } };
      if (isBroken && first > 500)
        return { durableUpTo: kept.size, refused: { number: first, kind: 'signature', reason: 'bad' } };
      for (const number of numbers) kept.add(number);
      return { durableUpTo: kept.size };
    });
    isBroken = true;
    const uplink = await uplinkTo(url, journal, { refusedMs: 300 });
    await until(() => expect(uplink.state().lastRefusal).not.toBeNull());
    expect(uplink.state().lastRefusal).toMatchObject({ kind: 'signature', number: held.size + 1 });
    isBroken = false;
    await until(() => expect(uplink.state().durableUpTo).toBe(2_000));
  });
});

it('goes on in plain JSON where an older cloud does not understand packed messages', async () => {
  const { url, received, packedOnes } = await cloud((numbers) => durable(numbers), { isOld: true });
  const uplink = await uplinkTo(url, new MemoryJournal().append(300));
  await until(() => expect(uplink.state()).toMatchObject({ durableUpTo: 300, lastRefusal: null }));
  expect(packedOnes()).toBe(1);
  expect(received.flat()).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
});
