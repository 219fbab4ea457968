import { createPublicKey, verify, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import {
  type CertificateAuthority,
  createBroker,
  fingerprintOf,
  openAuthority,
  type ServerCredentials,
} from '@nongtin/broker';
import {
  claimCodeOf,
  claimLink,
  enrolmentProof,
  isPacked,
  matchTopic,
  renewalProof,
  topicOf,
} from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadOrCreateKey } from '../journal/key.ts';
import { CloudLink, type CloudLinkOptions } from './cloud-link.ts';

const logger = pino({ enabled: false });
const DAY_MS = 86_400_000;
/** Keys are made and certificates signed, on a machine that may be busy. */
const PATIENTLY = { timeout: 20_000 };
const NOW = Date.now();
const CODE = claimCodeOf(Uint8Array.from({ length: 14 }, (_, n) => n * 7));
let caFolder = '';
let authority: CertificateAuthority;
let server: ServerCredentials;

beforeAll(async () => {
  caFolder = mkdtempSync(join(tmpdir(), 'nongtin-link-ca-'));
  authority = openAuthority({ folder: caFolder, clock: { nowMs: () => NOW } });
  server = await authority.serverCredentials(['127.0.0.1']);
});
afterAll(() => rmSync(caFolder, { recursive: true, force: true }));

let folder = '';
let cloud: Awaited<ReturnType<typeof openCloud>>;
const links: CloudLink[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-link-'));
  cloud = await openCloud();
});
afterEach(async () => {
  for (const link of links.splice(0)) await link.stop();
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

function unpacked(payload: Uint8Array): string {
  return Buffer.from(isPacked(payload) ? zstdDecompressSync(payload) : payload).toString();
}

/** A cloud as a gateway sees it: HTTPS, and MQTT over TLS for certificates of its own authority. */
async function openCloud() {
  const asked: { path: string; body: Record<string, string> }[] = [];
  const entries: number[][] = [];
  const state = { revoked: '', refuse: undefined as undefined | { status: number; body: object }, days: 730 };
  const broker = createBroker({
    ...{ host: '127.0.0.1', port: 0, tls: { port: 0 }, logger },
    authenticate: () => undefined,
    authenticatePeer: ({ id }) => ({ id, role: 'gateway' }),
    hook: {
      receive: async ({ topic, payload }) => {
        const [, , , id = ''] = topic.split('/');
        // How the farm is now is no matter here.
        if (matchTopic(topic)?.name !== 'uplinkEntries') return;
        const numbers = JSON.parse(unpacked(payload)).entries.map(
          (entry: { number: number }) => entry.number,
        );
        const refused = { number: numbers[0], reason: `gateway revoked: ${state.revoked}`, kind: 'revoked' };
        if (state.revoked === '') entries.push(numbers);
        const answer = state.revoked === '' ? { durableUpTo: numbers.at(-1) } : { durableUpTo: 0, refused };
        await broker.publish(topicOf('uplinkAnswer', id), JSON.stringify(answer), { qos: 1 });
      },
    },
  });
  await broker.start();
  await broker.secure({ key: server.key, cert: server.cert, clientCa: server.ca });
  const answer = async (path: string, body: Record<string, string>) => {
    const { certificateRequest = '' } = body;
    const issued = await authority.issueClient(certificateRequest, 'gw-farm', state.days);
    const certificate = { cert: issued.cert, endsAtMs: issued.validToMs };
    if (path === '/api/enrol/renew') return { certificate };
    return {
      ...{
        gateway: 'gw-farm',
        cooperative: { id: 'htx', name: 'HTX Thử' },
        password: 'a password',
        certificate,
      },
      authority: server.ca,
      uplink: { plain: 'mqtt://127.0.0.1:9', tls: `mqtts://127.0.0.1:${broker.tlsPort}` },
    };
  };
  const https: Server = createServer({ key: server.key, cert: server.cert }, (request, response) => {
    void (async () => {
      const body = (await json(request as IncomingMessage)) as Record<string, string>;
      asked.push({ path: request.url ?? '', body });
      const { status, body: said } = state.refuse ?? {
        status: 200,
        body: await answer(request.url ?? '', body),
      };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    })();
  });
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  const url = `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
  const link = claimLink({ cloud: url, code: CODE, fingerprint: fingerprintOf(server.ca) });
  return {
    ...{ asked, entries, state, url, link },
    close: async () => {
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
      await broker.stop();
    },
  };
}

const entry = (number: number) => ({
  ...{ number, previousHash: 'a'.repeat(64), bootId: 'b'.repeat(32), monotonicMs: 1, count: 0 },
  ...{ firstAtMs: 0, lastAtMs: 0, payload: '{}', signature: 'c'.repeat(128) },
});

/** A gateway's link, with three entries in its journal. */
async function open(more: Partial<CloudLinkOptions> = {}) {
  const alarms: string[] = [];
  const names: string[] = [];
  const link: CloudLink = new CloudLink({
    ...{ folder, keyPath: join(folder, 'key.pem'), demo: undefined, uplinkUrl: undefined, logger },
    journal: {
      read: async (after, limit) => [1, 2, 3].slice(after, after + limit).map(entry),
      lastNumber: () => 3,
      cursor: async () => 0,
      moveCursor: async () => {},
      onCommit: () => () => true,
    },
    timeFrom: () => () => {},
    onEnrolled: async () => names.push(link.gateway ?? ''),
    clock: { nowMs: () => NOW, monotonicMs: () => performance.now() },
    ...more,
  });
  await link.start();
  links.push(link);
  link.watch({
    raise: (_source, severity, { key, figures }) =>
      alarms.push(`${severity} ${key} ${JSON.stringify(figures)}`),
    clear: (_source, key) => alarms.push(`cleared ${key}`),
  });
  return { link, alarms, names };
}

const saved = () => JSON.parse(readFileSync(join(folder, 'uplink.json'), 'utf8'));

describe('enrolling a gateway', () => {
  it('proves its key, keeps what it is given for its owner alone, and sends its journal over TLS at once', async () => {
    const { link, names } = await open();
    expect(link.enrolment()).toMatchObject({ gateway: null, cloud: null, overTls: false });
    expect(await link.enrol({ claim: cloud.link })).toMatchObject({
      ...{ gateway: 'gw-farm', cooperative: 'HTX Thử', cloud: cloud.url, overTls: true, revoked: null },
    });
    const { publicKeyHex } = loadOrCreateKey(join(folder, 'key.pem'));
    const { code = '', publicKey = '', certificateRequest = '', proof = '' } = cloud.asked[0]?.body ?? {};
    expect([code, publicKey]).toEqual([CODE, publicKeyHex]);
    const spki = Buffer.concat([
      Buffer.from('302a300506032b6570032100', 'hex'),
      Buffer.from(publicKey, 'hex'),
    ]);
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
    const message = enrolmentProof(code, publicKey, certificateRequest);
    expect(verify(null, message, key, Buffer.from(proof, 'hex'))).toBe(true);
    expect(statSync(join(folder, 'uplink.json')).mode & 0o777).toBe(0o600);
    await expect.poll(() => cloud.entries, PATIENTLY).toEqual([[1, 2, 3]]);
    expect(names).toEqual(['gw-farm']);
    // Its TLS key is another than the one that signs, and stays here.
    const { tls } = saved();
    expect(new X509Certificate(tls.cert).publicKey.asymmetricKeyType).toBe('ec');
    expect(JSON.stringify(cloud.asked)).not.toContain(tls.key.split('\n')[1]);
  });

  it('takes up its uplink where it was after a restart', async () => {
    const first = await open();
    await first.link.enrol({ claim: cloud.link });
    await first.link.stop();
    const { link } = await open();
    expect(link.gateway).toBe('gw-farm');
    await expect.poll(() => link.state().connected, PATIENTLY).toBe(true);
  });

  it.each([
    ['another fingerprint', () => ({ claim: cloud.link.replace(/ca=..../, 'ca=0000') }), 'other_cloud'],
    ['no fingerprint', () => ({ claim: CODE, cloud: cloud.url }), 'not_trusted'],
    [
      'a name the certificate has not',
      () => ({ claim: cloud.link, cloud: cloud.url.replace('127.0.0.1', 'localhost') }),
      'other_name',
    ],
    ['plain http elsewhere', () => ({ claim: CODE, cloud: 'http://192.0.2.1' }), 'not_secure'],
    ['no address', () => ({ claim: CODE }), 'no_address'],
    ['a mistyped code', () => ({ claim: `${CODE.slice(0, -1)}*`, cloud: cloud.url }), 'code_mistyped'],
    ['nobody there', () => ({ claim: CODE, cloud: 'http://127.0.0.1:9' }), 'not_reached'],
  ])('with %s says nothing of the code, and changes nothing', async (_, claim, code) => {
    const { link } = await open();
    await expect(link.enrol(claim())).rejects.toMatchObject({ name: 'EnrolmentProblem', code });
    expect(cloud.asked).toEqual([]);
    expect(existsSync(join(folder, 'uplink.json'))).toBe(false);
  });

  it('hands on what the cloud refuses with, and stays what it was', async () => {
    const { link } = await open();
    const message = 'This claim code has ended.';
    cloud.state.refuse = {
      status: 410,
      body: { error: { kind: 'your_input', code: 'code_expired', message } },
    };
    await expect(link.enrol({ claim: cloud.link })).rejects.toMatchObject({ code: 'code_expired', message });
    cloud.state.refuse = { status: 502, body: {} };
    await expect(link.enrol({ claim: cloud.link })).rejects.toMatchObject({ kind: 'try_later' });
    cloud.state.refuse = { status: 200, body: { gateway: '../x' } };
    await expect(link.enrol({ claim: cloud.link })).rejects.toMatchObject({ code: 'no_cloud' });
    expect(link.gateway).toBeUndefined();
  });

  it('leaves a cloud for another only when asked to', async () => {
    writeFileSync(join(folder, 'uplink.json'), '{"gateway":"gw-old","password":"x"}');
    const { link } = await open({ uplinkUrl: 'mqtt://127.0.0.1:9' });
    await expect(link.enrol({ claim: cloud.link })).rejects.toMatchObject({ code: 'enrolled_elsewhere' });
    expect(cloud.asked).toEqual([]);
    expect(await link.enrol({ claim: cloud.link, instead: true })).toMatchObject({ gateway: 'gw-farm' });
    // Where it is already, it may ask again.
    expect(await link.enrol({ claim: cloud.link })).toMatchObject({ gateway: 'gw-farm' });
  });
});

describe('an enrolled gateway', () => {
  it('fetches another certificate before its own ends, by its signing key, and goes on with it', async () => {
    cloud.state.days = 200;
    const first = await open();
    await first.link.enrol({ claim: cloud.link });
    await first.link.stop();
    const before = saved().tls;
    cloud.state.days = 730;
    const { link } = await open();
    await expect.poll(() => saved().tls.endsAtMs, PATIENTLY).toBeGreaterThan(before.endsAtMs);
    await expect.poll(() => link.state().connected, PATIENTLY).toBe(true);
    const { path, body } = cloud.asked.at(-1) ?? {};
    expect([path, body?.gateway]).toEqual(['/api/enrol/renew', 'gw-farm']);
    expect(saved().tls.key).not.toBe(before.key);
    expect(renewalProof('gw-farm', body?.certificateRequest ?? '').length).toBeGreaterThan(64);
  });

  it('that cannot renew says so while there is still a month, and goes on', async () => {
    const first = await open();
    await first.link.enrol({ claim: cloud.link });
    await first.link.stop();
    cloud.state.refuse = { status: 503, body: {} };
    const endsAtMs: number = saved().tls.endsAtMs;
    const { link, alarms } = await open({
      clock: { nowMs: () => endsAtMs - 20 * DAY_MS, monotonicMs: () => performance.now() },
    });
    expect(alarms).toContain('high uplink_certificate_ends {"days":20}');
    await expect.poll(() => link.state().connected, PATIENTLY).toBe(true);
  });

  it('that was revoked raises an alarm with the reason, once', async () => {
    cloud.state.revoked = 'mất cắp';
    const { link, alarms } = await open();
    await link.enrol({ claim: cloud.link });
    await expect.poll(() => link.enrolment().revoked, PATIENTLY).toBe('mất cắp');
    expect(alarms.filter((one) => one.startsWith('critical'))).toEqual([
      'critical gateway_revoked {"reason":"mất cắp"}',
    ]);
  });

  it('names a file that is damaged', () => {
    writeFileSync(join(folder, 'uplink.json'), '{"gateway":"gw 1"}');
    expect(
      () =>
        new CloudLink({
          ...{ folder, keyPath: '', demo: undefined, uplinkUrl: undefined, logger },
          ...({} as Pick<CloudLinkOptions, 'journal' | 'timeFrom' | 'onEnrolled' | 'clock'>),
        }),
    ).toThrow(/uplink\.json is incomplete or not ours/);
  });
});
