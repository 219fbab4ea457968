import { mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { startBoot, TestMachine } from './testing/boot.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-clock-full-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const TRUE = Date.UTC(2026, 10, 21, 10);

/** Until the answer is called, clock.json cannot be written. */
function blocked(folder: string): () => void {
  const temporary = join(folder, 'clock.json.new');
  mkdirSync(temporary, { recursive: true });
  return () => rmdirSync(temporary);
}

it('begins without trust in its clock also when nothing can be saved, and dates its readings', async () => {
  const folder = join(root, 'begin');
  const machine = new TestMachine(TRUE, 7_000);
  const unblock = blocked(folder);
  const boot = await startBoot(folder, machine);
  onTestFinished(() => boot.stop());
  expect(boot.keeper.state().undated).toHaveLength(1);
  await boot.send({ soil_ph: 6 });
  unblock();
  machine.pass(60_000);
  machine.synchronize();
  await boot.keeper.tick();
  await boot.settled();
  const points = await boot.points();
  expect(points.map(({ atMs }) => Math.abs(atMs - TRUE) <= 1_000)).toEqual([true]);
});

it('passes a reading without a date over only when it is on the disk that it waits', async () => {
  const folder = join(root, 'hold');
  const boot = await startBoot(folder, new TestMachine(TRUE, 7_000));
  onTestFinished(() => boot.stop());
  const unblock = blocked(folder);
  await boot.send({ soil_ph: 6 });
  const [entry] = (await boot.journal.read(0, 10)).filter(({ count }) => count > 0);
  if (entry === undefined) expect.fail('the reading is in the journal');
  expect(() => boot.keeper.dating.hold(entry)).toThrow();
  expect(() => boot.keeper.dating.hold(entry)).toThrow();
  unblock();
  expect(boot.keeper.dating.hold(entry)).toBe(true);
  expect(await boot.journal.cursor('undated')).toBe(entry.number - 1);
});
