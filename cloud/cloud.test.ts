import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { demoSecrets } from '@nongtin/accounts';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Cloud } from './cloud.ts';
import { readConfig } from './config.ts';
import { openRecords } from './records/index.ts';
import { Uplink } from './testing/cloud.ts';
import { layout, TestGateway } from './testing/gateway.ts';

const logger = pino({ level: 'silent' });
const noTls = { NONGTIN_CLOUD_TLS_PORT: 'off', NONGTIN_UPLINK_TLS_PORT: 'off' };
const gateway = new TestGateway('gw-demo');
let dataDir = '';
let child: ChildProcess | undefined;
let managerToken: string | undefined;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'nongtin-cloud-kill-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

/** The cloud as a process of its own; the doors it prints when it is ready. */
async function startProcess(): Promise<{ http: number; uplink: number }> {
  const env = { NONGTIN_DATA_DIR: dataDir, NONGTIN_HOST: '127.0.0.1', NONGTIN_CLOUD_PORT: '0', ...noTls };
  child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { ...process.env, ...env, NONGTIN_UPLINK_PORT: '0', NONGTIN_RPC_URL: 'http://127.0.0.1:9' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('no output');
  for await (const line of createInterface(child.stdout)) {
    const { msg, http, uplink } = JSON.parse(line);
    // Whoever prints nothing afterwards must not be stopped by a pipe that nobody reads.
    if (msg === 'listening') {
      child.stdout.resume();
      return { http, uplink };
    }
  }
  throw new Error('the cloud ended before it was ready');
}

/** What the API answers the manager. */
async function ask(http: number, path: string, body?: object): Promise<Response> {
  const send = (to: string, headers: Record<string, string>, what?: object) =>
    fetch(`http://127.0.0.1:${http}${to}`, {
      method: what === undefined ? 'GET' : 'POST',
      headers: what === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(what === undefined ? {} : { body: JSON.stringify(what) }),
    });
  managerToken ??= await send('/api/auth/sign-in/email', {}, demoSecrets(dataDir).users.manager).then(
    (signedIn) => signedIn.headers.get('set-auth-token') ?? '',
  );
  return send(path, { authorization: `Bearer ${managerToken}` }, body);
}

async function register(http: number, publicKey: string): Promise<void> {
  const uplinkPassword = demoSecrets(dataDir).uplink.password;
  const answer = await ask(http, '/api/gateways', { gatewayId: 'gw-demo', publicKey, uplinkPassword });
  expect(answer.status).toBe(200);
}

async function projectedUpTo(http: number): Promise<number> {
  const { gateways } = (await (await ask(http, '/api/uplink')).json()) as {
    gateways: { projectedUpTo: number }[];
  };
  return gateways[0]?.projectedUpTo ?? 0;
}

function connect(port: number): Promise<Uplink> {
  return Uplink.connect(`mqtt://127.0.0.1:${port}`, 'gw-demo', demoSecrets(dataDir).uplink.password);
}

it('comes back from kill -9 under load with all it acknowledged, and counts every reading once', async () => {
  gateway.record(layout);
  for (let n = 0; n < 600; n++) {
    const at = Date.UTC(2026, 0, 1) + n * 1000;
    gateway.readings(
      gateway.reading('soil-a1', 'soil_moisture', 0.3, at),
      gateway.reading('weather', 'rain', n, at),
    );
  }
  let doors = await startProcess();
  await register(doors.http, gateway.publicKey);
  let acknowledged = 0;
  for (const killAfter of [150, 400]) {
    const uplink = await connect(doors.uplink);
    while (acknowledged < killAfter) {
      const { durableUpTo } = await uplink.send(...gateway.journal.slice(acknowledged, acknowledged + 10));
      acknowledged = durableUpTo;
    }
    // One message is under way when the process dies.
    uplink.send(...gateway.journal.slice(acknowledged, acknowledged + 10)).catch(() => {});
    child?.kill('SIGKILL');
    await uplink.close();
    doors = await startProcess();
    const after = await connect(doors.uplink);
    const again = await after.send(...gateway.journal.slice(acknowledged - 1, acknowledged));
    expect(again.durableUpTo).toBeGreaterThanOrEqual(acknowledged);
    acknowledged = again.durableUpTo;
    await after.close();
  }
  const uplink = await connect(doors.uplink);
  for (let at = acknowledged; at < gateway.journal.length; at += 100) {
    await uplink.send(...gateway.journal.slice(at, at + 100));
  }
  await uplink.close();
  await expect.poll(() => projectedUpTo(doors.http), { timeout: 30_000 }).toBe(gateway.journal.length);
  await stopProcess();
  await expectEveryReadingOnce();
}, 120_000);

async function stopProcess(): Promise<void> {
  const ended = child && once(child, 'exit');
  const before = performance.now();
  child?.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - before).toBeLessThan(5_000);
}

async function expectEveryReadingOnce(): Promise<void> {
  const records = openRecords({ dataDir, logger });
  await records.start();
  const rows = await records.db.selectFrom('reading_days').selectAll().orderBy('metric').execute();
  await records.stop();
  expect(rows).toMatchObject([
    { metric: 'rain', count: 600, increase_micro: String(599 * 1_000_000) },
    { metric: 'soil_moisture', count: 600, sum_micro: String(600 * 300_000) },
  ]);
}

it('names the port that is taken, starts when it is free, and stops though it never started', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const env = {
    NONGTIN_DATA_DIR: dataDir,
    NONGTIN_HOST: '127.0.0.1',
    NONGTIN_CLOUD_PORT: String(port),
    ...noTls,
  };
  const config = readConfig({ ...env, NONGTIN_UPLINK_PORT: '0', NONGTIN_DEMO: 'off' });
  const cloud = new Cloud(config, logger, { nowMs: Date.now });
  await expect(cloud.start()).rejects.toThrow(new RegExp(`Port ${port} .* NONGTIN_CLOUD_PORT`));
  await cloud.stop();
  await new Promise((resolve) => holder.close(resolve));
  await cloud.start();
  expect(cloud.ports.http).toBe(port);
  await cloud.stop();
});
