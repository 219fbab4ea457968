import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lines, type SeriesStore, sqliteSeries, textOf, type WriteOutcome } from '@nongtin/series';
import { pino } from 'pino';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { openDeadLetters } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-dead-letters-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

function table(
  answer: (line: string) => WriteOutcome,
  capacity = 100,
  path = join(root, `${++files}.sqlite`),
) {
  const store: SeriesStore = Object.assign(sqliteSeries({ path: join(root, 'never opened') }), {
    write: async (line: Lines) => answer(textOf(line)),
    flush: async () => ({ outcome: 'accepted' }) as const,
  });
  const clock = { nowMs: () => 1_790_000_000_000 };
  const letters = openDeadLetters({ path, store, logger: pino({ level: 'silent' }), clock, capacity });
  onTestFinished(() => letters.close());
  return letters;
}

const refusing = (): WriteOutcome => ({ outcome: 'reject', reason: '400 still not' });

it('keeps line, reason, time and store, the newest first', () => {
  const letters = table(refusing);
  letters.add(['a value=1 1', 'b value=2 2'], '400 field type conflict');
  expect(letters.list(9)).toMatchObject([
    { line: 'b value=2 2', reason: '400 field type conflict', atMs: 1_790_000_000_000, attempts: 1 },
    { line: 'a value=1 1' },
  ]);
  expect(letters.list(1)).toHaveLength(1);
});

it('counts a line that is refused again instead of keeping it twice', () => {
  const letters = table(refusing);
  letters.add(['a value=1 1'], '400 first');
  letters.add(['a value=1 1'], '400 second');
  expect(letters.list(9)).toMatchObject([{ reason: '400 second', attempts: 2 }]);
});

it('drops the oldest above its capacity, and says how many', () => {
  const path = join(root, 'full.sqlite');
  const letters = table(refusing, 3, path);
  for (const value of [1, 2, 3, 4]) letters.add([`a value=${value} 1`], '400');
  letters.add(['5', '6', '7', '8'], '400');
  expect(letters.list(9).map(({ line }) => line)).toEqual(['8', '7', '6']);
  expect(letters.counts()).toEqual({ kept: 3, dropped: 5 });
  expect(table(refusing, 3, path).counts()).toEqual({ kept: 3, dropped: 5 });
});

it('writes them again when a person asks: what is taken is gone, what is refused stays with the newest words', async () => {
  const letters = table((line) => (line.startsWith('good') ? { outcome: 'accepted' } : refusing()));
  letters.add(['good 1', 'bad 2', 'good 3'], '400 then');
  const [third] = letters.list(1);
  expect(await letters.retry([third?.id ?? 0, 12_345])).toEqual({ taken: 1, refused: 0, waiting: 0 });
  expect(await letters.retry()).toEqual({ taken: 1, refused: 1, waiting: 0 });
  expect(letters.list(9)).toMatchObject([{ line: 'bad 2', reason: '400 still not', attempts: 2 }]);
});

it('stops trying when the store takes nothing at the moment', async () => {
  const letters = table(() => ({ outcome: 'wait', reason: 'gone' }));
  letters.add(['a', 'b'], '400');
  expect(await letters.retry()).toEqual({ taken: 0, refused: 0, waiting: 2 });
  expect(letters.counts().kept).toBe(2);
});

it('says in one sentence that a file is no table of ours', () => {
  const path = join(root, 'rubbish.sqlite');
  writeFileSync(path, 'this is not a database, not at all. '.repeat(200));
  expect(() => table(refusing, 3, path)).toThrow(path);
});
