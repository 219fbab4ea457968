import { setImmediate as turn } from 'node:timers/promises';
import type { WriteOutcome } from '@nongtin/series';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { deliveryTo, newFolder, TestStore } from './testing/rig.ts';

describe('delivery to a store that holds what it accepts in memory', () => {
  /** A flush happens when the delivery's long pause is over: when the test says so. */
  async function heldStore() {
    const store = new TestStore();
    let flushes: WriteOutcome['outcome'][] = [];
    const answers: WriteOutcome[] = [];
    store.flush = async () => {
      const outcome = answers.shift() ?? ({ outcome: 'accepted' } as const);
      flushes = [...flushes, outcome.outcome];
      return outcome;
    };
    let isPausing = false;
    let wake = () => {};
    const pause = async (ms: number, signal: AbortSignal) => {
      if (ms < 60_000) return turn(undefined, { signal });
      isPausing = true;
      await new Promise<void>((resolve, reject) => {
        wake = resolve;
        signal.addEventListener('abort', () => reject(new Error('stopped')));
      });
    };
    const rig = await deliveryTo(store, newFolder(), undefined, pause);
    const flush = async () => {
      const before = flushes.length;
      await vi.waitUntil(() => isPausing, { timeout: 10_000, interval: 1 });
      isPausing = false;
      wake();
      await vi.waitUntil(() => isPausing && flushes.length > before, { timeout: 10_000, interval: 1 });
    };
    return { ...rig, store, answers, flush, flushes: () => flushes };
  }

  it('moves the cursor in the journal only after a flush, and flushes when it stops', async () => {
    const { store, journal, delivery, append, caughtUp, answers, flush, flushes } = await heldStore();
    await append(3);
    await delivery.start();
    await caughtUp();
    expect([delivery.deliveredUpTo(), await journal.cursor('series:here')]).toEqual([1, 0]);
    answers.push({ outcome: 'keep', reason: 'the disk is full' });
    await flush();
    expect(await journal.cursor('series:here')).toBe(0);
    await flush();
    expect(await journal.cursor('series:here')).toBe(1);
    await append(1);
    await caughtUp();
    expect(await journal.cursor('series:here')).toBe(1);
    await delivery.stop();
    expect(await journal.cursor('series:here')).toBe(2);
    expect(flushes()).toEqual(['keep', 'accepted', 'accepted']);
    expect(store.held.size).toBe(4);
  });

  it('brings again what the store has lost since the last flush', async () => {
    const { store, journal, delivery, append, caughtUp, flush } = await heldStore();
    await append(2);
    await delivery.start();
    await caughtUp();
    await flush();
    await append(3);
    await caughtUp();
    for (const line of [...store.held.keys()].slice(2)) store.held.delete(line);
    store.losses += 1;
    expect(delivery.deliveredUpTo()).toBe(0);
    await append(1);
    await vi.waitUntil(() => store.held.size === 6, { timeout: 10_000 });
    await caughtUp();
    expect(await journal.cursor('series:here')).toBe(1);
    await delivery.stop();
    expect(await journal.cursor('series:here')).toBe(3);
  });

  it('leaves the cursor where it was when the store loses something while it is flushed', async () => {
    const { store, journal, delivery, append, caughtUp } = await heldStore();
    const { flush } = store;
    await append(2);
    await delivery.start();
    await caughtUp();
    store.flush = async () => {
      store.losses += 1;
      return { outcome: 'accepted' };
    };
    await delivery.stop();
    expect(await journal.cursor('series:here')).toBe(0);
    if (flush !== undefined) store.flush = flush;
  });

  it('flushes before its time after very many readings', async () => {
    const { delivery, append, caughtUp, flushes } = await heldStore();
    for (let index = 0; index < 11; index += 1) await append(10_000);
    await delivery.start();
    await caughtUp();
    expect(flushes()).toHaveLength(1);
  });

  it('never lets the journal believe more than is on the disk, whatever happens in between', async () => {
    const step = fc.constantFrom('append', 'append', 'flush', 'refuse', 'lose', 'lose while flushed');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { store, journal, delivery, append, caughtUp, answers, flush } = await heldStore();
        const onDisk = new Set<string>();
        const early: string[] = [];
        const lose = () => {
          for (const line of store.held.keys()) if (!onDisk.has(line)) store.held.delete(line);
          store.losses += 1;
        };
        let losesNext = false;
        const answer = store.flush;
        store.flush = async () => {
          const outcome = (await answer?.()) ?? { outcome: 'accepted' };
          if (losesNext) lose();
          else if (outcome.outcome === 'accepted') for (const line of store.held.keys()) onDisk.add(line);
          losesNext = false;
          return outcome;
        };
        const move = journal.moveCursor.bind(journal);
        journal.moveCursor = async (name, number) => {
          const entries = (await journal.read(0, 1_000)).filter((entry) => entry.number <= number);
          const lines = entries.flatMap(({ payload }) => payload.split('\n'));
          early.push(...lines.filter((line) => !onDisk.has(line)));
          await move(name, number);
        };
        await delivery.start();
        let appended = 0;
        for (const next of steps) {
          if (next === 'append') {
            await append(2);
            appended += 2;
          } else if (next === 'lose') lose();
          else if (delivery.deliveredUpTo() > (await journal.cursor('series:here'))) {
            if (next === 'refuse') answers.push({ outcome: 'wait', reason: 'busy' });
            losesNext = next === 'lose while flushed';
            await flush();
          }
        }
        await append(1);
        await caughtUp();
        losesNext = false;
        await delivery.stop();
        expect(early).toEqual([]);
        expect(onDisk.size).toBe(appended + 1);
        expect(await journal.cursor('series:here')).toBe(journal.lastNumber());
      }),
      { numRuns: 10, examples: [[['append', 'append', 'lose while flushed', 'append', 'refuse']]] },
    );
  }, 60_000);
});
