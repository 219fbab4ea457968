import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { openAuthority } from '@nongtin/broker';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../../records/postgres.suite.ts';
import { Claimant } from '../../testing/claimant.ts';
import { startCloud, type TestCloud } from '../../testing/cloud.ts';
import { TestGateway } from '../../testing/gateway.ts';
import { connectNats } from './connection.ts';
import { answers, natsProgram, startNats } from './server.suite.ts';
import { STREAM } from './stream.ts';
import { missingForSite } from './workers.suite.ts';

const missing = missingForSite();
const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** An address of loopback for each server, as if each were a machine: the usual ports are free there. */
const HOSTS = [1, 2, 3].map((n) => `127.${64 + ((process.pid >> 8) & 127)}.${process.pid & 255}.${n}`);
const [HOST = ''] = HOSTS;

it.skipIf(missing === undefined || process.env.CI)(`NATS over TLS: ${missing} is not installed`, ({ skip }) =>
  skip(),
);

describe.skipIf(missing !== undefined && !process.env.CI)('a NATS cluster over TLS, as it is set up', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-nats-tls-'));
  const workerKeys = join(folder, 'worker');
  const strangersKeys = join(folder, 'stranger');
  const children: ChildProcess[] = [];
  let postgres: TemporaryCluster;
  let cloud: TestCloud;
  let servers: string[];
  let own: string;
  let foreign: string;

  beforeAll(async () => {
    const told = execFileSync(
      process.execPath,
      [file('main.ts'), join(folder, 'nats'), '--hosts', HOSTS.join(',')],
      { encoding: 'utf8' },
    );
    await Promise.all([
      ...[...told.matchAll(/^on (\S+): {2}nats-server -c (\S+)/gm)].map(([, host, config]) =>
        startServer(host ?? '', config ?? ''),
      ),
      startCluster(postgresPrograms() ?? '').then((started) => {
        postgres = started;
      }),
    ]);
    const env = Object.fromEntries(
      [...told.matchAll(/(NONGTIN_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
    );
    servers = env.NONGTIN_NATS_URL.split(',');
    const databaseUrl = await postgres.createDatabase();
    const shared = { NONGTIN_ARCHIVE: join(folder, 'archive'), NONGTIN_DATABASE_URL: databaseUrl };
    cloud = await startCloud(databaseUrl, { ...env, ...shared, NONGTIN_CLOUD_INGEST: 'off' });
    // What a worker's machine is given, and nothing else.
    for (const keys of [workerKeys, strangersKeys, join(folder, 'gateway')]) mkdirSync(keys);
    for (const name of ['worker.creds', 'ca.pem'])
      copyFileSync(join(folder, 'nats', 'keys', name), join(workerKeys, name));
    own = readFileSync(join(workerKeys, 'ca.pem'), 'utf8');
    copyFileSync(join(workerKeys, 'worker.creds'), join(strangersKeys, 'worker.creds'));
    const clock = { nowMs: Date.now };
    const other = openAuthority({ folder: join(folder, 'foreign'), clock });
    foreign = (await other.serverCredentials([HOST])).ca;
    await startWorker({ ...env, ...shared, NONGTIN_NATS_KEYS: workerKeys });
  }, 120_000);

  afterAll(async () => {
    await cloud?.remove();
    for (const child of children.reverse()) await kill(child);
    await postgres?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function startServer(host: string, config: string): Promise<void> {
    const log = `${config}.log`;
    const server = spawn(natsProgram ?? 'nats-server', ['-c', config, '-l', log], { stdio: 'ignore' });
    children.push(server);
    for (const port of [4222, 1884, 6222]) await answers(port, server, log, host);
  }

  async function startWorker(env: Record<string, string>): Promise<void> {
    const worker = spawn(process.execPath, [file('../../ingest-main.ts')], {
      env: {
        ...{ PATH: process.env.PATH, NONGTIN_LOG: 'json', NONGTIN_DATA_DIR: folder },
        ...{ ...env, NONGTIN_INGEST_PORT: 'off' },
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(worker);
    for await (const part of worker.stdout as AsyncIterable<Buffer>)
      if (part.toString().includes('"msg":"ready"')) return;
    throw new Error('the worker ended');
  }

  function startGateway(url: string, password: string, caFile?: string): ChildProcess {
    const args = [join(folder, 'gateway'), url, 'gw-tls', password, ...(caFile ? [caFile] : [])];
    const gateway = fork(file('../../../edge/uplink/testing/gateway-process.ts'), args, { silent: true });
    children.push(gateway);
    return gateway;
  }

  const worker = (keys: string, urls = servers) =>
    connectNats({ servers: urls, keys }, 'worker', { timeout: 5_000 });

  it('keeps its stream on three servers, which show each other certificates', async () => {
    const connection = await worker(workerKeys);
    const { streams } = await jetstreamManager(connection);
    const others = async () => (await streams.info(STREAM)).cluster?.replicas?.filter((one) => one.current);
    await expect.poll(others, { timeout: 20_000 }).toHaveLength(2);
    await connection.close();
    // With the password alone nobody becomes one of them.
    const socket = connectTls({ host: HOST, port: 6222, rejectUnauthorized: false });
    await expect(text(socket)).rejects.toThrow(/certificate required|bad certificate/i);
  });

  it('takes the entries of a gateway that was told where the servers are and whom to trust', async () => {
    const order = { gatewayId: 'gw-claimed' };
    const { body: claim } = await cloud.call('manager', 'POST', '/api/claim-codes', order);
    const { uplink } = await new Claimant(new TestGateway('gw-claimed')).enrol(cloud, claim.code);
    expect(uplink).toEqual({
      plain: null,
      tls: `mqtts://${HOST}:1884`,
      authority: expect.stringMatching(/BEGIN CERTIFICATE/),
    });
    const caFile = join(folder, 'uplink-ca.pem');
    writeFileSync(caFile, uplink.authority ?? '');
    // Once in vain, for it makes its key when it starts.
    const { publicKey } = await told(startGateway('mqtt://127.0.0.1:9', ''), () => true);
    const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId: 'gw-tls', publicKey });
    const gateway = startGateway(uplink.tls ?? '', body.uplinkPassword, caFile);
    const isTaken = ({ durableUpTo }: Told) => durableUpTo > 0;
    const { durableUpTo } = await told(gateway, isTaken);
    const heads = (await cloud.call('auditor', 'GET', '/api/uplink')).body.gateways;
    const head = heads.find((one: { gatewayId: string }) => one.gatewayId === 'gw-tls');
    expect(head.durableUpTo).toBeGreaterThanOrEqual(durableUpTo);
  });

  it.each([
    ['without TLS', 'mqtt', {}, () => '', /connect to server/],
    ['that knows no authority', 'mqtts', {}, () => '', /self-signed certificate/],
    ['that knows another authority', 'mqtts', {}, () => foreign, /self-signed certificate/],
    ['by a name that the servers have not', 'mqtts', { servername: 'localhost' }, () => own, /altnames/],
  ])('lets in no gateway %s', async (_what, scheme, name, ca, reason) => {
    const url = `${scheme}://${HOST}:1884`;
    const options = { username: 'gw-claimed', password: 'never read', reconnectPeriod: 0, ...name };
    const trust = ca() === '' ? {} : { ca: ca() };
    await expect(connectAsync(url, { ...options, ...trust }, false)).rejects.toThrow(reason);
  });

  it('lets in no worker without TLS, and none goes to servers that it has no reason to trust', async () => {
    const said = await sayInTheClear(HOST, 4222);
    expect(said).toMatch(/"tls_required":true/);
    expect(said).not.toMatch(/PONG|OK/);
    await expect(worker(strangersKeys)).rejects.toThrow(
      /is not trusted \(SELF_SIGNED_CERT_IN_CHAIN\): put ca\.pem/,
    );
    writeFileSync(join(strangersKeys, 'ca.pem'), foreign);
    await expect(worker(strangersKeys)).rejects.toThrow(/is not trusted \(SELF_SIGNED_CERT_IN_CHAIN\)/);
    writeFileSync(join(strangersKeys, 'ca.pem'), 'no certificate');
    await expect(worker(strangersKeys)).rejects.toThrow(/ca\.pem holds no certificate/);
    const plain = await startNats();
    try {
      await expect(worker(workerKeys, plain.url.split(','))).rejects.toThrow(/speaks no TLS/);
      rmSync(join(strangersKeys, 'ca.pem'));
      const asTls = plain.url.replace('nats:', 'tls:').split(',');
      await expect(worker(strangersKeys, asTls)).rejects.toThrow(/speaks no TLS/);
    } finally {
      await plain.remove();
    }
  });
});

interface Told {
  readonly publicKey: string;
  readonly durableUpTo: number;
}

/** What a gateway's process tells of itself, as soon as it is this. */
async function told(gateway: ChildProcess, isThis: (told: Told) => boolean): Promise<Told> {
  try {
    for (;;) {
      const [one] = (await once(gateway, 'message')) as [Told];
      if (isThis(one)) return one;
    }
  } finally {
    await kill(gateway);
  }
}

/** What a server answers to who speaks without TLS, until it hangs up. */
async function sayInTheClear(host: string, port: number): Promise<string> {
  const socket = connectPlain(port, host);
  socket.write('CONNECT {"verbose":false}\r\nPING\r\n');
  return text(socket);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
