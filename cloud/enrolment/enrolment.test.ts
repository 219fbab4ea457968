import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Role, roles } from '@nongtin/accounts';
import { fingerprintOf, requestCertificate } from '@nongtin/broker';
import { readClaimCode, readClaimLink, renewalProof } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Claimant } from '../testing/claimant.ts';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { layout, TestGateway } from '../testing/gateway.ts';

const HOUR_MS = 3_600_000;
let cloud: TestCloud;
let log = '';
/** How far the cloud's clock is ahead. A minute further with each test, so that none meets another's wrong tries. */
let aheadMs = 0;
let names = 0;
const uplinks: Uplink[] = [];

beforeAll(async () => {
  const keep = (line: string) => {
    log += line;
  };
  const logger = pino({ level: 'trace' }, { write: keep });
  const doors = { NONGTIN_CLOUD_TLS_PORT: '0', NONGTIN_UPLINK_TLS_PORT: '0' };
  cloud = await startCloud(undefined, doors, { logger, clock: { nowMs: () => Date.now() + aheadMs } });
  await cloud.secured();
});
afterAll(async () => {
  for (const uplink of uplinks) await uplink.close();
  await cloud.remove();
});
beforeEach(() => {
  aheadMs += 61_000;
});

async function newCode(more: object = {}) {
  const gatewayId = `gw-${++names}`;
  const { status, body } = await cloud.call('manager', 'POST', '/api/claim-codes', { gatewayId, ...more });
  expect(status).toBe(200);
  return body as { claimId: string; code: string; link: string; gatewayId: string };
}

/** A claimant for a new code, not enrolled yet. */
async function claiming() {
  const claim = await newCode();
  return { ...claim, claimant: new Claimant(new TestGateway(claim.gatewayId)) };
}

const enrol = (order: object) => cloud.call(undefined, 'POST', '/api/enrol', order);

async function refusalOf(order: object): Promise<string> {
  const { status, body } = await enrol(order);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(body.error.message).toMatch(/[.!]$/);
  return body.error.code;
}

async function viewOf(gatewayId: string) {
  const { body } = await cloud.call('auditor', 'GET', '/api/gateways');
  return body.gateways.find((one: { gatewayId: string }) => one.gatewayId === gatewayId);
}

describe('a claim code', () => {
  it('is shown once, with a link by which a gateway knows the cloud before it says anything', async () => {
    const { code, link, claimId } = await newCode({ label: 'Lô A, Hàm Minh' });
    expect(readClaimCode(code)).toBe(code);
    const read = readClaimLink(link);
    expect(read).toMatchObject({ code, cloud: `https://127.0.0.1:${cloud.ports().https}` });
    const authority = JSON.parse(readFileSync(join(cloud.dataDir, 'cloud/tls/authority.json'), 'utf8'));
    expect(read?.fingerprint).toBe(fingerprintOf(authority.cert));
    const { body } = await cloud.call('technician', 'GET', '/api/claim-codes');
    expect(JSON.stringify(body)).not.toContain(code);
    const listed = body.claims.find((one: { claimId: string }) => one.claimId === claimId);
    expect(listed).toMatchObject({ state: 'open', label: 'Lô A, Hàm Minh', usedAtMs: null });
  });

  it.each(roles.filter((role): role is Role => role !== 'manager'))('is not made by a %s', async (role) => {
    expect((await cloud.call(role, 'POST', '/api/claim-codes', { gatewayId: 'gw-x' })).status).toBe(403);
  });

  it('is not made for a name that belongs to a family of devices', async () => {
    const answer = await cloud.call('manager', 'POST', '/api/claim-codes', { gatewayId: 'zigbee2mqtt' });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'reserved_name']);
  });

  it('ends after its time, and when it is withdrawn', async () => {
    const [late, withdrawn] = [await claiming(), await claiming()];
    await cloud.call('manager', 'POST', `/api/claim-codes/${withdrawn.claimId}/withdraw`, {});
    expect(await refusalOf(await withdrawn.claimant.order(withdrawn.code))).toBe('code_withdrawn');
    aheadMs += 24 * HOUR_MS;
    expect(await refusalOf(await late.claimant.order(late.code))).toBe('code_expired');
    expect(await viewOf(late.gatewayId)).toBeUndefined();
  });

  it('that was mistyped is told from one that is not known', async () => {
    const { claimant, code } = await claiming();
    const wrong = `${code.slice(0, -1)}${code.endsWith('7') ? '8' : '7'}`;
    expect(await refusalOf(await claimant.order(wrong))).toBe('code_mistyped');
    expect(await refusalOf(await claimant.order('00000-00000-00000'))).toBe('code_unknown');
  });
});

describe('enrolling', () => {
  it('takes a code in whatever spelling, and gives name, cooperative, password, certificate and addresses', async () => {
    const { claimant, code, gatewayId } = await claiming();
    const answer = await claimant.enrol(cloud, code.toLowerCase().replaceAll('-', ' '));
    expect(answer).toMatchObject({
      gateway: gatewayId,
      cooperative: { id: 'htx-ham-minh' },
      uplink: { plain: cloud.uplinkUrl, tls: `mqtts://127.0.0.1:${cloud.ports().uplinkTls}` },
    });
    expect(answer.certificate?.endsAtMs).toBeGreaterThan(Date.now() + 600 * 24 * HOUR_MS);
    expect(await viewOf(gatewayId)).toMatchObject({
      publicKey: claimant.gateway.publicKey,
      certificateEndsAtMs: answer.certificate?.endsAtMs,
      chain: { key: { state: 'waiting' }, revocation: null },
    });
  });

  it('answers again with the same key when the answer was lost, and refuses every other key', async () => {
    const { claimant, code, gatewayId } = await claiming();
    const first = await claimant.enrol(cloud, code);
    const second = await claimant.enrol(cloud, code);
    expect(second).toMatchObject({ gateway: gatewayId, cooperative: first.cooperative });
    expect(second.password).not.toBe(first.password);
    await expect(Uplink.connect(cloud.uplinkUrl, gatewayId, first.password)).rejects.toThrow();
    uplinks.push(await Uplink.connect(cloud.uplinkUrl, gatewayId, second.password));
    const thief = new Claimant(new TestGateway(gatewayId));
    expect(await refusalOf(await thief.order(code))).toBe('code_used');
    expect((await viewOf(gatewayId)).publicKey).toBe(claimant.gateway.publicKey);
  });

  it('gives one of two that come at once with one code its place, and refuses the other', async () => {
    const { code, gatewayId } = await newCode();
    const both = [new Claimant(new TestGateway(gatewayId)), new Claimant(new TestGateway(gatewayId))];
    const answers = await Promise.all(both.map(async (one) => enrol(await one.order(code))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const winner = both[answers.findIndex(({ status }) => status === 200)];
    expect((await viewOf(gatewayId)).publicKey).toBe(winner?.gateway.publicKey);
  });

  it('wants a proof of the key, made for this code, this key and this request', async () => {
    const { claimant, code } = await claiming();
    const right = await claimant.order(code);
    const other = new Claimant(new TestGateway('gw-other'));
    const foreign = [
      { ...right, publicKey: other.gateway.publicKey },
      { ...right, certificateRequest: await other.requestCertificate() },
      { ...right, proof: (await claimant.order((await newCode()).code)).proof },
      { ...right, proof: '0'.repeat(128) },
    ];
    for (const order of foreign) expect(await refusalOf(order)).toBe('bad_proof');
    expect(await refusalOf({ ...right, publicKey: `02${'00'.repeat(31)}` })).toMatch(/not_a_key|bad_proof/);
    expect(await refusalOf(await claimant.order(code, { certificateRequest: 'no request' }))).toBe(
      'bad_request',
    );
    // None of them has used the code up.
    expect((await enrol(right)).status).toBe(200);
  });

  it('refuses a key that another gateway has, and a place that has another key', async () => {
    const first = await claiming();
    await first.claimant.enrol(cloud, first.code);
    const second = await newCode();
    expect(await refusalOf(await first.claimant.order(second.code))).toBe('key_known');
    const { body } = await cloud.call('manager', 'POST', '/api/claim-codes', { gatewayId: first.gatewayId });
    const thief = new Claimant(new TestGateway(first.gatewayId));
    expect(await refusalOf(await thief.order(body.code))).toBe('other_key');
    // The same gateway, which lost what it was given, gets it anew.
    expect((await first.claimant.enrol(cloud, body.code)).gateway).toBe(first.gatewayId);
  });

  it('lets nobody guess: ten wrong tries a minute, and then also the right one waits', async () => {
    const { claimant, code } = await claiming();
    const wrong = await claimant.order('00000-00000-00000');
    for (let n = 0; n < 10; n++) expect(await refusalOf(wrong)).toBe('code_unknown');
    const waiting = await enrol(await claimant.order(code));
    expect([waiting.status, waiting.body.error.kind]).toEqual([429, 'try_later']);
    aheadMs += 61_000;
    expect((await enrol(await claimant.order(code))).status).toBe(200);
  });

  it('keeps codes, passwords and keys out of its log and its records', async () => {
    const { claimant, code } = await claiming();
    const { password, certificate } = await claimant.enrol(cloud, code);
    await refusalOf(await claimant.order('00000-00000-00000'));
    const bare = code.replaceAll('-', '');
    for (const secret of [code, bare, password, certificate?.cert.slice(40, 80) ?? 'none'])
      expect(log).not.toContain(secret);
    expect(log).toContain('a gateway was enrolled');
  });
});

describe('the uplink over TLS', () => {
  /** Enrolled, with what it needs to come in by its certificate. */
  async function enrolled() {
    const { claimant, code } = await claiming();
    const { certificate, authority, uplink } = await claimant.enrol(cloud, code);
    const tls = { key: claimant.tlsKey, cert: certificate?.cert ?? '', ca: authority ?? '' };
    const connect = async (id = claimant.gateway.id, more = {}) => {
      const connected = await Uplink.connect(uplink.tls ?? '', id, '', { ...tls, ...more });
      uplinks.push(connected);
      return connected;
    };
    return { gateway: claimant.gateway, claimant, connect };
  }

  it('takes entries of a gateway that shows its certificate and gives no password', async () => {
    const { gateway, connect } = await enrolled();
    const uplink = await connect();
    expect(await uplink.send(gateway.record(layout), gateway.append(''))).toEqual({ durableUpTo: 2 });
    expect((await viewOf(gateway.id)).lastHeardMs).toBeGreaterThan(0);
  });

  it('lets nobody in under another name, nor without a certificate, nor with one of another authority', async () => {
    const [{ connect }, other] = [await enrolled(), await enrolled()];
    // CONNACK 5: not authorized (MQTT 3.1.1, table 3.1).
    await expect(connect(other.gateway.id)).rejects.toMatchObject({ code: 5 });
    const bare = { key: undefined, cert: undefined };
    await expect(connect(undefined, bare)).rejects.toMatchObject({ code: 5 });
    const { TestAuthority } = await import('./foreign.suite.ts');
    const foreign = new TestAuthority();
    const cert = await foreign.certify(await other.claimant.requestCertificate(), other.gateway.id);
    await expect(other.connect(undefined, { cert })).rejects.toMatchObject({ code: 5 });
    foreign.remove();
  });

  it('lets no certificate in whose gateway is not registered here', async () => {
    const { claimant } = await enrolled();
    const { openAuthority } = await import('@nongtin/broker');
    const authority = openAuthority({ folder: join(cloud.dataDir, 'cloud/tls'), clock: { nowMs: Date.now } });
    const { cert } = await authority.issueClient(await claimant.requestCertificate(), 'gw-nobody');
    const { ca } = await authority.serverCredentials(['127.0.0.1']);
    const url = `mqtts://127.0.0.1:${cloud.ports().uplinkTls}`;
    const nobody = Uplink.connect(url, 'gw-nobody', '', { cert, key: claimant.tlsKey, ca });
    await expect(nobody).rejects.toMatchObject({ code: 5 });
  });

  it('gives a gateway that proves its key another certificate, also when the old one has ended', async () => {
    const { gateway, claimant } = await enrolled();
    aheadMs += 3 * 365 * 24 * HOUR_MS;
    const certificateRequest = await claimant.requestCertificate();
    const proof = gateway.signBytes(renewalProof(gateway.id, certificateRequest));
    const renew = (order: object) => cloud.call(undefined, 'POST', '/api/enrol/renew', order);
    const { status, body } = await renew({ gateway: gateway.id, certificateRequest, proof });
    expect(status).toBe(200);
    expect((await viewOf(gateway.id)).certificateEndsAtMs).toBe(body.certificate.endsAtMs);
    const { privateKey } = (await import('node:crypto')).generateKeyPairSync('ed25519');
    const thiefs = await requestCertificate(privateKey, gateway.id);
    const wrong = await renew({ gateway: gateway.id, certificateRequest: thiefs, proof });
    expect([wrong.status, wrong.body.error.code]).toEqual([404, 'not_enrolled']);
    const nobody = await renew({ gateway: 'gw-none', certificateRequest, proof });
    expect(nobody.body).toEqual(wrong.body);
    aheadMs -= 3 * 365 * 24 * HOUR_MS;
  });
});

describe('revoking', () => {
  const reason = 'Bị mất cắp ở trạm bơm';

  async function connected() {
    const { claimant, code } = await claiming();
    const { password } = await claimant.enrol(cloud, code);
    const uplink = await Uplink.connect(cloud.uplinkUrl, claimant.gateway.id, password);
    uplinks.push(uplink);
    return { claimant, code, password, uplink, gateway: claimant.gateway };
  }

  it.each(roles)('is a matter of managers and alliance officers: %s', async (role) => {
    const { status } = await cloud.call(role, 'POST', '/api/gateways/gw-none/revoke', { reason });
    expect(status).toBe(['manager', 'alliance_officer'].includes(role) ? 404 : 403);
  });

  it('ends the connection, keeps what is held, and refuses the next entry with the reason', async () => {
    const { uplink, gateway, password } = await connected();
    await uplink.send(gateway.record(layout));
    const { status, body } = await cloud.call('manager', 'POST', `/api/gateways/${gateway.id}/revoke`, {
      reason,
    });
    expect([status, body.revoked, body.revocation.reason]).toEqual([200, true, reason]);
    await uplink.ended();
    const again = await Uplink.connect(cloud.uplinkUrl, gateway.id, password);
    uplinks.push(again);
    expect(await again.send(gateway.append(''))).toEqual({
      durableUpTo: 1,
      refused: { number: 2, reason: `gateway revoked: ${reason}`, kind: 'revoked' },
    });
    expect(await viewOf(gateway.id)).toMatchObject({
      chain: { key: { state: 'waiting' }, revocation: { state: 'waiting' } },
    });
  });

  it('is for good: neither code nor key nor name comes back, and its first words stay', async () => {
    const { claimant, code, gateway } = await connected();
    const path = `/api/gateways/${gateway.id}/revoke`;
    await cloud.call('alliance_officer', 'POST', path, { reason });
    const { body } = await cloud.call('manager', 'POST', path, { reason: 'another reason' });
    expect(body.revocation.reason).toBe(reason);
    expect(await refusalOf(await claimant.order(code))).toBe('gateway_revoked');
    const anew = await newCode();
    expect(await refusalOf(await claimant.order(anew.code))).toBe('key_known');
    const sameName = await cloud.call('manager', 'POST', '/api/claim-codes', { gatewayId: gateway.id });
    expect([sameName.status, sameName.body.error.code]).toEqual([409, 'gateway_revoked']);
    const { publicKey } = gateway;
    const byHand = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId: gateway.id, publicKey });
    expect([byHand.status, byHand.body.error.code]).toEqual([409, 'revoked']);
    const certificateRequest = await claimant.requestCertificate();
    const proof = gateway.signBytes(renewalProof(gateway.id, certificateRequest));
    const renewed = await cloud.call(undefined, 'POST', '/api/enrol/renew', {
      ...{ gateway: gateway.id, certificateRequest, proof },
    });
    expect(renewed.body.error.code).toBe('gateway_revoked');
  });

  it('holds after a restart of the cloud, and counts from the time of the loss', async () => {
    const { gateway, password } = await connected();
    const fromMs = Date.now() - HOUR_MS;
    await cloud.call('manager', 'POST', `/api/gateways/${gateway.id}/revoke`, { reason, fromMs });
    await cloud.restart();
    const again = await Uplink.connect(cloud.uplinkUrl, gateway.id, password);
    uplinks.push(again);
    expect((await again.send(gateway.append(''))).refused).toMatchObject({ kind: 'revoked' });
    expect((await viewOf(gateway.id)).revocation.fromMs).toBe(fromMs);
    const later = { reason, fromMs: Date.now() + 10 * 365 * 24 * HOUR_MS };
    const { status, body } = await cloud.call('manager', 'POST', `/api/gateways/${gateway.id}/revoke`, later);
    expect([status, body.error.code]).toEqual([400, 'not_yet']);
  });
});
