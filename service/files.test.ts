import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readStateFile, writeStateFile } from './files.ts';

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
