import { type NeighbourAnswer, type PestPressureRecord, topicOf } from '@nongtin/broker/wire';
import { connectAsync, type MqttClient } from 'mqtt';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { postgresPrograms, startCluster, type TemporaryCluster } from '../records/postgres.suite.ts';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { layout, TestGateway } from '../testing/gateway.ts';

/** A server of PostgreSQL starts, on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 180_000 });
const NOW = Date.UTC(2026, 10, 20, 15);
const FLY = 'bactrocera_dorsalis';
const here = { latitude: 10.93, longitude: 108.1 };
const programs = postgresPrograms();
const until = { timeout: 20_000, interval: 20 };

let cluster: TemporaryCluster | undefined;
let databaseUrl: string | undefined;
let cloud: TestCloud;
let names = 0;
const open: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  if (programs !== undefined) {
    cluster = await startCluster(programs);
    databaseUrl = await cluster.createDatabase();
  }
  cloud = await startCloud(databaseUrl, {}, { clock: { nowMs: () => NOW } });
});
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});
afterAll(async () => {
  await cloud.remove();
  await cluster?.stop();
});

interface Member {
  readonly gateway: TestGateway;
  readonly password: string;
}

/** A gateway of the cooperative, whose journal says what its traps catch. */
async function member(...records: Partial<PestPressureRecord>[]): Promise<Member> {
  const gateway = new TestGateway(`gw-${++names}`);
  const { id: gatewayId, publicKey } = gateway;
  const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
  const one = { gateway, password: body.uplinkPassword as string };
  gateway.record(layout);
  await uplinked(one, ...records);
  return one;
}

async function uplinked({ gateway, password }: Member, ...records: Partial<PestPressureRecord>[]) {
  for (const more of records)
    gateway.record({
      ...{ kind: 'pest_pressure', atMs: NOW, date: '2026-11-19', pest: FLY, perTrapPerDay: 8 },
      ...{ traps: 2, trapDays: 14, ...here },
      ...more,
    });
  const uplink = await Uplink.connect(cloud.uplinkUrl, gateway.id, password);
  open.push(() => uplink.close());
  await uplink.send(...gateway.journal);
  const progress = async () => {
    const { body } = await cloud.call('auditor', 'GET', '/api/uplink');
    return body.gateways.find((found: { gatewayId: string }) => found.gatewayId === gateway.id).projectedUpTo;
  };
  await expect.poll(progress, until).toBe(gateway.journal.length);
}

async function comeIn({ gateway, password }: Member): Promise<MqttClient> {
  const login = { username: gateway.id, password, reconnectPeriod: 0 };
  const client = await connectAsync(cloud.uplinkUrl, login, false);
  client.on('error', () => {});
  open.push(() => client.endAsync(true));
  return client;
}

/** What the cloud answers this gateway; undefined: nothing until it has taken the question. */
async function ask(who: Member, question: object | string = here): Promise<NeighbourAnswer | undefined> {
  const client = await comeIn(who);
  const heard: NeighbourAnswer[] = [];
  client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString())));
  await client.subscribeAsync(topicOf('neighbourAnswer', who.gateway.id), { qos: 0 });
  const text = typeof question === 'string' ? question : JSON.stringify(question);
  await client.publishAsync(topicOf('neighbourQuestion', who.gateway.id), text, { qos: 1 });
  // Its own entries' answer comes behind whatever was said before.
  await client.subscribeAsync(topicOf('uplinkAnswer', who.gateway.id), { qos: 0 });
  const last = heard.length;
  await client.publishAsync(topicOf('uplinkEntries', who.gateway.id), '{}', { qos: 1 });
  await expect.poll(() => heard.length, until).toBeGreaterThan(last);
  return heard.find((one) => 'farms' in one || typeof one.refused === 'string');
}

/** Every test has the farms of those before it as neighbours; ours are told apart by the pest. */
const farmsOf = (answer: NeighbourAnswer | undefined, pest: string) =>
  answer !== undefined && 'farms' in answer
    ? answer.farms.filter(({ pests }) => pests.some((one) => one.pest === pest)).length
    : undefined;

describe('over the uplink', () => {
  it('a farm hears what others of the cooperative have uplinked, dated, and after a restart of the cloud too', async () => {
    const asking = await member();
    await member({ pest: 'a', perTrapPerDay: 4 }, { pest: 'a', date: '2026-11-20', latitude: 10.96 });
    const told = {
      ...{ farm: expect.stringMatching(/^[0-9a-f]{6}$/), distanceKm: 3, bearingDegrees: 0 },
      pests: [
        {
          pest: 'a',
          days: [
            { date: '2026-11-20', perTrapPerDay: 8 },
            { date: '2026-11-19', perTrapPerDay: 4 },
          ],
        },
      ],
    };
    expect(await ask(asking)).toMatchObject({ atMs: NOW, withinKm: 10, farms: [told], leftOut: 0 });
    await cloud.restart();
    expect(await ask(asking)).toMatchObject({ atMs: NOW, farms: [told] });
  });

  it('a revoked gateway hears nothing, and nobody hears of it any more', async () => {
    const [asking, stolen] = [await member(), await member({ pest: 'b' })];
    expect(farmsOf(await ask(asking), 'b')).toBe(1);
    const path = `/api/gateways/${stolen.gateway.id}/revoke`;
    expect((await cloud.call('manager', 'POST', path, { reason: 'bị mất' })).status).toBe(200);
    expect(farmsOf(await ask(asking), 'b')).toBe(0);
    expect(await ask(stolen)).toBeUndefined();
  });

  it('a question that is none is answered with what is wrong where', async () => {
    const asking = await member();
    expect(await ask(asking, { latitude: 'ten' })).toEqual({
      atMs: NOW,
      refused: expect.stringMatching(/^latitude must be number/),
    });
    expect(await ask(asking, 'rubbish')).toMatchObject({ refused: expect.stringMatching(/is no JSON/) });
  });

  it('rubbish in one journal is passed over and spoils nobody’s answer', async () => {
    const asking = await member();
    const odd = await member(
      { pest: 'c', perTrapPerDay: 1e300 },
      { pest: 'c', date: '2026-13-45' },
      { pest: 'c'.repeat(5_000) },
      { pest: 'c', perTrapPerDay: 3 },
    );
    expect(farmsOf(await ask(asking), 'c')).toBe(1);
    const { body } = await cloud.call('auditor', 'GET', '/api/uplink');
    const found = body.gateways.find((one: { gatewayId: string }) => one.gatewayId === odd.gateway.id);
    expect(found).toMatchObject({ unprojected: 3, durableUpTo: 5, refusals: {} });
  });

  it.each([
    ['asks in another’s name', 'neighbourQuestion', 'other'],
    ['answers another', 'neighbourAnswer', 'other'],
    ['answers itself', 'neighbourAnswer', 'self'],
  ] as const)('who %s is sent away, and nobody hears of it', async (_what, name, whose) => {
    const [forger, victim] = [await member(), await member()];
    const heard: string[] = [];
    const listener = await comeIn(victim);
    listener.on('message', (topic) => heard.push(topic));
    await listener.subscribeAsync(topicOf('neighbourAnswer', victim.gateway.id), { qos: 0 });
    const client = await comeIn(forger);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const { id } = whose === 'self' ? forger.gateway : victim.gateway;
    client.publish(
      topicOf(name, id),
      '{"atMs":1,"withinKm":10,"farms":[],"leftOut":0}',
      { qos: 1 },
      () => {},
    );
    await closed;
    expect(heard).toEqual([]);
    expect(listener.connected).toBe(true);
  });

  it('nobody may listen to what another is told', async () => {
    const [curious, victim] = [await member(), await member()];
    const client = await comeIn(curious);
    for (const topic of [
      topicOf('neighbourAnswer', victim.gateway.id),
      'nongtin/v1/uplink/+/neighbours/answer',
    ])
      await expect(client.subscribeAsync(topic, { qos: 0 })).rejects.toThrow();
  });

  it.skipIf(programs === undefined)('another cooperative sees nothing of ours, nor we of it', async () => {
    const [own, mate, stranger] = [
      await member({ pest: 'd' }),
      await member({ pest: 'd' }),
      await member({ pest: 'd' }),
    ];
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(
      "insert into cooperatives (id, chain_id, name, created_at_ms) values ('htx-khac', $1, 'HTX khác', 9e15)",
      [`0x${'ab'.repeat(32)}`],
    );
    await client.query("update gateways set cooperative_id = 'htx-khac' where gateway_id = $1", [
      stranger.gateway.id,
    ]);
    await client.end();
    expect(farmsOf(await ask(own), 'd')).toBe(1);
    expect(farmsOf(await ask(mate), 'd')).toBe(1);
    expect(await ask(stranger)).toMatchObject({ farms: [], leftOut: 0 });
    const { body } = await cloud.call('member', 'GET', '/api/pests');
    expect(body.farms.map((one: { gatewayId: string }) => one.gatewayId)).not.toContain(stranger.gateway.id);
  });
});

describe('GET /api/pests', () => {
  it('tells by farm and week what traps caught most, and where nobody looked', async () => {
    const one = await member(
      { pest: 'e', date: '2026-11-10', perTrapPerDay: 3 },
      { pest: 'e', date: '2026-11-16', perTrapPerDay: 5 },
      { pest: 'e', date: '2026-11-20', perTrapPerDay: 4 },
      { pest: 'e', date: '2026-10-01', perTrapPerDay: 99 },
    );
    const { status, body } = await cloud.call('member', 'GET', '/api/pests?weeks=3');
    expect(status).toBe(200);
    expect(body.weeks).toEqual(['2026-11-02', '2026-11-09', '2026-11-16']);
    const found = body.farms.find((farm: { gatewayId: string }) => farm.gatewayId === one.gateway.id);
    expect(found).toEqual({
      ...{ gatewayId: one.gateway.id, label: '', ...here },
      pests: [{ pest: 'e', perTrapPerDay: [null, 3, 5] }],
    });
  });

  it('is for who is signed in, and asks for a number of weeks', async () => {
    expect((await cloud.call(undefined, 'GET', '/api/pests')).status).toBe(401);
    for (const weeks of ['0', '54', 'x', '1.5']) {
      const { status, body } = await cloud.call('auditor', 'GET', `/api/pests?weeks=${weeks}`);
      expect(status).toBe(400);
      expect(JSON.stringify(body)).toContain('weeks');
    }
    expect((await cloud.call('auditor', 'GET', '/api/pests?since=2020')).status).toBe(400);
  });
});
