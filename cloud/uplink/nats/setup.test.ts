import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { natsProgram } from './server.suite.ts';
import { planCluster, setUpCluster } from './setup.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-nats-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nowMs = Date.UTC(2026, 10, 22);

it('makes keys once, for their owner alone, and configurations anew', () => {
  const plan = planCluster([folder, '--hosts', '127.0.0.1,127.0.0.1,127.0.0.1']);
  const told = setUpCluster(plan, nowMs);
  expect(told).toMatch('NONGTIN_NATS_URL=nats://127.0.0.1:4222,nats://127.0.0.1:4232,nats://127.0.0.1:4242');
  const keys = join(folder, 'keys');
  const read = () => readdirSync(keys).map((name) => readFileSync(join(keys, name), 'utf8'));
  const before = read();
  setUpCluster(plan, nowMs + 1);
  expect(read()).toEqual(before);
  const files = [...readdirSync(keys).map((name) => join(keys, name)), join(folder, 'nats-1.conf')];
  for (const file of files) expect(statSync(file).mode & 0o777, file).toBe(0o600);
  expect(readFileSync(join(folder, 'nats-1.conf'), 'utf8')).not.toMatch(/\bSO[A-Z0-9]{50,}/);
});

it.skipIf(natsProgram === undefined && !process.env.CI).each([
  ['one server', ['127.0.0.1'], []],
  ['three servers', ['a.example', 'b.example', 'c.example'], ['--plain']],
])('writes what nats-server understands: %s', (_what, hosts, more) => {
  setUpCluster(planCluster([folder, '--hosts', hosts.join(','), ...more]), nowMs);
  for (const [index] of hosts.entries())
    execFileSync(natsProgram ?? 'nats-server', ['-t', '-c', join(folder, `nats-${index + 1}.conf`)], {
      stdio: 'pipe',
    });
});

it.each([
  [['x'], /npm run nats/],
  [['x', '--hosts', 'a,b'], /one, or three/],
  [['x', '--hosts', 'a,b,c'], /need --cert and --key/],
  [['x', '--hosts', 'a', '--cert', 'f'], /together/],
  [['x', '--hosts', 'nats://a'], /no host name/],
  [['x', '--host', 'a'], /npm run nats/],
])('refuses %j with what is missing', (args, reason) => {
  expect(() => planCluster(args)).toThrow(reason);
});
