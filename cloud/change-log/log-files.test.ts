import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  array,
  assert,
  asyncProperty,
  boolean,
  constantFrom,
  integer,
  jsonValue,
  nat,
  record,
} from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Change, LogDamaged, LogFiles } from './log-files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-changes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const change = (changeId: number, more: Partial<Change> = {}): Change => ({
  ...{ changeId, table: 'lots', isDeleted: false, content: `{"lot_number": "Lô ${changeId}"}`, ...more },
});
const changes = (from: number, count: number) => Array.from({ length: count }, (_, n) => change(from + n));

async function readAll(): Promise<Change[]> {
  const read: Change[] = [];
  for await (const one of new LogFiles(folder).read()) read.push(one);
  return read;
}

async function write(...some: (readonly Change[])[]): Promise<void> {
  const files = new LogFiles(folder);
  await files.begin('log-a');
  for (const one of some) await files.append(one);
  await files.close();
}

const first = () => join(folder, '000001.log');

describe('the files of a change log', () => {
  it('give back what was appended, over closing, torn lines and segments', async () => {
    const any = record({
      ...{ changeId: nat(), isDeleted: boolean(), table: constantFrom('lots', 'account_user') },
      content: jsonValue().map((value) => JSON.stringify({ value })),
    });
    await assert(
      asyncProperty(
        array(array(any, { minLength: 1, maxLength: 5 }), { maxLength: 6 }),
        nat(200),
        async (parts, cut) => {
          rmSync(folder, { recursive: true, force: true });
          let files = new LogFiles(folder);
          let tail = await files.begin('log-a');
          for (const part of parts) {
            tail = await files.append(part);
            await files.close();
            // The power goes while a line is written.
            appendFileSync(first(), 'f'.repeat(cut));
            files = new LogFiles(folder);
            const opened = await files.open(3);
            expect(opened?.tail).toEqual(tail);
            expect(opened?.last).toEqual(
              parts
                .slice(0, parts.indexOf(part) + 1)
                .flat()
                .slice(-3),
            );
          }
          await files.close();
          expect(await readAll()).toEqual(parts.flat());
        },
      ),
      { numRuns: 40 },
    );
  });

  it('are read only as they were written: nothing altered, left out, doubled or put elsewhere', async () => {
    await write(changes(1, 30));
    const whole = readFileSync(first(), 'utf8');
    const lines = whole.split('\n');
    const same = async (altered: string) => {
      writeFileSync(first(), altered);
      return readAll().then(
        (read) => read.length,
        (error) => error instanceof LogDamaged && 'damaged',
      );
    };
    await assert(
      asyncProperty(integer({ min: 0, max: whole.length - 2 }), nat(94), async (at, to) => {
        const byte = String.fromCharCode(32 + to);
        if (whole[at] === byte) return;
        expect(await same(whole.slice(0, at) + byte + whole.slice(at + 1))).toBe('damaged');
      }),
      { numRuns: 300 },
    );
    for (const n of [1, 2, 17, 29]) {
      expect(await same(lines.toSpliced(n, 1).join('\n'))).toBe('damaged');
      expect(await same(lines.toSpliced(n, 0, lines[n] ?? '').join('\n'))).toBe('damaged');
      expect(await same(lines.toSpliced(n, 2, lines[n + 1] ?? '', lines[n] ?? '').join('\n'))).toBe(
        'damaged',
      );
    }
  });

  it('begin another file when one is full, and tell when one is missing', async () => {
    const long = changes(1, 20).map((one) => ({ ...one, content: `{"x": "${'x'.repeat(900_000)}"}` }));
    await write(long, changes(21, 2), changes(23, 2));
    expect(readdirSync(folder).sort()).toEqual(['000001.log', '000002.log']);
    expect((await readAll()).map(({ changeId }) => changeId)).toEqual(
      changes(1, 24).map(({ changeId }) => changeId),
    );
    const files = new LogFiles(folder);
    expect((await files.open(9))?.tail.lines).toBe(24);
    await files.close();
    rmSync(first());
    await expect(readAll()).rejects.toThrow('000002.log does not go on where the file before it ends');
  });

  it('go on where the power went while a file was begun', async () => {
    await write(changes(1, 2));
    writeFileSync(join(folder, '000002.log'), 'nongtin-chan');
    expect(await readAll()).toEqual(changes(1, 2));
    const files = new LogFiles(folder);
    expect((await files.open(9))?.tail.lines).toBe(2);
    await files.append(changes(3, 1));
    await files.close();
    expect(await readAll()).toEqual(changes(1, 3));
    writeFileSync(first(), 'nongt');
    rmSync(join(folder, '000002.log'));
    expect(await new LogFiles(folder).open(9)).toBeUndefined();
  });
});
