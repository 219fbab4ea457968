import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ThinnedRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkChain } from './check.ts';
import { type OpenJournal, openJournal, unlessTroubled } from './index.ts';
import { type Schedule, scheduleForReal } from './schedule.ts';
import type { JournalEntry } from './types.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-disk-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const run = (program: string, args: readonly string[]) => spawnSync(program, args);

/** A small disk of its own, which needs a system where we may mount one. */
function mounted(megabytes: number): string | undefined {
  const folder = join(root, String(readdirSync(root).length));
  mkdirSync(folder);
  const { status } = run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  return status === 0 ? folder : undefined;
}

const trial = mounted(1);
if (trial !== undefined) run('umount', [trial]);

function disk(megabytes: number): string {
  const folder = mounted(megabytes);
  if (folder === undefined) throw new Error('a disk could be mounted before');
  onTestFinished(() => void run('umount', ['-l', folder]));
  return folder;
}

async function started(folder: string, schedule: Schedule = scheduleForReal): Promise<OpenJournal> {
  const journal = openJournal({
    path: join(folder, 'journal.sqlite'),
    keyPath: join(folder, 'key.pem'),
    clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    logger: pino({ level: 'silent' }),
    schedule,
  });
  await journal.start();
  onTestFinished(() => journal.stop());
  return journal;
}

/** About 30 KB that cannot be made smaller. */
function append(journal: OpenJournal): Promise<number> {
  journal.nextRunningNumber(1);
  const lines = `raw,device=${randomBytes(15_000).toString('hex')} value=1 1`;
  return journal.appendReadings({ lines, count: 1, firstAtMs: 1, lastAtMs: 1, keys: new Uint8Array(30) });
}

function small(journal: OpenJournal): Promise<number> {
  journal.nextRunningNumber(1);
  const batch = { lines: 'raw,device=a value=1 1', count: 1, firstAtMs: 1, lastAtMs: 1 };
  return journal.appendReadings({ ...batch, keys: new Uint8Array(14) });
}

const inTrouble = (journal: OpenJournal) => unlessTroubled(journal, new Promise(() => {}));

async function expectWholeChain(journal: OpenJournal): Promise<void> {
  const entries: JournalEntry[] = [];
  for (let after = 0; after < journal.lastNumber(); after = entries.at(-1)?.number ?? after) {
    entries.push(...(await journal.read(after, 500)));
  }
  expect(checkChain(entries, 0, '0'.repeat(64))?.number).toBe(journal.lastNumber());
}

describe.skipIf(trial === undefined)('a disk of its own', () => {
  it('that is full: what is delivered is given up first, then what is not, and nothing stands still', async () => {
    const folder = disk(24);
    const journal = await started(folder);
    const thinned: ThinnedRecord[] = [];
    journal.onThinned((record) => thinned.push(record));
    await journal.cursor('uplink');
    for (let number = 0; number < 300; number += 1) await append(journal);
    await journal.moveCursor('uplink', 200);
    for (let number = 0; number < 1_500; number += 1) await append(journal);
    expect(journal.health()).toEqual({ healthy: true });
    expect(thinned.some(({ delivered }) => delivered)).toBe(true);
    const undelivered = thinned.find(({ delivered }) => !delivered);
    expect(undelivered?.firstNumber).toBeGreaterThan(200);
    expect(thinned[0]?.delivered).toBe(true);
    await expectWholeChain(journal);
  });

  it('that others fill: appends wait, it is told, and they go on when there is space', async () => {
    const folder = disk(24);
    const journal = await started(folder);
    await journal.cursor('uplink');
    await append(journal);
    const filler = join(folder, 'filler');
    run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k']);
    rmSync(join(folder, 'journal.sqlite-reserve'), { force: true });
    run('dd', ['if=/dev/zero', `of=${filler}2`, 'bs=64k']);
    const waiting = Array.from({ length: 40 }, () => append(journal));
    await inTrouble(journal);
    expect(journal.health()).toMatchObject({ reason: expect.stringMatching(/is full/) });
    rmSync(filler);
    rmSync(`${filler}2`);
    await Promise.all(waiting);
    expect(journal.health()).toEqual({ healthy: true });
    await expectWholeChain(journal);
  });

  it('that others fill after the first few readings: none of them is given up, and all that waits comes in', async () => {
    const folder = disk(24);
    // Without housekeeping: its turn may come while the disk is full, and the next one only after something was written.
    const journal = await started(folder, (work, ms) => (ms < 5_000 ? scheduleForReal(work, ms) : () => {}));
    await journal.cursor('uplink');
    for (let number = 0; number < 10; number += 1) await small(journal);
    run('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=1k']);
    const waiting: Promise<number>[] = [];
    for (let number = 0; number < 10; number += 1) {
      const appended = small(journal);
      waiting.push(appended);
      await unlessTroubled(journal, appended);
    }
    rmSync(join(folder, 'filler'));
    await Promise.all(waiting);
    const entries = await journal.read(0, 500);
    expect(entries.filter(({ thinned }) => thinned !== undefined)).toEqual([]);
    await expectWholeChain(journal);
  });

  it('that others fill to the last byte, also what was set aside, again and again', async () => {
    const folder = disk(24);
    const journal = await started(folder);
    await journal.cursor('uplink');
    for (let number = 0; number < 10; number += 1) await small(journal);
    const waiting: Promise<number>[] = [];
    for (let round = 0; round < 2; round += 1) {
      while (journal.health().healthy) {
        run('dd', ['if=/dev/zero', `of=${join(folder, `filler${waiting.length}`)}`, 'bs=1k']);
        const appended = small(journal);
        waiting.push(appended);
        await unlessTroubled(journal, appended);
      }
      expect(journal.health()).toMatchObject({ cause: 'full', reason: expect.stringMatching(/is full/) });
      for (const name of readdirSync(folder)) if (name.startsWith('filler')) rmSync(join(folder, name));
      await Promise.all(waiting);
      expect(journal.health()).toEqual({ healthy: true });
    }
    const entries = await journal.read(0, 500);
    expect(entries.filter(({ thinned }) => thinned !== undefined)).toEqual([]);
    await expectWholeChain(journal);
  });

  it('that can only be read: told in one sentence, and it goes on when it can be written', async () => {
    const folder = disk(24);
    const before = await started(folder);
    await append(before);
    await before.stop();
    run('mount', ['-o', 'remount,ro', folder]);
    await expect(started(folder)).rejects.toMatchObject({
      name: 'StartProblem',
      message: expect.stringContaining('read-only'),
    });
    expect(() => writeFileSync(join(folder, 'x'), '')).toThrow('EROFS');
    run('mount', ['-o', 'remount,rw', folder]);
    const after = await started(folder);
    expect(await append(after)).toBe(2);
  });
});
