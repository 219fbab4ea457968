import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readStateFile, syncFolder, writeDurably, writeStateFile } from './files.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-files-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const anything = (value: unknown): value is unknown => value !== undefined;
const isCount = (value: unknown): value is { count: number } =>
  typeof (value as { count?: unknown } | null)?.count === 'number';

it('gives back what was written, whatever JSON can hold', () => {
  const path = join(folder, 'deep/in/state.json');
  fc.assert(
    fc.property(fc.jsonValue(), (state) => {
      writeStateFile(path, state);
      expect(JSON.stringify(readStateFile(path, anything))).toBe(JSON.stringify(state));
    }),
    { numRuns: 50 },
  );
});

it('is readable by its owner only, and leaves nothing else behind', () => {
  writeStateFile(join(folder, 'state.json'), { count: 1 });
  expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['state.json']);
});

it('says that there is no file by undefined', () => {
  expect(readStateFile(join(folder, 'none.json'), anything)).toBeUndefined();
});

it.each([
  ['half-written', '{"count": 1'],
  ['empty', ''],
  ['of another shape', '{"number": 1}'],
])('names a file that is %s, and the remedy', (_what, text) => {
  const path = join(folder, 'state.json');
  writeFileSync(path, text);
  expect(() => readStateFile(path, isCount)).toThrow(
    `${path} is incomplete or not ours: restore it from a backup, or move it away to begin anew.`,
  );
});

it('names what is in the way of its folder', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => writeStateFile(join(folder, 'file/state.json'), {})).toThrow(/is in the way/);
});

it('writes bytes whole, for its owner only, and over an older file only when told to', () => {
  const path = join(folder, 'key');
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 251);
  writeDurably(path, bytes, 'wx');
  expect(Uint8Array.from(readFileSync(path))).toEqual(bytes);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(() => writeDurably(path, 'other', 'wx')).toThrow(/EEXIST/);
  writeDurably(path, 'Nông Tín');
  expect(readFileSync(path, 'utf8')).toBe('Nông Tín');
});

it('says when a folder whose names shall be kept is not there', () => {
  syncFolder(folder);
  expect(() => syncFolder(join(folder, 'none'))).toThrow(/ENOENT/);
});
