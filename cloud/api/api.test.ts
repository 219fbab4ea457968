import { createHash, createPublicKey, verify } from 'node:crypto';
import { type Role, roles, routeTable } from '@nongtin/accounts';
import { canonicalJson, entryHash } from '@nongtin/broker/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { harvest, layout, run, TestGateway } from '../testing/gateway.ts';

const START = Date.UTC(2026, 2, 1, 9);
let cloud: TestCloud;
let gtin14 = '';

beforeAll(async () => {
  cloud = await startCloud();
  const { body } = await cloud.call('member', 'GET', '/api/products');
  gtin14 = body.products[0].gtin14;
});
afterAll(() => cloud.remove());

const key = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

describe('who may do what', () => {
  /** Valid enough to be judged by role before anything else; none of them finds what it names. */
  const orders: [path: string, body: object][] = [
    ['/api/gateways', { gatewayId: 'gw-roles', publicKey: key }],
    ['/api/lots', { harvestId: 'none', gtin14: '00000000000000' }],
    ['/api/stamp-batches', { lotNumber: 'none', count: 1 }],
  ];
  const refusedAs: [Role | undefined, number][] = [
    [undefined, 401],
    ...roles.filter((role) => role !== 'manager').map((role): [Role, number] => [role, 403]),
  ];

  it.each(refusedAs)('%s can register, close and issue nothing: %i', async (role, status) => {
    for (const [path, body] of orders) {
      const answer = await cloud.call(role, 'POST', path, body);
      expect(answer.status, path).toBe(status);
      expect(answer.body.error.kind).toBe('your_input');
    }
  });

  it('keeps to the table for everybody who reads', async () => {
    for (const path of [
      '/api/gateways',
      '/api/lots',
      '/api/harvests',
      '/api/plots',
      '/api/uplink',
    ] as const) {
      const access: readonly Role[] | string = routeTable.cloud[`GET ${path}`] ?? [];
      for (const role of roles) {
        const { status } = await cloud.call(role, 'GET', path);
        expect(status, `${role} ${path}`).toBe(access.includes(role) ? 200 : 403);
      }
      expect((await cloud.call(undefined, 'GET', path)).status).toBe(401);
    }
  });

  it('serves every route that the table lists', async () => {
    const { body } = await cloud.call(undefined, 'GET', '/api/openapi.json');
    const served = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const wanted = Object.keys(routeTable.cloud)
      .filter((route) => route.includes('/api/') && !/\/api\/(auth|openapi)/.test(route))
      .map((route) => route.replace(/:(\w+)/g, '{$1}'));
    expect(served).toEqual(expect.arrayContaining(wanted));
  });
});

describe('gateways', () => {
  it('are registered once, by one key for good', async () => {
    const order = { gatewayId: 'gw-keys', publicKey: key };
    const first = await cloud.call('manager', 'POST', '/api/gateways', order);
    expect(first.body).toMatchObject({ ...order, revoked: false, uplinkPassword: expect.any(String) });
    expect((await cloud.call('manager', 'POST', '/api/gateways', order)).status).toBe(200);
    const other = new TestGateway('gw-keys');
    const conflict = await cloud.call('manager', 'POST', '/api/gateways', {
      ...order,
      publicKey: other.publicKey,
    });
    expect(conflict).toMatchObject({ status: 409, body: { error: { code: 'other_key' } } });
  });

  it.each([
    [{ gatewayId: 'a/b', publicKey: key }],
    [{ gatewayId: 'gw', publicKey: 'zz' }],
    [{ gatewayId: 'gw', publicKey: key, uplinkPassword: 'short' }],
    [{ gatewayId: 'gw', publicKey: key, role: 'device' }],
    [{}],
  ])('are refused when the order is %j', async (order) => {
    const { status, body } = await cloud.call('manager', 'POST', '/api/gateways', order);
    expect({ status, kind: body.error.kind }).toEqual({ status: 400, kind: 'your_input' });
  });
});

describe('lots', () => {
  const gateway = new TestGateway('gw-lots');

  it('have their harvests from the gateway’s journal', async () => {
    const { id: gatewayId, publicKey } = gateway;
    const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
    const uplink = await Uplink.connect(cloud.uplinkUrl, gatewayId, body.uplinkPassword);
    gateway.record(layout);
    for (let minute = 0; minute < 30; minute++) {
      const at = START + minute * 60_000;
      gateway.readings(
        gateway.reading('soil-a1', 'soil_moisture', 0.2 + minute / 300, at),
        gateway.reading('weather', 'air_temperature', 28.4, at),
      );
    }
    gateway.record(run('run-1', 'a1', START + 600_000, 18.25));
    gateway.record(harvest('h-1', 'a', START, START + 1_800_000));
    gateway.record(harvest('h-2', 'b', START, START + 1_800_000));
    await uplink.send(...gateway.journal);
    await uplink.close();
    const harvests = async () => (await cloud.call('member', 'GET', '/api/harvests')).body.harvests.length;
    await expect.poll(harvests).toBe(2);
  });

  it('are closed once for a harvest, and say what stands behind them', async () => {
    const order = { harvestId: 'h-1', gtin14 };
    const { status, body: lot } = await cloud.call('manager', 'POST', '/api/lots', order);
    expect(status).toBe(201);
    expect(lot).toMatchObject({
      ...{ lotNumber: 'L260301-1', harvestId: 'h-1', gatewayId: 'gw-lots' },
      record: {
        ...{ kind: 'lot', gtin14, quantityKg: 1250.5, harvestedAtMs: START + 1_800_000 },
        plot: { id: 'a', name: 'Lô A', plantingAreaCode: 'VN-BTHOR-0042' },
        season: {
          ...{ gatewayId: 'gw-lots', gatewayPublicKey: gateway.publicKey, firstEntry: 2, lastEntry: 33 },
          irrigation: { runs: 1, measuredLitres: 18.25, unmeasuredRuns: 0 },
          readings: { soil_moisture: { count: 30, min: 0.2 }, air_temperature: { mean: 28.4 } },
        },
      },
    });
    const again = await cloud.call('manager', 'POST', '/api/lots', order);
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'lot_exists' }, lot } });
    expect((await cloud.call('auditor', 'GET', '/api/lots/L260301-1')).body).toEqual(lot);
  });

  it('have a digest that whoever has the record works out again', async () => {
    const { record, digest } = (await cloud.call('auditor', 'GET', '/api/lots/L260301-1')).body;
    expect(createHash('sha256').update(canonicalJson(record)).digest('hex')).toBe(digest);
  });

  it('name the entry of their harvest so that its signature can be checked', async () => {
    const { season } = (await cloud.call('auditor', 'GET', '/api/lots/L260301-1')).body.record;
    const entry = gateway.journal[season.lastEntry - 1];
    expect(entry && entryHash(entry, entry.payload)).toBe(season.lastEntryHash);
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      x: Buffer.from(season.gatewayPublicKey, 'hex').toString('base64url'),
    };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const [hash, signature] = [season.lastEntryHash, season.lastEntrySignature];
    expect(verify(null, Buffer.from(hash, 'hex'), publicKey, Buffer.from(signature, 'hex'))).toBe(true);
  });

  it('wait for an anchor from the moment they are closed', async () => {
    const { body } = await cloud.call('auditor', 'GET', '/api/anchors');
    expect(body.waitingLeaves).toBe(1);
  });

  it('are closed once when two managers close at the same moment', async () => {
    const order = { harvestId: 'h-2', gtin14, lotNumber: 'MINE-1' };
    const answers = await Promise.all([1, 2, 3].map(() => cloud.call('manager', 'POST', '/api/lots', order)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    const { body } = await cloud.call('auditor', 'GET', '/api/lots');
    expect(body.lots).toHaveLength(2);
  });

  it.each([
    [{ harvestId: 'h-9' }, 404, 'no_such_harvest'],
    [{ harvestId: 'h-1', gatewayId: 'other' }, 404, 'no_such_harvest'],
    [{ harvestId: 'h-1', lotNumber: 'a lot' }, 400, 'invalid'],
  ])('refuse %j with %i %s', async (order, status, code) => {
    const answer = await cloud.call('manager', 'POST', '/api/lots', { gtin14, ...order });
    expect({ status: answer.status, code: answer.body.error.code }).toEqual({ status, code });
  });
});

describe('everybody', () => {
  it('finds the doors at the bare address', async () => {
    const { status, body } = await cloud.call(undefined, 'GET', '/');
    expect({ status, body }).toEqual({ status: 200, body: expect.stringContaining('Nông Tín') });
  });

  it('is told what the service depends on', async () => {
    expect((await cloud.call(undefined, 'GET', '/healthz')).body).toEqual({ status: 'ok' });
    const { status, body } = await cloud.call(undefined, 'GET', '/readyz');
    expect(status).toBe(200);
    expect(body).toMatchObject({ ready: true, dependencies: { records: 'ok', entries: 'ok' } });
  });

  it('gets figures for Prometheus on the machine itself', async () => {
    const { body } = await cloud.call(undefined, 'GET', '/metrics');
    expect(body).toContain('nongtin_uplink_durable_up_to{gateway="gw-lots"} 34');
    expect(body).toContain('nongtin_anchoring_waiting_leaves 2');
  });

  it('sees what anchors cost and whether the chain answers; managers also what the next one would cost', async () => {
    const { status, body } = await cloud.call('member', 'GET', '/api/anchors');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      ...{ chain: { state: 'no_deployment' }, funds: { state: 'unknown' }, endpoints: [], waitingLeaves: 2 },
      lastDay: { anchors: 0, leaves: 0, gas: 0, costWei: '0' },
    });
    const dry = await cloud.call('manager', 'GET', '/api/anchoring/dry-run');
    expect(dry).toMatchObject({ status: 503, body: { error: { code: 'no_deployment' } } });
    expect((await cloud.call('member', 'GET', '/api/anchoring/dry-run')).status).toBe(403);
  });

  it('is told in our own shape that there is nothing', async () => {
    const { status, body } = await cloud.call(undefined, 'GET', '/nowhere');
    expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'not_found' });
  });
});
