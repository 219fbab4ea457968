import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sqliteSeries } from '@nongtin/series';
import { influx1Series, startInfluxd } from '@nongtin/series/influx';
import { freePort } from '@nongtin/service';
import { describe, expect, it, vi } from 'vitest';
import { message, type Rig, startRig } from '../ingest/testing/rig.ts';
import type { Dating } from './index.ts';
import { deliveryTo, NOW, newFolder, TestStore } from './testing/rig.ts';

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
    const { deadLetters, delivery, append, caughtUp } = await deliveryTo(store);
    const isBad = (lines: string) => /value=(13|77),/.test(lines);
    store.answer = (lines) =>
      isBad(lines) ? { outcome: 'reject', reason: '400 field type conflict' } : { outcome: 'accepted' };
    await append(100);
    await delivery.start();
    await vi.waitUntil(() => delivery.state().rejected === 2, { timeout: 10_000 });
    await caughtUp();
    expect(store.held.size).toBe(98);
    expect(
      deadLetters.list(10).map(({ line, reason, store: at }) => [line.slice(0, 31), reason, at]),
    ).toEqual([
      ['raw,channel=n,device=d value=77', '400 field type conflict', 'here'],
      ['raw,channel=n,device=d value=13', '400 field type conflict', 'here'],
    ]);
  });

  it('records a refused line once, also when the store then asks to wait', async () => {
    const store = new TestStore();
    const { deadLetters, delivery, append, caughtUp } = await deliveryTo(store);
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
    expect(deadLetters.list(10)).toMatchObject([{ attempts: 1 }]);
  });

  it('refuses a batch of which nothing was taken without asking line by line', async () => {
    const store = new TestStore();
    const { deadLetters, delivery, append, caughtUp } = await deliveryTo(store);
    store.answer = (lines) => ({
      ...{ outcome: 'reject', reason: '400 partial write: points beyond retention policy dropped=100' },
      dropped: lines.split('\n').length,
    });
    await append(100);
    await delivery.start();
    await caughtUp();
    expect(store.writes).toHaveLength(1);
    expect(delivery.state().rejected).toBe(100);
    expect(deadLetters.counts()).toEqual({ kept: 100, dropped: 0 });
  });

  it('waits as long as the store asks for', async () => {
    const store = new TestStore();
    const { delivery, append, caughtUp, pauses } = await deliveryTo(store);
    let refusals = 2;
    store.answer = () =>
      refusals-- > 0
        ? { outcome: 'wait', reason: '429 slow down', retryAfterMs: 30_000 }
        : { outcome: 'accepted' };
    await append(1);
    await delivery.start();
    await caughtUp();
    expect(pauses).toEqual([30_000, 30_000]);
  });

  it('passes over what has no date yet, and moves what has one', async () => {
    const store = new TestStore();
    const dating: Dating = {
      hold: ({ number }) => number === 2,
      moves: ({ number }) => number === 3,
      shift: (lines, { number }) => (number === 3 ? lines.replaceAll(' ', ' 9') : lines),
    };
    const { delivery, append, caughtUp } = await deliveryTo(store, newFolder(), dating);
    for (const _ of [1, 2, 3]) await append(1);
    await delivery.start();
    await caughtUp();
    const held = [...store.held.keys()].map((line) => line.split(' '));
    expect(held.map(([, fields]) => fields)).toEqual([
      'value=1,quality=0i,received=1i',
      '9value=3,quality=0i,received=1i',
    ]);
  });

  it('hands over the bytes that were committed, as text only what has to be moved', async () => {
    const store = new TestStore();
    const moves = ({ number }: { number: number }) => number === 1;
    const dating: Dating = {
      hold: () => false,
      moves,
      shift: (lines, entry) => (moves(entry) ? lines.replaceAll(' ', ' 9') : lines),
    };
    const { delivery, append, caughtUp } = await deliveryTo(store, newFolder(), dating);
    const [large, small] = [1_000, 1];
    await delivery.start();
    for (const count of [large, large, small]) {
      await append(count);
      await caughtUp();
    }
    expect(store.given.map((lines) => typeof lines)).toEqual(['string', 'object', 'object']);
    expect(store.held.size).toBe(2 * large + small);
    expect(store.writes.map((lines) => lines.includes(' 9value'))).toEqual([true, false, false]);
  });

  it('finds the refused line in the bytes that were committed', async () => {
    const store = new TestStore();
    const { delivery, append, caughtUp } = await deliveryTo(store);
    store.answer = (lines) =>
      /value=13,/.test(lines) ? { outcome: 'reject', reason: '400 no' } : { outcome: 'accepted' };
    await delivery.start();
    await append(1_000);
    await caughtUp();
    expect(store.given[0]).toBeInstanceOf(Uint8Array);
    expect(store.held.size).toBe(999);
  });

  it('goes on where an older version was with a file that had no id', async () => {
    const folder = newFolder();
    const older = new TestStore('sqlite');
    const { journal, delivery, append, caughtUp } = await deliveryTo(older, folder);
    await append(3);
    await delivery.start();
    await caughtUp();
    await delivery.stop();
    await journal.stop();
    const store = Object.assign(new TestStore('sqlite:77'), { formerPlace: 'sqlite' });
    const second = await deliveryTo(store, folder);
    await second.append(1);
    await second.delivery.start();
    await second.caughtUp();
    expect(store.held.size).toBe(1);
  });

  it('brings everything again when the file of readings was deleted', async () => {
    const folder = newFolder();
    const path = join(folder, 'series.sqlite');
    for (const [count, expected] of [
      [5, 5],
      [1, 6],
    ] as const) {
      const store = sqliteSeries({ path });
      await store.start();
      const { journal, delivery, append, caughtUp } = await deliveryTo(store, folder);
      await append(count);
      await delivery.start();
      await caughtUp();
      const all = { metric: 'raw', device: 'd', fromMs: -1e12, toMs: 4e12, maxPoints: 99 } as const;
      expect(await store.query({ ...all, aggregate: 'raw' })).toHaveLength(expected);
      await delivery.stop();
      await journal.stop();
      await store.stop();
      for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
    }
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
    const rig: Rig = await startRig(folder, NOW, store);
    let sent = 0;
    const send = async (count: number) => {
      const messages = Array.from({ length: count }, () => {
        sent += 1;
        return rig.ingest.receive(
          message({ seq: sent, number: sent, soil_moisture: 0.3 }, { packetId: 1 + (sent % 60_000) }),
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
      const seqs = (await rig.raw('d1', 'raw', 'number')).map(({ value }) => value).sort((a, b) => a - b);
      expect(seqs).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
    } finally {
      await rig.stop();
      await influxd.stop();
    }
  });
});
