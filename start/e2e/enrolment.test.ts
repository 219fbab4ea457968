import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type SecureVersion } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type DemoSecrets, demoSecrets } from '@nongtin/accounts';
import { cooperativeRegistryAbi, demoCooperative, readDeployment } from '@nongtin/contracts/chain';
import { cooperativeIdOf, gatewayKeyId, publicKeyHash, toHex } from '@nongtin/contracts/encoding';
import { freePorts } from '@nongtin/service';
import { Contract, JsonRpcProvider } from 'ethers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Caller, signIn } from '../caller.ts';
import { waitFor } from '../wait.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const folders = { cloud: '', gateway: '' };
const children: ChildProcess[] = [];
let ports: number[] = [];
let secrets: { cloud: DemoSecrets; gateway: DemoSecrets };
let logs = '';

/** Chain, cloud and gateway as processes of their own, the gateway in a folder that knows nothing of the cloud. */
beforeAll(async () => {
  folders.cloud = mkdtempSync(join(tmpdir(), 'nongtin-enrol-cloud-'));
  folders.gateway = mkdtempSync(join(tmpdir(), 'nongtin-enrol-gateway-'));
  secrets = { cloud: demoSecrets(folders.cloud), gateway: demoSecrets(folders.gateway) };
  ports = await freePorts(7);
  const [cloud, cloudTls, uplink, uplinkTls, rpc] = ports.map(String);
  const cloudEnv = {
    NONGTIN_DATA_DIR: folders.cloud,
    NONGTIN_CLOUD_PORT: cloud,
    NONGTIN_CLOUD_TLS_PORT: cloudTls,
    NONGTIN_UPLINK_PORT: uplink,
    NONGTIN_UPLINK_TLS_PORT: uplinkTls,
    NONGTIN_RPC_PORT: rpc,
    NONGTIN_RPC_URL: `http://127.0.0.1:${rpc}`,
  };
  launch('contracts/chain/main.ts', cloudEnv);
  launch('cloud/main.ts', cloudEnv);
  launchGateway();
  await answers(() => fetch(`${cloudUrl()}/readyz`));
  await answers(() => fetch(`${gatewayUrl()}/readyz`));
}, 180_000);

afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
});

function launch(main: string, env: Record<string, string | undefined>): ChildProcess {
  const child = spawn(process.execPath, [join(repository, main)], {
    cwd: repository,
    env: {
      ...process.env,
      NONGTIN_HOST: '127.0.0.1',
      NONGTIN_LOG: 'json',
      NONGTIN_LOG_LEVEL: 'debug',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', keep);
  children.push(child);
  return child;
}

function launchGateway(): ChildProcess {
  return launch('edge/main.ts', {
    NONGTIN_DATA_DIR: folders.gateway,
    NONGTIN_GATEWAY_PORT: String(ports[5]),
    NONGTIN_MQTT_PORT: String(ports[6]),
    NONGTIN_MQTT_TLS_PORT: 'off',
    NONGTIN_MQTT_WS_PORT: 'off',
    NONGTIN_GATEWAY_TLS_PORT: 'off',
    NONGTIN_UPLINK_URL: undefined,
  });
}

function keep(chunk: Buffer): void {
  logs += chunk.toString();
}

const cloudUrl = () => `http://127.0.0.1:${ports[0]}`;
const gatewayUrl = () => `http://127.0.0.1:${ports[5]}`;

async function answers(ask: () => Promise<Response>): Promise<void> {
  const isThere = async () => ((await ask()).ok ? true : undefined);
  await waitFor(isThere, { deadlineMs: 100_000, what: 'an answer' });
}

/** As the technician types it on the gateway's machine. */
async function nongtin(...args: string[]): Promise<{ out: string; err: string }> {
  const env = { ...process.env, NONGTIN_DATA_DIR: folders.gateway };
  const command = [join(repository, 'edge/control/main.ts'), 'gateway', ...args];
  const ended = run(process.execPath, command, { env });
  const { stdout, stderr } = await ended.catch((error: { stdout: string; stderr: string }) => error);
  return { out: stdout, err: stderr };
}

interface GatewayRow {
  readonly gatewayId: string;
  readonly publicKey: string;
  readonly lastHeardMs: number | null;
  readonly chain: { readonly key: { state: string } | null; readonly revocation: { state: string } | null };
}

async function rowOf(manager: Caller, id: string): Promise<GatewayRow> {
  const { gateways } = await manager.get<{ gateways: GatewayRow[] }>('/api/gateways');
  const row = gateways.find(({ gatewayId }) => gatewayId === id);
  if (row === undefined) throw new Error(`${id} is not there`);
  return row;
}

async function durableUpTo(manager: Caller, id: string): Promise<number> {
  const { gateways } = await manager.get<{ gateways: { gatewayId: string; durableUpTo: number }[] }>(
    '/api/uplink',
  );
  return gateways.find(({ gatewayId }) => gatewayId === id)?.durableUpTo ?? 0;
}

async function keyOnChain(id: string): Promise<{ revokedFrom: bigint; publicKeyHash: string }> {
  const provider = new JsonRpcProvider(`http://127.0.0.1:${ports[4]}`, undefined, { cacheTimeout: -1 });
  const address = readDeployment(folders.cloud)?.cooperativeRegistry ?? '';
  const registry = new Contract(address, cooperativeRegistryAbi, provider);
  const cooperative = toHex(cooperativeIdOf(demoCooperative.code));
  const { revokedFrom, publicKeyHash: hash } = await registry.getFunction('keyOf')(
    cooperative,
    gatewayKeyId(id),
  );
  provider.destroy();
  return { revokedFrom, publicKeyHash: hash };
}

const patiently = { timeout: 60_000, interval: 200 };

/** Of one test: three processes on a machine that may be busy with others. */
const PATIENCE_MS = 180_000;

describe('a gateway from its claim code to its revocation', { timeout: PATIENCE_MS }, () => {
  const id = 'gw-tram-bom';
  const reason = 'Bị mất cắp ở trạm bơm';
  let manager: Caller;
  let technician: Caller;
  let claim = { code: '', link: '' };

  beforeAll(async () => {
    manager = await signIn(cloudUrl(), secrets.cloud.users.manager);
    technician = await signIn(gatewayUrl(), secrets.gateway.users.technician);
    claim = await manager.post('/api/claim-codes', { gatewayId: id, label: 'Trạm bơm số 2' });
  });

  it('gives its code to no cloud but the one that made it', async () => {
    const other = claim.link.replace(/ca=.{4}/, 'ca=0000');
    expect((await nongtin('enrol', other)).err).toMatch(/another fingerprint.*the code was not sent/s);
    const bare = `https://127.0.0.1:${ports[1]}`;
    expect((await nongtin('enrol', claim.code, '--cloud', bare)).err).toMatch(/is not trusted here/);
    expect((await nongtin('status')).out).toMatch(/^gateway {5}gw-demo$/m);
  });

  it('is enrolled by the link, without a restart, and its whole journal goes up over TLS', async () => {
    const { out, err } = await nongtin('enrol', claim.link);
    expect([out, err]).toEqual([
      expect.stringMatching(
        /^This is gw-tram-bom of HTX Thanh long Hàm Minh now\..* over TLS, by its certificate/,
      ),
      '',
    ]);
    await expect.poll(() => durableUpTo(manager, id), patiently).toBeGreaterThan(1);
    const { out: status } = await nongtin('status');
    expect(status).toMatch(/^uplink {6}connected, over TLS/m);
    const { gateway } = await technician.get<{ gateway: { id: string; publicKey: string } }>('/api/farm');
    expect(gateway).toMatchObject({ id, publicKey: (await rowOf(manager, id)).publicKey });
    expect(statSync(join(folders.gateway, 'gateway/uplink.json')).mode & 0o777).toBe(0o600);
  });

  it('has its key in the chain’s registry', async () => {
    const state = async () => (await rowOf(manager, id)).chain.key?.state;
    await expect.poll(state, patiently).toBe('final');
    const { publicKey } = await rowOf(manager, id);
    expect(await keyOnChain(id)).toEqual({ revokedFrom: 0n, publicKeyHash: publicKeyHash(publicKey) });
  });

  it('speaks to a cloud that takes no protocol of yesterday, nor a cipher without forward secrecy', async () => {
    const handshake = (port: number, more: object) =>
      new Promise<string>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...more }, () => {
          resolve(socket.getProtocol() ?? '');
          socket.destroy();
        });
        socket.once('error', ({ message }) => resolve(message));
      });
    for (const port of [ports[1] ?? 0, ports[3] ?? 0]) {
      expect(await handshake(port, {})).toBe('TLSv1.3');
      for (const version of ['TLSv1', 'TLSv1.1'] satisfies SecureVersion[]) {
        const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
        expect(await handshake(port, old)).not.toMatch(/^TLSv/);
      }
      const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:AES128-SHA' };
      expect(await handshake(port, weak)).not.toMatch(/^TLSv/);
    }
  });

  it('comes back over TLS after its process was killed', async () => {
    children.at(-1)?.kill('SIGKILL');
    const before = await durableUpTo(manager, id);
    launchGateway();
    await answers(() => fetch(`${gatewayUrl()}/readyz`));
    await expect.poll(() => durableUpTo(manager, id), patiently).toBeGreaterThan(before);
    expect((await nongtin('status')).out).toMatch(/^gateway {5}gw-tram-bom$/m);
  });

  it('is revoked with one request: its next entry is refused, and the gateway says why', async () => {
    await manager.post(`/api/gateways/${id}/revoke`, { reason });
    const held = await durableUpTo(manager, id);
    technician = await signIn(gatewayUrl(), secrets.gateway.users.technician);
    const { plots } = await technician.get<{ plots: { id: string }[] }>('/api/farm');
    await technician.post('/api/harvests', { plot: plots[0]?.id, quantityKg: 1 });
    const standing = async () => {
      const { alarms } = await technician.get<{ alarms: { reason: { key: string; figures: object } }[] }>(
        '/api/alarms',
      );
      return alarms.find((alarm) => alarm.reason.key === 'gateway_revoked')?.reason.figures;
    };
    await expect.poll(standing, patiently).toEqual({ reason });
    const { out } = await nongtin('status');
    expect(out).toContain(`revoked     ${reason}`);
    expect(await durableUpTo(manager, id)).toBe(held);
    const state = async () => (await rowOf(manager, id)).chain.revocation?.state;
    await expect.poll(state, patiently).toBe('final');
    expect((await keyOnChain(id)).revokedFrom).toBeGreaterThan(0n);
  });

  it('does not come back, by whatever code', async () => {
    const anew = await manager.post<{ link: string }>('/api/claim-codes', { gatewayId: 'gw-other' });
    expect((await nongtin('enrol', anew.link)).err).toMatch(/a key is never used twice/);
  });

  it('leaves no secret in any log', () => {
    const uplink = JSON.parse(readFileSync(join(folders.gateway, 'gateway/uplink.json'), 'utf8'));
    const pemLine = (pem: string) => pem.split('\n')[1] ?? 'none';
    const secretTexts = [
      claim.code,
      claim.code.replaceAll('-', ''),
      uplink.password,
      pemLine(uplink.tls.key),
    ];
    expect(logs).toContain('enrolled');
    for (const secret of secretTexts) expect(logs).not.toContain(secret);
  });
});
