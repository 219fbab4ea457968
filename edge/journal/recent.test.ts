import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AlarmRecord } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkChain } from './check.ts';
import { bytesOf, type JournalEntry, type OpenJournal, openJournal } from './index.ts';
import { RecentEntries, recentEntry } from './recent.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-recent-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const clock = { nowMs: () => 1_790_000_000_000, monotonicMs: () => performance.now() };
const logger = pino({ level: 'silent' });

async function journalIn(folder: string): Promise<OpenJournal> {
  const path = join(root, folder, 'journal.sqlite');
  const journal = openJournal({ path, keyPath: join(root, folder, 'key.pem'), clock, logger });
  await journal.start();
  onTestFinished(() => journal.stop());
  return journal;
}

const line = (number: number) =>
  `raw,channel=độ\\ ẩm,device=d value=${number},quality=0i,received=1i ${number}`;

function append(journal: OpenJournal, count: number): Promise<number> {
  const first = journal.nextRunningNumber(count);
  const lines = Array.from({ length: count }, (_, index) => line(first + index)).join('\n');
  return journal.appendReadings({ lines, count, firstAtMs: 1, lastAtMs: 2, keys: new Uint8Array(8) });
}

const alarm: AlarmRecord = {
  kind: 'alarm',
  alarmId: 'a',
  atMs: 1,
  severity: 'low',
  state: 'active',
  source: 'test',
  reason: { key: 'test', figures: {} },
};

describe('an entry that was committed a moment ago', () => {
  it('is read as it will be read from the disk, its bytes at hand', async () => {
    const journal = await journalIn('same');
    await append(journal, 3);
    await append(journal, 2_000);
    const recent = await journal.read(0, 9);
    expect(recent.map((entry) => Buffer.from(bytesOf(entry) ?? []).toString('utf8'))).toEqual(
      recent.map(({ payload }) => payload),
    );
    expect(recent.map(({ number, count }) => [number, count])).toEqual([
      [1, 3],
      [2, 2_000],
    ]);
    expect(recent[1]?.payload.split('\n')).toEqual(
      Array.from({ length: 2_000 }, (_, index) => line(3 + index)),
    );
    await journal.stop();
    const again = await (await journalIn('same')).read(0, 9);
    expect(again.map((entry) => bytesOf(entry))).toEqual([undefined, undefined]);
    expect(recent).toEqual(again);
  });

  it('is followed by what comes from the disk', async () => {
    const journal = await journalIn('mixed');
    for (const count of [1_000, 2, 0, 1_000, 3]) {
      if (count > 0) await append(journal, count);
      else await journal.appendRecord(alarm);
    }
    const read: JournalEntry[] = [];
    for (let after = 0; after < 5; after = read.length) read.push(...(await journal.read(after, 1)));
    expect(read.map(({ count }) => count)).toEqual([1_000, 2, 0, 1_000, 3]);
    expect(read.map((entry) => bytesOf(entry) !== undefined)).toEqual([...[false, false, false, true, true]]);
    checkChain(read, 0, undefined);
    expect(await journal.read(5, 9)).toEqual([]);
  });

  it('whoever changes a copy of it does not pass on its bytes', async () => {
    const journal = await journalIn('copy');
    await append(journal, 1_000);
    const [entry] = await journal.read(0, 1);
    if (entry === undefined) throw new Error('nothing was read');
    expect(bytesOf(entry)).toBeDefined();
    expect(bytesOf({ ...entry, count: 0, payload: '' })).toBeUndefined();
  });
});

describe('what is kept of them', () => {
  const MIB = 1024 * 1024;
  const head = { hash: '', previousHash: '', signature: '', bootId: '', monotonicMs: 0, kind: 'readings' };
  const entry = (number: number, bytes = 1) =>
    recentEntry({ ...head, number, count: 1, firstAtMs: 0, lastAtMs: 0 }, new Uint8Array(bytes));
  const numbers = (recent: RecentEntries, after: number, limit = 99) =>
    recent.after(after, limit).map(({ number }) => number);

  it('is no more than 16 MiB, the newest, and no more than is asked for or about 4 MiB at once', () => {
    const recent = new RecentEntries();
    for (let number = 1; number <= 20; number++) recent.add(entry(number, MIB));
    expect(numbers(recent, 3)).toEqual([]);
    expect(numbers(recent, 4)).toEqual([5, 6, 7, 8]);
    expect(numbers(recent, 18)).toEqual([19, 20]);
    expect(numbers(recent, 20)).toEqual([]);
    expect(numbers(recent, 10, 2)).toEqual([11, 12]);
  });

  it('is not many small ones either', () => {
    const recent = new RecentEntries();
    for (let number = 1; number <= 1_000; number++) recent.add(entry(number));
    expect(numbers(recent, 900)).toEqual([]);
    expect(numbers(recent, 904, 999)).toHaveLength(96);
  });

  it('has no gap', () => {
    const recent = new RecentEntries();
    for (const number of [1, 2, 4, 5]) recent.add(entry(number));
    expect(numbers(recent, 1)).toEqual([]);
    expect(numbers(recent, 3)).toEqual([4, 5]);
  });
});
