import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { createBroker } from '@nongtin/broker';
import {
  isPacked,
  matchTopic,
  topicOf,
  type UplinkAnswer,
  UplinkEntries,
  type UplinkEntry,
  UplinkLive,
} from '@nongtin/broker/wire';
import { pino } from 'pino';
import { Compile } from 'typebox/compile';
import { expect, vi } from 'vitest';
import { Uplink, type UplinkTiming } from './uplink.ts';

const entriesOf = Compile(UplinkEntries);
export const logger = pino({ enabled: false });
const liveOf = Compile(UplinkLive);
const cleanups: (() => unknown)[] = [];

/** Closes what a test has opened, the last first. */
export async function closeAll(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

export function onClose(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** With hashes that pack as badly as real ones. */
export function entry(number: number, payload = `temperature,device=probe9 value=${number} 1`): UplinkEntry {
  return {
    number,
    previousHash: digest('sha256', `${number}`),
    bootId: 'b'.repeat(32),
    monotonicMs: 1,
    count: 1,
    firstAtMs: 1,
    lastAtMs: 1,
    payload,
    signature: digest('sha512', `${number}`),
  };
}

function digest(algorithm: string, text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}

/** A journal in memory whose cursor survives the uplink's restart. */
export class MemoryJournal {
  readonly entries: (UplinkEntry & { hash: string })[] = [];
  readonly moves: number[] = [];
  #cursor = 0;
  #listeners = new Set<(lastNumber: number, isUrgent: boolean) => void>();

  append(count: number, isUrgent = false): this {
    for (let i = 0; i < count; i++)
      this.entries.push({ ...entry(this.entries.length + 1), hash: 'not for travelling' });
    for (const listener of this.#listeners) listener(this.entries.length, isUrgent);
    return this;
  }
  read = async (after: number, limit: number) => this.entries.slice(after, after + limit);
  lastNumber = () => this.entries.length;
  cursor = async () => this.#cursor;
  moveCursor = async (_name: string, number: number) => {
    this.#cursor = number;
    this.moves.push(number);
  };
  onCommit = (listener: (lastNumber: number, isUrgent: boolean) => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

interface Heard {
  /** Numbers of entries that came, message by message. */
  readonly received: number[][];
  /** What came in which order: 'live', or the newest number of a message. */
  readonly order: (number | 'live' | 'summary')[];
  readonly live: UplinkLive[];
  /** Sizes as they travelled. */
  readonly bytes: number[];
  /** Client ids under which anything came. */
  readonly clientIds: Set<string>;
}

/**
 * The cloud's broker and receiver: `answer` decides what is said to each message; undefined says nothing. An old one does
 * not know packed messages.
 */
export async function cloud(
  answer: (numbers: number[], held: Set<number>) => UplinkAnswer | undefined,
  { port = 0, isOld = false }: { port?: number; isOld?: boolean } = {},
) {
  const heard: Heard = { received: [], order: [], live: [], bytes: [], clientIds: new Set() };
  const held = new Set<number>();
  const logins: unknown[] = [];
  let refusedFrames = 0;
  const broker = createBroker({
    host: '127.0.0.1',
    port,
    authenticate: (id, password) => {
      logins.push([id, Buffer.from(password).toString()]);
      return { id, role: 'gateway' };
    },
    hook: {
      receive: async ({ topic, payload, clientId }) => {
        heard.clientIds.add(clientId);
        if (isOld && isPacked(payload)) {
          refusedFrames += 1;
          await say({ durableUpTo: held.size, refused: { number: 0, reason: 'no UplinkEntries' } });
          return;
        }
        const message: unknown = unpacked(payload);
        if (matchTopic(topic)?.name === 'uplinkLive') {
          expect(liveOf.Errors(message)).toEqual([]);
          if (!liveOf.Check(message)) return;
          heard.live.push(message);
          heard.order.push(message.summary === undefined ? 'live' : 'summary');
          return;
        }
        if (!entriesOf.Check(message)) return;
        const numbers = message.entries.map((one) => one.number);
        heard.received.push(numbers);
        heard.order.push(numbers.at(-1) ?? 0);
        heard.bytes.push(payload.length);
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
  const packedOnes = () => refusedFrames;
  const url = `mqtt://127.0.0.1:${broker.port}`;
  return { url, port: broker.port, ...heard, held, say, logins, broker, packedOnes };
}

function unpacked(payload: Uint8Array): unknown {
  const json = isPacked(payload) ? zstdDecompressSync(payload) : payload;
  return JSON.parse(Buffer.from(json).toString());
}

export const durable = (numbers: number[]): UplinkAnswer => ({ durableUpTo: numbers.at(-1) ?? 0 });

export async function uplinkTo(
  url: string,
  journal: MemoryJournal,
  {
    nowMs = 1_000,
    monotonicMs = () => performance.now(),
    ...timing
  }: { nowMs?: number; monotonicMs?: () => number } & Partial<UplinkTiming> = {},
  farm?: Parameters<Uplink['attach']>[0],
  commands?: ConstructorParameters<typeof Uplink>[0]['commands'],
) {
  const uplink = new Uplink({
    url,
    gateway: 'gw-test',
    password: 'secret',
    journal,
    clock: { nowMs: () => nowMs, monotonicMs },
    random: () => 0.5,
    logger,
    ...(commands ? { commands } : {}),
    timing: { reconnectMs: 100, answerMs: 10_000, refusedMs: 60, liveMs: 50, gatherMs: 0, ...timing },
  });
  if (farm) uplink.attach(farm);
  await uplink.start();
  cleanups.push(() => uplink.stop());
  return uplink;
}

export const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 });
