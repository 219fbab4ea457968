import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
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

it('makes keys once, for their owner alone, and configurations anew', async () => {
  const plan = planCluster([folder, '--hosts', '127.0.0.1,127.0.0.1,127.0.0.1', '--plain']);
  const told = await setUpCluster(plan, nowMs);
  expect(told).toMatch('NONGTIN_NATS_URL=nats://127.0.0.1:4222,nats://127.0.0.1:4232,nats://127.0.0.1:4242');
  expect(told).toMatch('NONGTIN_UPLINK_PUBLIC_URL=mqtt://127.0.0.1:1884');
  const keys = join(folder, 'keys');
  const read = () => readdirSync(keys).map((name) => readFileSync(join(keys, name), 'utf8'));
  const uplink = () => readFileSync(join(folder, 'nats-1.conf'), 'utf8').match(/^ {2}A\w+: .*$/gm)?.[1];
  const before = [...read(), uplink()];
  await setUpCluster(plan, nowMs + 86_400_000);
  // The account too: a newer one would call back no token that the cloud has voided meanwhile.
  expect([...read(), uplink()]).toEqual(before);
  const files = [...readdirSync(keys).map((name) => join(keys, name)), join(folder, 'nats-1.conf')];
  for (const file of files) expect(statSync(file).mode & 0o777, file).toBe(0o600);
  expect(readFileSync(join(folder, 'nats-1.conf'), 'utf8')).not.toMatch(/\bSO[A-Z0-9]{50,}/);
});

it.skipIf(natsProgram === undefined && !process.env.CI).each([
  ['one server', ['127.0.0.1'], []],
  ['three servers', ['a.example', 'b.example', 'c.example'], ['--plain']],
])('writes what nats-server understands: %s', async (_what, hosts, more) => {
  // The check makes its folder of data.
  const args = ['--hosts', hosts.join(','), '--data', folder, ...more];
  await setUpCluster(planCluster([folder, ...args]), nowMs);
  for (const [index] of hosts.entries())
    execFileSync(natsProgram ?? 'nats-server', ['-t', '-c', join(folder, `nats-${index + 1}.conf`)], {
      stdio: 'pipe',
    });
});

it('makes certificates with every name, and anew when one is added; workers find whom to trust beside their keys', async () => {
  const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
  const hosts = ['--hosts', 'a.example,b.example,10.0.0.3'];
  const told = await setUpCluster(planCluster([folder, ...hosts]), nowMs);
  expect(told).toMatch('NONGTIN_NATS_URL=tls://a.example:4222,tls://b.example:4222,tls://10.0.0.3:4222');
  expect(told).toMatch('NONGTIN_UPLINK_PUBLIC_URL=mqtts://a.example:1884');
  expect(told).toMatch('The certificate made here ends on 2028-11-21.');
  const ca = read('keys', 'ca.pem');
  const again = await setUpCluster(planCluster([folder, ...hosts, '--uplink', 'mqtt.example']), nowMs);
  expect(again).toMatch('NONGTIN_UPLINK_PUBLIC_URL=mqtts://mqtt.example:1884');
  const certificate = new X509Certificate(read('tls', 'server.pem'));
  expect(certificate.subjectAltName).toBe(
    'DNS:a.example, DNS:b.example, IP Address:10.0.0.3, DNS:mqtt.example',
  );
  expect(certificate.checkPrivateKey(createPrivateKey(read('tls', 'server.key')))).toBe(true);
  expect(read('keys', 'ca.pem')).toBe(ca);
  expect(statSync(join(folder, 'tls', 'server.key')).mode & 0o777).toBe(0o600);
});

it('shows gateways a given certificate, and servers one of its own to each other', async () => {
  const given = ['--cert', '/etc/tls/chain.pem', '--key', '/etc/tls/key.pem'];
  await setUpCluster(planCluster([folder, '--hosts', 'a,b,c']), nowMs);
  await setUpCluster(planCluster([folder, '--hosts', 'a,b,c', ...given]), nowMs);
  const config = readFileSync(join(folder, 'nats-1.conf'), 'utf8');
  expect(config.match(/cert_file: "[^"]+"/g)).toEqual([
    'cert_file: "/etc/tls/chain.pem"',
    'cert_file: "/etc/tls/chain.pem"',
    `cert_file: "${folder}/tls/server.pem"`,
  ]);
  // A public authority's; the earlier one would be believed and no other.
  expect(existsSync(join(folder, 'keys', 'ca.pem'))).toBe(false);
  const ca = join(folder, 'tls', 'ca.pem');
  await setUpCluster(planCluster([folder, '--hosts', 'a,b,c', ...given, '--ca', ca]), nowMs);
  expect(readFileSync(join(folder, 'keys', 'ca.pem'), 'utf8')).toBe(readFileSync(ca, 'utf8'));
  const missing = planCluster([folder, '--hosts', 'a', ...given, '--ca', '/nowhere/ca.pem']);
  await expect(setUpCluster(missing, nowMs)).rejects.toThrow(/\/nowhere\/ca.pem is missing/);
});

it.each([
  [['x'], /npm run nats/],
  [['x', '--hosts', 'a,b'], /one, or three/],
  [['x', '--hosts', 'a', '--cert', 'f'], /together/],
  [['x', '--hosts', 'a', '--cert', 'f', '--key', 'f', '--plain'], /not both/],
  [['x', '--hosts', 'a', '--ca', 'f'], /--ca is who signed --cert/],
  [['x', '--hosts', 'nats://a'], /no host name/],
  [['x', '--hosts', 'a', '--uplink', 'mqtts://b'], /no host name/],
  [['x', '--host', 'a'], /npm run nats/],
])('refuses %j with what is missing', (args, reason) => {
  expect(() => planCluster(args)).toThrow(reason);
});
