import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { type OpenJournal, openJournal } from './index.ts';
import type { JournalProfile } from './pacing.ts';

/** A journal whose time stands still until a test moves it. */
async function stillJournal(profile: JournalProfile) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-pacing-'));
  let nowMs = 1_000;
  const planned: { readonly atMs: number; readonly callback: () => void }[] = [];
  const journal = openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    logger: pino({ level: 'silent' }),
    profile,
    schedule: (callback, delayMs) => {
      const plan = { atMs: nowMs + delayMs, callback };
      planned.push(plan);
      return () => {
        const at = planned.indexOf(plan);
        if (at >= 0) planned.splice(at, 1);
      };
    },
  });
  await journal.start();
  onTestFinished(async () => {
    await journal.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const runDue = () => {
    for (const plan of planned.filter(({ atMs }) => atMs <= nowMs)) {
      planned.splice(planned.indexOf(plan), 1);
      plan.callback();
    }
  };
  return {
    journal,
    /** Moves the time and does what is due by then. */
    pass: (ms: number) => {
      nowMs += ms;
      runDue();
    },
    nextInMs: async () => {
      // A commit that has just answered plans the next one in the same turn.
      await new Promise((resolve) => setImmediate(resolve));
      return Math.min(...planned.map(({ atMs }) => atMs - nowMs));
    },
  };
}

const reading = (journal: OpenJournal) => {
  journal.nextRunningNumber(1);
  return journal.appendReadings({
    lines: 'raw,device=a value=1 1',
    count: 1,
    firstAtMs: 1,
    lastAtMs: 1,
    keys: new Uint8Array(30),
  });
};
const note = (journal: OpenJournal, urgent?: boolean) =>
  journal.appendRecord(
    {
      kind: 'quarantine',
      atMs: 1,
      device: 'a',
      topic: 't',
      cause: 'c',
      detail: 'd',
      sizeBytes: 0,
      sha256: '',
      headBase64: '',
    },
    urgent === undefined ? {} : { urgent },
  );

it('commits the first message after a quiet time at once, and a trickle in groups', async () => {
  const { journal, pass, nextInMs } = await stillJournal('normal');
  const first = reading(journal);
  expect(await nextInMs()).toBe(0);
  pass(0);
  expect(await first).toBe(1);
  pass(2);
  const second = reading(journal);
  expect(await nextInMs()).toBe(8);
  pass(4);
  const third = reading(journal);
  expect(await nextInMs()).toBe(4);
  pass(4);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
});

it('commits what is urgent at once, with everything that waits', async () => {
  const { journal, pass, nextInMs } = await stillJournal('gentle');
  const first = reading(journal);
  pass(0);
  await first;
  pass(100);
  const waits = reading(journal);
  const unhurried = note(journal, false);
  expect(await nextInMs()).toBe(1_900);
  const intent = note(journal);
  expect(await nextInMs()).toBe(0);
  pass(0);
  expect(await Promise.all([waits, unhurried, intent])).toEqual([2, 3, 4]);
});

it('holds readings for two seconds at the most when it is gentle', async () => {
  const { journal, pass, nextInMs } = await stillJournal('gentle');
  const first = reading(journal);
  pass(0);
  await first;
  pass(1);
  const second = reading(journal);
  expect(await nextInMs()).toBe(1_999);
  pass(1_999);
  expect(await second).toBe(2);
  pass(1_000);
  const third = reading(journal);
  expect(await nextInMs()).toBe(1_000);
  pass(1_000);
  expect(await third).toBe(3);
});

it('does not wait for messages that will not come: devices that wait for us are answered at once', async () => {
  const { journal, pass, nextInMs } = await stillJournal('normal');
  const devices = () => Array.from({ length: 50 }, () => reading(journal));
  const first = devices();
  pass(0);
  await Promise.all(first);
  const learning = devices();
  expect(await nextInMs()).toBe(10);
  pass(10);
  await Promise.all(learning);
  for (let round = 0; round < 10; round += 1) {
    const all = devices();
    expect(await nextInMs()).toBe(0);
    pass(0);
    await Promise.all(all);
  }
});

it('commits what waits when it is stopped', async () => {
  const { journal, pass } = await stillJournal('gentle');
  const first = reading(journal);
  pass(0);
  await first;
  const waits = reading(journal);
  await journal.stop();
  expect(await waits).toBe(2);
});
