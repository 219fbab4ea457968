import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DemoSecrets, demoSecrets } from '@nongtin/accounts';
import { freePorts } from '@nongtin/service';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Caller, signIn } from '../caller.ts';
import { waitFor } from '../wait.ts';

/** Three processes on a machine that may be busy with others. */
vi.setConfig({ testTimeout: 240_000, hookTimeout: 300_000 });
const patiently = { timeout: 120_000, interval: 200 };
const repository = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'nongtin-neighbours-e2e-'));
const DAY_MS = 86_400_000;
const FLY = 'bactrocera-dorsalis';

interface Site {
  readonly main: string;
  readonly env: Record<string, string>;
  readonly url: string;
  readonly secrets: DemoSecrets;
  child: ChildProcess | undefined;
}
let cloud: Site;
let counting: Site;
let hearing: Site;

function site(main: string, name: string, http: number, env: Record<string, string>): Site {
  const dataDir = join(folder, name);
  const secrets = demoSecrets(dataDir);
  const all = { NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_LOG_LEVEL: 'error', ...env };
  return { main, env: all, url: `http://127.0.0.1:${http}`, secrets, child: undefined };
}

/** A gateway under a name of its own, which lies where the demo's farm does. */
function gatewaySite(name: string, http: number, mqtt: number, uplink: number): Site {
  const made = site('edge/main.ts', name, http, {
    ...{ NONGTIN_GATEWAY_PORT: `${http}`, NONGTIN_MQTT_PORT: `${mqtt}` },
    ...{ NONGTIN_MQTT_TLS_PORT: 'off', NONGTIN_MQTT_WS_PORT: 'off', NONGTIN_GATEWAY_TLS_PORT: 'off' },
    NONGTIN_UPLINK_URL: `mqtt://127.0.0.1:${uplink}`,
  });
  mkdirSync(join(folder, name, 'gateway'), { recursive: true });
  const membership = { gateway: name, password: `password-of-${name}` };
  writeFileSync(join(folder, name, 'gateway', 'uplink.json'), JSON.stringify(membership), { mode: 0o600 });
  return made;
}

async function start(one: Site): Promise<void> {
  const env = { ...process.env, ...one.env };
  const child = spawn(process.execPath, [join(repository, one.main)], { env, stdio: 'inherit' });
  one.child = child;
  const isUp = async () => {
    if (child.exitCode !== null) throw new Error(`${one.main} has ended with ${child.exitCode}`);
    return (await fetch(`${one.url}/healthz`).catch(() => undefined))?.ok || undefined;
  };
  await waitFor(isUp, { deadlineMs: 200_000, what: `${one.main} does not answer` });
}

async function kill({ child }: Site): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const caller = (one: Site, role: keyof DemoSecrets['users']): Promise<Caller> =>
  signIn(one.url, one.secrets.users[role]);

async function register(one: Site): Promise<void> {
  const technician = await caller(one, 'technician');
  const { gateway } = await technician.get<{ gateway: { id: string; publicKey: string } }>('/api/farm');
  await (await caller(cloud, 'manager')).post('/api/gateways', {
    ...{ gatewayId: gateway.id, publicKey: gateway.publicKey },
    uplinkPassword: `password-of-${gateway.id}`,
  });
}

interface Told {
  readonly atMs: number | null;
  readonly catches: readonly { pest: string; distanceKm: number | null; perTrapPerDay: number }[];
}
const told = async (): Promise<Told> => (await caller(hearing, 'member')).get<Told>('/api/neighbours');

beforeAll(async () => {
  const [http = 0, uplink = 0, ...ports] = await freePorts(6);
  cloud = site('cloud/main.ts', 'cloud', http, {
    ...{ NONGTIN_CLOUD_PORT: `${http}`, NONGTIN_UPLINK_PORT: `${uplink}` },
    ...{ NONGTIN_CLOUD_TLS_PORT: 'off', NONGTIN_UPLINK_TLS_PORT: 'off' },
    NONGTIN_RPC_URL: 'http://127.0.0.1:9',
  });
  counting = gatewaySite('gw-counts', ports[0] ?? 0, ports[1] ?? 0, uplink);
  hearing = gatewaySite('gw-hears', ports[2] ?? 0, ports[3] ?? 0, uplink);
  await Promise.all([start(cloud), start(counting)]);
  await register(counting);
});
afterAll(async () => {
  for (const one of [cloud, counting, hearing]) await kill(one);
  rmSync(folder, { recursive: true, force: true });
});

it('what a member counts at one farm makes people look sooner at another, and never act', async () => {
  const local = (atMs: number) => new Date(atMs + 7 * 3_600_000).toISOString().slice(0, 16);
  const untilMs = Date.now() - DAY_MS;
  await (await caller(counting, 'member')).post('/api/pests/counts', {
    ...{ trap: 'fly-plot-b', count: 70 },
    ...{ since: local(untilMs - 7 * DAY_MS), countedAt: local(untilMs) },
  });
  const manager = await caller(cloud, 'manager');
  const weeks = () => manager.get<{ farms: { gatewayId: string }[] }>('/api/pests');
  await expect
    .poll(async () => (await weeks()).farms.map(({ gatewayId }) => gatewayId), patiently)
    .toEqual(['gw-counts']);
  await start(hearing);
  await register(hearing);
  await expect
    .poll(async () => (await told()).catches, patiently)
    .toEqual([expect.objectContaining({ pest: FLY, distanceKm: 0, perTrapPerDay: 10 })]);
  const { plots } = await (await caller(hearing, 'member')).get<{
    plots: { pests: { pest: string; advice: string; notes: { key: string }[] }[] }[];
  }>('/api/pests');
  const flies = plots.flatMap(({ pests }) => pests.filter(({ pest }) => pest === FLY));
  expect(flies.length).toBeGreaterThan(0);
  for (const { advice, notes } of flies) {
    expect(advice).not.toBe('act');
    expect(notes.map(({ key }) => key)).toContainEqual(expect.stringMatching(/^pest_neighbours/));
  }
});

it('a gateway that is killed while the cloud is away still knows what it was told, and of when', async () => {
  const before = await told();
  await kill(cloud);
  await kill(hearing);
  await start(hearing);
  expect(await told()).toEqual(before);
});

it('what a revoked gateway told is gone from the next answer', async () => {
  await start(cloud);
  await (await caller(cloud, 'manager')).post('/api/gateways/gw-counts/revoke', { reason: 'bị mất cắp' });
  await kill(hearing);
  await start(hearing);
  await expect.poll(async () => (await told()).catches, patiently).toEqual([]);
});
