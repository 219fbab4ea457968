import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { demoSecrets, earlierDemoSecrets, roles } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-demo-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('several processes that start at once agree on one set of secrets, and leave one file', async () => {
  const demo = join(import.meta.dirname, 'demo.ts');
  const code = `import { demoSecrets } from ${JSON.stringify(demo)};
    process.stdout.write(JSON.stringify(demoSecrets(${JSON.stringify(join(folder, 'data'))})))`;
  const args = ['--input-type=module-typescript', '-e', code];
  const runs = await Promise.all(
    Array.from({ length: 6 }, () => promisify(execFile)(process.execPath, args)),
  );
  expect(new Set(runs.map(({ stdout }) => stdout)).size).toBe(1);
  expect(readdirSync(join(folder, 'data'))).toEqual(['demo.json']);
});

test('the file is for its owner only, and the next start reads the same secrets', () => {
  const first = demoSecrets(folder);
  expect(statSync(join(folder, 'demo.json')).mode & 0o777).toBe(0o600);
  expect(demoSecrets(folder)).toEqual(first);
  expect(earlierDemoSecrets(folder)).toEqual(first);
});

test('passwords can be typed, differ from one another, and hold at least 80 bits', () => {
  const { users, secondManager, devices, uplink } = demoSecrets(folder);
  const typed = [...roles.map((role) => users[role].password), secondManager?.password];
  for (const password of typed)
    expect(password).toMatch(/^([0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/);
  const all = [...typed, ...Object.values(devices), uplink.password];
  expect(new Set(all).size).toBe(all.length);
  expect(Object.keys(devices)).toHaveLength(27);
  expect(secondManager?.email).toBe('manager-2@demo.nongtin.local');
  expect(users.alliance_officer.email).toBe('alliance-officer@demo.nongtin.local');
});

test('a file that is not ours is named, with the remedy', () => {
  writeFileSync(join(folder, 'demo.json'), '{"users":');
  expect(() => demoSecrets(folder)).toThrow(/demo\.json is incomplete or not ours: restore it/);
});

test('without the demo none are made', () => {
  expect(earlierDemoSecrets(folder)).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});
