import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createBroker } from '@nongtin/broker';
import { freePort } from '@nongtin/service';
import { afterEach, describe, expect, it } from 'vitest';
import { batchOf } from './batch.ts';
import {
  closeAll,
  cloud,
  durable,
  entry,
  logger,
  MemoryJournal,
  onClose,
  until,
  uplinkTo,
} from './uplink.suite.ts';

afterEach(closeAll);

describe('the uplink', () => {
  it('carries the journal in order and moves its cursor on the answer only', async () => {
    const journal = new MemoryJournal().append(450);
    const { url, received, logins } = await cloud(durable);
    const uplink = await uplinkTo(url, journal);
    await until(() =>
      expect(uplink.state()).toMatchObject({ connected: true, durableUpTo: 450, behindEntries: 0 }),
    );
    journal.append(1);
    await until(() => expect(uplink.state().durableUpTo).toBe(451));
    expect(received.flat()).toEqual(Array.from({ length: 451 }, (_, i) => i + 1));
    expect(journal.moves).toEqual(received.map((numbers) => numbers.at(-1)));
    expect(logins[0]).toEqual(['gw-test', 'secret']);
  });

  it('lets readings wait for company, and lets nothing that is urgent wait', async () => {
    const journal = new MemoryJournal();
    const { url, received } = await cloud(durable);
    const uplink = await uplinkTo(url, journal, { gatherMs: 3_600_000 });
    await until(() => expect(uplink.state().connected).toBe(true));
    journal.append(1);
    await until(() => expect(uplink.state().durableUpTo).toBe(1));
    for (let i = 0; i < 5; i++) journal.append(1);
    journal.append(1, true);
    await until(() => expect(uplink.state().durableUpTo).toBe(7));
    expect(received).toEqual([[1], [2, 3, 4, 5, 6, 7]]);
    for (let i = 0; i < 199; i++) journal.append(1);
    expect(uplink.state().behindEntries).toBe(199);
    journal.append(1);
    await until(() => expect(uplink.state().durableUpTo).toBe(207));
  });

  it('sends again when an answer is lost, and bears answers twice', async () => {
    const journal = new MemoryJournal().append(3);
    let silent = 2;
    const { url, received, say } = await cloud((numbers) => (silent-- > 0 ? undefined : durable(numbers)));
    const uplink = await uplinkTo(url, journal, { answerMs: 60 });
    await until(() => expect(uplink.state().durableUpTo).toBe(3));
    // At least three: on a slow machine the timer may fire once more before the answer is read.
    expect(received.length).toBeGreaterThanOrEqual(3);
    expect(new Set(received.map(String))).toEqual(new Set(['1,2,3']));
    for (const words of [{ durableUpTo: 2 }, { durableUpTo: 3 }, 'rubbish']) await say(words);
    journal.append(1);
    await until(() => expect(uplink.state().durableUpTo).toBe(4));
    expect(journal.moves).toEqual([3, 4]);
  });

  it('keeps one copy of a batch, however long the cloud confirms and answers nothing', async () => {
    const copies = new Map<string, number>();
    const over = Promise.withResolvers<void>();
    const broker = createBroker({
      ...{ host: '127.0.0.1', port: 0, logger },
      authenticate: (id) => ({ id, role: 'gateway' }),
      hook: {
        receive: ({ connectionId }) => {
          copies.set(String(connectionId), (copies.get(String(connectionId)) ?? 0) + 1);
          return over.promise;
        },
      },
    });
    await broker.start();
    onClose(() => broker.stop());
    await uplinkTo(`mqtt://127.0.0.1:${broker.port}`, new MemoryJournal().append(3), {
      answerMs: 30,
      reconnectMs: 5,
    });
    onClose(() => over.resolve());
    await until(() => expect(copies.size).toBeGreaterThanOrEqual(4));
    expect([...copies.values()].every((count) => count === 1)).toBe(true);
  });

  it('goes on from an answer that comes late, over the next connection and while it reads', async () => {
    const journal = new MemoryJournal().append(3);
    const reading = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { read } = journal;
    let reads = 0;
    journal.read = async (after, limit) => {
      // Neither the look at what waits longest nor the first connection's.
      if (limit === 1 || ++reads === 1) return read(after, limit);
      reading.resolve();
      await gate.promise;
      return read(after, limit);
    };
    let isSilent = true;
    const { url, received, say } = await cloud((numbers) => (isSilent ? undefined : durable(numbers)));
    const uplink = await uplinkTo(url, journal, { answerMs: 30, reconnectMs: 5 });
    await reading.promise;
    isSilent = false;
    await say({ durableUpTo: 1 });
    await until(() => expect(uplink.state().durableUpTo).toBe(1));
    gate.resolve();
    await until(() => expect(uplink.state().durableUpTo).toBe(3));
    expect(received).toEqual([
      [1, 2, 3],
      [2, 3],
    ]);
  });

  it('moves its cursor over nothing that it has not sent, whatever the cloud says that it holds', async () => {
    const journal = new MemoryJournal().append(500);
    const { url, received } = await cloud(() => ({ durableUpTo: 500 }));
    const uplink = await uplinkTo(url, journal);
    await until(() => expect(uplink.state().durableUpTo).toBe(500));
    // This cloud says that it holds what is still on its way; and a slow answer has entries sent again.
    const all = Array.from({ length: 500 }, (_, i) => i + 1);
    await until(() => expect([...new Set(received.flat())]).toEqual(all));
  });

  it('stays before a fork, although the cloud holds more entries behind it', async () => {
    const refused = { number: 3, kind: 'fork', reason: 'fork: entry 3 is held' };
    const { url, received } = await cloud(() => ({ durableUpTo: 5, refused }));
    const journal = new MemoryJournal().append(9);
    const uplink = await uplinkTo(url, journal, { refusedMs: 30 });
    await until(() => expect(received.length).toBeGreaterThan(2));
    expect(uplink.state()).toMatchObject({ durableUpTo: 2, lastRefusal: { number: 3, kind: 'fork' } });
    expect(received[2]).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });

  it('goes on from its cursor after a restart', async () => {
    const journal = new MemoryJournal().append(5);
    const { url, received } = await cloud(durable);
    const first = await uplinkTo(url, journal);
    await until(() => expect(first.state().durableUpTo).toBe(5));
    await first.stop();
    journal.append(2);
    const second = await uplinkTo(url, journal);
    await until(() => expect(second.state().durableUpTo).toBe(7));
    expect(received.at(-1)).toEqual([6, 7]);
  });

  it('keeps its client id over connections, and nobody can guess it: another process has another one', async () => {
    const { url, broker, clientIds } = await cloud(durable, { port: await freePort() });
    const journal = new MemoryJournal().append(1);
    const uplink = await uplinkTo(url, journal);
    await until(() => expect(uplink.state().durableUpTo).toBe(1));
    await broker.stop();
    await until(() => expect(uplink.state().connected).toBe(false));
    await broker.start();
    journal.append(1);
    await until(() => expect(uplink.state().durableUpTo).toBe(2));
    expect([...clientIds]).toEqual([expect.stringMatching(/^uplink-gw-test-[0-9a-f]{16}$/)]);
    const other = await uplinkTo(url, new MemoryJournal().append(1));
    await until(() => expect(other.state().durableUpTo).toBe(1));
    expect(clientIds.size).toBe(2);
    // The gateway's own login under another client id pushes nobody off.
    expect(uplink.state().connected).toBe(true);
  });

  it('waits offline, says how far behind it is, and catches up', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const journal = new MemoryJournal().append(3);
    const uplink = await uplinkTo(`mqtt://127.0.0.1:${port}`, journal);
    await until(() =>
      expect(uplink.state()).toEqual({
        ...{ connected: false, durableUpTo: 0, behindEntries: 3, lagging: true, oldestWaitingAtMs: 1 },
        ...{ entriesPerSecond: null, secondsLeft: null, lastRefusal: null },
      }),
    );

    await cloud(durable, { port });
    await until(() => expect(uplink.state()).toMatchObject({ connected: true, durableUpTo: 3 }));
  });

  it('shows a refusal and tries the same entries again later', async () => {
    const journal = new MemoryJournal().append(3);
    let refusals = 2;
    const { url, received } = await cloud((numbers) =>
      refusals-- > 0
        ? { durableUpTo: 1, refused: { number: 2, kind: 'signature', reason: 'the signature does not fit' } }
        : durable(numbers),
    );
    const uplink = await uplinkTo(url, journal);
    await until(() =>
      expect(uplink.state().lastRefusal).toEqual({
        number: 2,
        kind: 'signature',
        reason: 'the signature does not fit',
        atMs: 1_000,
      }),
    );
    await until(() => expect(uplink.state().durableUpTo).toBe(3));
    expect(received).toEqual([
      [1, 2, 3],
      [2, 3],
      [2, 3],
    ]);
    expect(uplink.state().lastRefusal).toBeNull();
  });

  it('sends from the beginning to a cloud that has lost its disk', async () => {
    const journal = new MemoryJournal().append(3);
    const { url, held } = await cloud((numbers, kept) => {
      if (numbers[0] !== kept.size + 1)
        return {
          durableUpTo: kept.size,
          refused: { number: numbers[0] ?? 0, reason: 'entries are missing' },
        };
      for (const number of numbers) kept.add(number);
      return { durableUpTo: kept.size };
    });
    const uplink = await uplinkTo(url, journal);
    await until(() => expect(uplink.state().durableUpTo).toBe(3));
    held.clear();
    journal.append(1);
    await until(() => expect(held.size).toBe(4));
    await until(() => expect(uplink.state()).toMatchObject({ durableUpTo: 4, lastRefusal: null }));
  });

  it('does not believe an answer about entries that were never written', async () => {
    const journal = new MemoryJournal().append(1);
    const { url } = await cloud(() => ({ durableUpTo: 99 }));
    const uplink = await uplinkTo(url, journal);
    await until(() => expect(uplink.state().lastRefusal?.reason).toMatch(/this journal lacks/));
    expect(uplink.state().durableUpTo).toBe(0);
  });
});

describe('a batch', () => {
  it('is bounded in bytes but always takes one entry', () => {
    const large = (number: number) => entry(number, 'x'.repeat(100_000));
    expect(batchOf([large(1), large(2), large(3)], 250_000)).toMatchObject({ last: 2, count: 2 });
    expect(batchOf([entry(7, 'x'.repeat(900_000)), entry(8)], 1_000)).toMatchObject({ last: 7, count: 1 });
    expect(batchOf([1, 2, 3, 4, 5, 6].map(large), 10_000_000)).toMatchObject({ last: 5 });
    expect(batchOf([], 1_000)).toBeUndefined();
  });
});
