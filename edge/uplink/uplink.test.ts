import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createBroker } from '@nongtin/broker';
import { topicOf, type UplinkAnswer, UplinkEntries, type UplinkEntry } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { Compile } from 'typebox/compile';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { batchOf } from './batch.ts';
import { Uplink } from './uplink.ts';

const entriesOf = Compile(UplinkEntries);
const logger = pino({ enabled: false });
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function entry(number: number, payload = `temperature,device=probe9 value=${number} 1`): UplinkEntry {
  return {
    number,
    previousHash: 'a'.repeat(64),
    bootId: 'b'.repeat(32),
    monotonicMs: 1,
    count: 1,
    firstAtMs: 1,
    lastAtMs: 1,
    payload,
    signature: 'c'.repeat(128),
  };
}

/** A journal in memory whose cursor survives the uplink's restart. */
class MemoryJournal {
  readonly entries: (UplinkEntry & { hash: string })[] = [];
  readonly moves: number[] = [];
  #cursor = 0;
  #listeners = new Set<() => void>();

  append(count: number): this {
    for (let i = 0; i < count; i++)
      this.entries.push({ ...entry(this.entries.length + 1), hash: 'not for travelling' });
    for (const listener of this.#listeners) listener();
    return this;
  }
  read = async (after: number, limit: number) => this.entries.slice(after, after + limit);
  lastNumber = () => this.entries.length;
  cursor = async () => this.#cursor;
  moveCursor = async (_name: string, number: number) => {
    this.#cursor = number;
    this.moves.push(number);
  };
  onCommit = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** The cloud's broker and receiver: `answer` decides what is said to each message; undefined says nothing. */
async function cloud(answer: (numbers: number[], held: Set<number>) => UplinkAnswer | undefined, port = 0) {
  const received: number[][] = [];
  const held = new Set<number>();
  const logins: unknown[] = [];
  const broker = createBroker({
    host: '127.0.0.1',
    port,
    authenticate: (id, password) => {
      logins.push([id, Buffer.from(password).toString()]);
      return { id, role: 'gateway' };
    },
    hook: {
      receive: async ({ payload }) => {
        const message: unknown = JSON.parse(Buffer.from(payload).toString());
        if (!entriesOf.Check(message)) return;
        const numbers = message.entries.map((one) => one.number);
        received.push(numbers);
        const words = answer(numbers, held);
        if (words) await say(words);
      },
    },
    logger,
  });
  const say = (words: unknown) =>
    broker.publish(
      topicOf('uplinkAnswer', 'gw-test'),
      typeof words === 'string' ? words : JSON.stringify(words),
      { qos: 1 },
    );
  await broker.start();
  cleanups.push(() => broker.stop());
  return { url: `mqtt://127.0.0.1:${broker.port}`, received, held, say, logins };
}

const durable = (numbers: number[]): UplinkAnswer => ({ durableUpTo: numbers.at(-1) ?? 0 });

async function uplinkTo(
  url: string,
  journal: MemoryJournal,
  timing = {},
  commands?: ConstructorParameters<typeof Uplink>[0]['commands'],
) {
  const uplink = new Uplink({
    url,
    gateway: 'gw-test',
    password: 'secret',
    journal,
    clock: { nowMs: () => 1_000 },
    logger,
    timing: { reconnectMs: 50, answerMs: 10_000, refusedMs: 60, ...timing },
    ...(commands ? { commands } : {}),
  });
  await uplink.start();
  cleanups.push(() => uplink.stop());
  return uplink;
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

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
    expect(received.map((numbers) => numbers.length)).toEqual([200, 200, 50, 1]);
    expect(received.flat()).toEqual(Array.from({ length: 451 }, (_, i) => i + 1));
    expect(journal.moves).toEqual([200, 400, 450, 451]);
    expect(logins[0]).toEqual(['gw-test', 'secret']);
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
    cleanups.push(() => broker.stop());
    await uplinkTo(`mqtt://127.0.0.1:${broker.port}`, new MemoryJournal().append(3), {
      answerMs: 30,
      reconnectMs: 5,
    });
    cleanups.push(async () => over.resolve());
    await until(() => expect(copies.size).toBeGreaterThanOrEqual(4));
    expect([...copies.values()].every((count) => count === 1)).toBe(true);
  });

  it('reads again when an answer comes while it reads', async () => {
    const journal = new MemoryJournal().append(3);
    const reading = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { read } = journal;
    journal.read = async (after, limit) => {
      reading.resolve();
      await gate.promise;
      return read(after, limit);
    };
    const { url, received, say } = await cloud(durable);
    const uplink = await uplinkTo(url, journal);
    await reading.promise;
    await say({ durableUpTo: 1 });
    await until(() => expect(uplink.state().durableUpTo).toBe(1));
    gate.resolve();
    await until(() => expect(uplink.state().durableUpTo).toBe(3));
    expect(received).toEqual([[2, 3]]);
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

  it('waits offline, says how far behind it is, and catches up', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const journal = new MemoryJournal().append(3);
    const uplink = await uplinkTo(`mqtt://127.0.0.1:${port}`, journal);
    expect(uplink.state()).toEqual({ connected: false, durableUpTo: 0, behindEntries: 3, lastRefusal: null });

    await cloud(durable, port);
    await until(() => expect(uplink.state()).toMatchObject({ connected: true, durableUpTo: 3 }));
  });

  it('shows a refusal and tries the same entries again later', async () => {
    const journal = new MemoryJournal().append(3);
    let refusals = 2;
    const { url, received } = await cloud((numbers) =>
      refusals-- > 0
        ? { durableUpTo: 1, refused: { number: 2, reason: 'the signature does not fit' } }
        : durable(numbers),
    );
    const uplink = await uplinkTo(url, journal);
    await until(() =>
      expect(uplink.state().lastRefusal).toEqual({
        number: 2,
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

describe('the conversation about commands', () => {
  /** The gateway's side of it, as edge/remote has it. */
  function guest() {
    const heard: string[] = [];
    let publish: ((message: string) => void) | undefined;
    return {
      heard,
      say: (message: string) => publish?.(message),
      isConnected: () => publish !== undefined,
      lastWill: () => '{"ready":false}',
      connected: (give: (message: string) => void) => {
        publish = give;
        give('{"ready":true}');
      },
      disconnected: () => {
        publish = undefined;
      },
      onMessage: (payload: Uint8Array) => void heard.push(Buffer.from(payload).toString()),
    };
  }

  async function commandCloud(port = 0) {
    const outcomes: string[] = [];
    const broker = createBroker({
      ...{ host: '127.0.0.1', port, logger },
      authenticate: (id) => ({ id, role: 'gateway' }),
      hook: {
        receive: async ({ topic, payload }) => {
          if (topic === topicOf('gatewayOutcome', 'gw-test')) outcomes.push(Buffer.from(payload).toString());
        },
      },
    });
    await broker.start();
    cleanups.push(() => broker.stop());
    const command = (text: string) => broker.publish(topicOf('gatewayCommand', 'gw-test'), text, { qos: 1 });
    return { broker, outcomes, command };
  }

  it('goes both ways over the same connection, beside the entries', async () => {
    const commands = guest();
    const { broker, outcomes, command } = await commandCloud();
    await uplinkTo(`mqtt://127.0.0.1:${broker.port}`, new MemoryJournal(), {}, commands);
    await until(() => expect(outcomes).toEqual(['{"ready":true}']));
    await command('{"id":"c1"}');
    await until(() => expect(commands.heard).toEqual(['{"id":"c1"}']));
    commands.say('{"commandId":"c1"}');
    await until(() => expect(outcomes).toEqual(['{"ready":true}', '{"commandId":"c1"}']));
  });

  it('tells the cloud when it ends', async () => {
    const { broker, outcomes } = await commandCloud();
    const uplink = await uplinkTo(`mqtt://127.0.0.1:${broker.port}`, new MemoryJournal(), {}, guest());
    await until(() => expect(outcomes).toEqual(['{"ready":true}']));
    await uplink.stop();
    await until(() => expect(outcomes).toEqual(['{"ready":true}', '{"ready":false}']));
  });

  it('ends with the connection, and begins again with the next', async () => {
    const commands = guest();
    const { broker, outcomes } = await commandCloud();
    const { port } = broker;
    await uplinkTo(`mqtt://127.0.0.1:${port}`, new MemoryJournal(), {}, commands);
    await until(() => expect(outcomes).toHaveLength(1));
    await broker.stop();
    await until(() => expect(commands.isConnected()).toBe(false));
    const next = await commandCloud(port);
    await until(() => expect(next.outcomes).toEqual(['{"ready":true}']));
  });
});

describe('a batch', () => {
  it('is bounded in bytes but always takes one entry', () => {
    const large = (number: number) => entry(number, 'x'.repeat(100_000));
    expect(batchOf([large(1), large(2), large(3)])).toMatchObject({ first: 1, last: 2 });
    expect(batchOf([entry(7, 'x'.repeat(400_000)), entry(8)])).toMatchObject({ first: 7, last: 7 });
    expect(batchOf([])).toBeUndefined();
  });
});
