import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { bytesOf, type OpenJournal, openJournal } from './index.ts';
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

describe('a large entry that was committed a moment ago', () => {
  it('is read as it will be read from the disk, its bytes at hand', async () => {
    const journal = await journalIn('same');
    await append(journal, 3);
    await append(journal, 2_000);
    await append(journal, 2_000);
    const recent = await journal.read(1, 9);
    expect(recent.map((entry) => Buffer.from(bytesOf(entry) ?? []).toString('utf8'))).toEqual(
      recent.map(({ payload }) => payload),
    );
    expect(recent.map(({ number, count }) => [number, count])).toEqual([
      [2, 2_000],
      [3, 2_000],
    ]);
    expect(recent[0]?.payload.split('\n')).toEqual(
      Array.from({ length: 2_000 }, (_, index) => line(3 + index)),
    );
    await journal.stop();
    const again = await (await journalIn('same')).read(1, 9);
    expect(again.map((entry) => bytesOf(entry))).toEqual([undefined, undefined]);
    expect(recent).toEqual(again);
  });

  it('is followed by what comes from the disk', async () => {
    const journal = await journalIn('mixed');
    const counts = [1_000, 1, 1_000, 1_000, 1];
    for (const count of counts) await append(journal, count);
    const read: number[] = [];
    for (let after = 0; after < counts.length; after = read.length)
      read.push(...(await journal.read(after, 9)).map(({ count }) => count));
    expect(read).toEqual(counts);
    expect(await journal.read(counts.length, 9)).toEqual([]);
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

  it('has no gap', () => {
    const recent = new RecentEntries();
    for (const number of [1, 2, 4, 5]) recent.add(entry(number));
    expect(numbers(recent, 1)).toEqual([]);
    expect(numbers(recent, 3)).toEqual([4, 5]);
  });
});
