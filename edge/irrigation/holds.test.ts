import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { openJournal } from '../journal/index.ts';
import { ProgramHolds } from './holds.ts';

let nowMs = 1_000_000;

/** Holds over a journal that outlives each start of them. */
async function farm() {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-holds-'));
  const clock = { nowMs: () => nowMs, monotonicMs: () => performance.now() };
  const [path, keyPath] = [join(folder, 'journal.sqlite'), join(folder, 'key.pem')];
  const journal = openJournal({ path, keyPath, clock, logger: pino({ level: 'silent' }) });
  await journal.start();
  onTestFinished(async () => {
    await journal.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const start = async () => {
    const holds = new ProgramHolds(journal, () => nowMs);
    await holds.start();
    return holds;
  };
  return { journal, start };
}

it('pauses one zone until its time has come, over a restart', async () => {
  const { start } = await farm();
  await (await start()).hold('a1', { untilMs: nowMs + 60_000, by: 'sau' });
  const holds = await start();
  expect(holds.of('a1').pause).toEqual({ untilMs: nowMs + 60_000, by: 'sau' });
  expect(holds.of('a2').pause).toBeNull();
  nowMs += 60_000;
  expect(holds.of('a1').pause).toBeNull();
});

it('stops all of them until somebody takes it back, and remembers that too', async () => {
  const { journal, start } = await farm();
  const holds = await start();
  const durable = holds.hold(null, { untilMs: null, by: 'sau' });
  expect(holds.of('a1').stopAll, 'at once').toEqual({ untilMs: null, by: 'sau' });
  await durable;
  await holds.release(null, 'ba');
  expect((await start()).of('a1').stopAll).toBeNull();
  expect((await journal.records('program_hold', 10)).map(({ by }) => by)).toEqual(['ba', 'sau']);
});

it('remembers a stop of all over a restart, however often single zones were paused since', async () => {
  const { start } = await farm();
  const holds = await start();
  await holds.hold(null, { untilMs: null, by: 'Tư' });
  const pauses = Array.from({ length: 2_000 }, (_, n) => holds.hold(`a${n % 3}`, { untilMs: n, by: 'sau' }));
  await Promise.all(pauses);
  expect((await start()).all()).toEqual({ untilMs: null, by: 'Tư' });
});
