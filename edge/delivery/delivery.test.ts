import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { influx1Series, type SeriesStore, startInfluxd, type WriteOutcome } from '@nongtin/series';
import { freePort } from '@nongtin/service';
import { pino } from 'pino';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { message, type Rig, startRig } from '../ingest/testing/rig.ts';
import { openJournal } from '../journal/index.ts';
import { createSeriesDelivery } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-delivery-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, String(++folders));
const logger = pino({ level: 'silent' });
const clock = { nowMs: () => 1_790_000_000_000, monotonicMs: () => performance.now() };

/** A store in memory that answers as told, and holds lines by what identifies them. */
class TestStore implements SeriesStore {
  readonly name = 'sqlite';
  readonly place: string;
  readonly writes: string[] = [];
  readonly held = new Map<string, string>();
  answer: (lines: string) => WriteOutcome = () => ({ outcome: 'accepted' });

  constructor(place = 'here') {
    this.place = place;
  }

  async start() {}
  async stop() {}
  async query() {
    return [];
  }
  async seriesOf() {
    return [];
  }

  async write(lines: string): Promise<WriteOutcome> {
    this.writes.push(lines);
    const outcome = this.answer(lines);
    if (outcome.outcome === 'accepted') for (const line of lines.split('\n')) this.held.set(line, line);
    return outcome;
  }
}

async function deliveryTo(store: SeriesStore, folder = newFolder()) {
  const journal = openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock,
    logger,
  });
  await journal.start();
  const pauses: number[] = [];
  const pause = async (ms: number, signal: AbortSignal) => {
    if (ms >= 200) pauses.push(ms);
    await delay(1, undefined, { signal });
  };
  const delivery = createSeriesDelivery({ journal, store, logger, clock, pause });
  onTestFinished(async () => {
    await delivery.stop();
    await journal.stop();
  });
  let number = 0;
  const append = (count: number) => {
    const first = journal.nextRunningNumber(count);
    const lines = Array.from({ length: count }, (_, index) => {
      number += 1;
      return `raw,channel=n,device=d value=${number},quality=0i,received=1i ${first + index}`;
    });
    return journal.appendReadings({
      lines: lines.join('\n'),
      count,
      firstAtMs: 0,
      lastAtMs: 0,
      keys: new Uint8Array(30),
    });
  };
  const caughtUp = () =>
    vi.waitUntil(() => delivery.state().behindEntries === 0, { timeout: 20_000, interval: 2 });
  return { journal, delivery, pauses, append, caughtUp };
}

describe('delivery', () => {
  it('writes what the journal holds, small entries together, and follows it', async () => {
    const store = new TestStore();
    const { delivery, append, caughtUp } = await deliveryTo(store);
    for (let index = 0; index < 30; index += 1) await append(10);
    await delivery.start();
    await caughtUp();
    expect(store.writes).toHaveLength(1);
    await append(1);
    await caughtUp();
    expect(store.held.size).toBe(301);
    expect(delivery.state()).toEqual({
      store: 'sqlite',
      behindEntries: 0,
      lastOutcome: 'accepted',
      rejected: 0,
    });
  });

  it.each(['wait', 'keep'] as const)(
    'asked to %s, backs off up to five seconds and loses nothing',
    async (outcome) => {
      const store = new TestStore();
      const { delivery, append, caughtUp, pauses } = await deliveryTo(store);
      let refusals = 8;
      const seen: unknown[] = [];
      store.answer = () => {
        seen.push(delivery.state());
        return refusals-- > 0 ? { outcome, reason: 'not now' } : { outcome: 'accepted' };
      };
      await append(5);
      await delivery.start();
      await caughtUp();
      expect(seen.at(-1)).toMatchObject({ lastOutcome: outcome, behindEntries: 1, reason: 'not now' });
      expect(pauses).toEqual([200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
      expect(store.held.size).toBe(5);
      expect(delivery.state()).not.toHaveProperty('reason');
    },
  );

  it('asked to split, writes smaller parts', async () => {
    const store = new TestStore();
    const { delivery, append, caughtUp } = await deliveryTo(store);
    store.answer = (lines) =>
      lines.split('\n').length > 7 ? { outcome: 'split', reason: 'too much' } : { outcome: 'accepted' };
    await append(100);
    await delivery.start();
    await caughtUp();
    expect(store.held.size).toBe(100);
    expect(delivery.state().rejected).toBe(0);
  });

  it('finds the lines that are refused, keeps them with the store’s words, and writes the rest', async () => {
    const store = new TestStore();
    const { journal, delivery, append, caughtUp } = await deliveryTo(store);
    const isBad = (lines: string) => /value=(13|77),/.test(lines);
    store.answer = (lines) =>
      isBad(lines) ? { outcome: 'reject', reason: '400 field type conflict' } : { outcome: 'accepted' };
    await append(100);
    await delivery.start();
    await vi.waitUntil(() => delivery.state().rejected === 2, { timeout: 10_000 });
    await caughtUp();
    expect(store.held.size).toBe(98);
    const records = await journal.records('quarantine', 10);
    expect(
      records.map(({ cause, detail, device, headBase64 }) => [
        cause,
        detail,
        device,
        Buffer.from(headBase64, 'base64').toString().slice(0, 31),
      ]),
    ).toEqual([
      ['refused_by_series_store', '400 field type conflict', 'd', 'raw,channel=n,device=d value=77'],
      ['refused_by_series_store', '400 field type conflict', 'd', 'raw,channel=n,device=d value=13'],
    ]);
  });

  it('records a refused line once, also when the store then asks to wait', async () => {
    const store = new TestStore();
    const { journal, delivery, append, caughtUp } = await deliveryTo(store);
    let waits = 3;
    store.answer = (lines) => {
      if (/value=13,/.test(lines)) return { outcome: 'reject', reason: '400 field type conflict' };
      return /value=77,/.test(lines) && waits-- > 0
        ? { outcome: 'wait', reason: 'busy' }
        : { outcome: 'accepted' };
    };
    await append(100);
    await delivery.start();
    await vi.waitUntil(() => store.held.size === 99, { timeout: 10_000 });
    await caughtUp();
    expect(delivery.state().rejected).toBe(1);
    expect(await journal.records('quarantine', 10)).toHaveLength(1);
  });

  it('goes on from its cursor after a restart', async () => {
    const folder = newFolder();
    const first = await deliveryTo(new TestStore(), folder);
    await first.append(3);
    await first.delivery.start();
    await first.caughtUp();
    await first.delivery.stop();
    await first.append(4);
    await first.journal.stop();
    const store = new TestStore();
    const second = await deliveryTo(store, folder);
    await second.delivery.start();
    await second.caughtUp();
    expect(store.held.size).toBe(4);
  });

  it('brings everything to a store it has not served before, and goes on with one it has', async () => {
    const folder = newFolder();
    const [first, second, firstAgain] = [
      new TestStore('first'),
      new TestStore('second'),
      new TestStore('first'),
    ];
    for (const [store, count] of [
      [first, 3],
      [second, 4],
      [firstAgain, 1],
    ] as const) {
      const { journal, delivery, append, caughtUp } = await deliveryTo(store, folder);
      await append(count);
      await delivery.start();
      await caughtUp();
      await delivery.stop();
      await journal.stop();
    }
    expect([first, second, firstAgain].map(({ held }) => held.size)).toEqual([3, 7, 5]);
  });

  it('stops at once, even in the middle of a long pause', async () => {
    const store = new TestStore();
    store.answer = () => ({ outcome: 'wait', reason: 'gone' });
    const { delivery, append } = await deliveryTo(store);
    await append(1);
    await delivery.start();
    await vi.waitUntil(() => delivery.state().lastOutcome === 'wait', { timeout: 10_000 });
    await delivery.stop();
    expect(delivery.state().behindEntries).toBe(1);
  });
});

const influxdHere = process.env.CI !== undefined || spawnSync('influxd', ['version']).status === 0;

describe.skipIf(!influxdHere)('InfluxDB', () => {
  it('killed and started again in the middle: nothing is lost, nothing is there twice', async () => {
    const folder = newFolder();
    const options = { dir: join(folder, 'influxd'), httpPort: await freePort(), rpcPort: await freePort() };
    let influxd = await startInfluxd(options);
    const store = influx1Series({ url: influxd.url, database: 'farm' });
    const rig: Rig = await startRig(folder, 1_790_000_000_000, store);
    let sent = 0;
    const send = async (count: number) => {
      const messages = Array.from({ length: count }, () => {
        sent += 1;
        return rig.ingest.receive(
          message({ seq: sent, soil_moisture: 0.3 }, { packetId: 1 + (sent % 60_000) }),
        );
      });
      await Promise.all(messages);
    };
    try {
      for (let index = 0; index < 20; index += 1) await send(25);
      await influxd.stop('SIGKILL');
      for (let index = 0; index < 20; index += 1) await send(25);
      await vi.waitUntil(() => rig.delivery.state().lastOutcome === 'wait', { timeout: 10_000 });
      influxd = await startInfluxd(options);
      for (let index = 0; index < 20; index += 1) await send(25);
      await rig.delivered();
      const seqs = (await rig.raw('d1', 'raw', 'seq')).map(({ value }) => value).sort((a, b) => a - b);
      expect(seqs).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    } finally {
      await rig.stop();
      await influxd.stop();
    }
  });
});
