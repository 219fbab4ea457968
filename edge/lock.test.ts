import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { lockDataFolder } from './lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-lock-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('lets one gateway in, tells the second why not, and lets the next one in afterwards', () => {
  const release = lockDataFolder(folder);
  expect(() => lockDataFolder(folder)).toThrow(/Another gateway already runs on .*NONGTIN_DATA_DIR/);
  release();
  lockDataFolder(folder)();
});
