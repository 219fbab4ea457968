import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { zstdCompressSync } from 'node:zlib';
import { entryHash, topicOf } from '@nongtin/broker/wire';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCloud, type TestCloud, Uplink } from '../testing/cloud.ts';
import { layout, TestGateway } from '../testing/gateway.ts';

/** Entries, and a few bytes that stand for 64 MiB of spaces behind them. */
const entries = [new TestGateway('somebody').append('')];
const bomb = zstdCompressSync(JSON.stringify({ entries }) + ' '.repeat(64 * 1024 ** 2));

let cloud: TestCloud;
let uplink: Uplink;
let names = 0;
const open: Uplink[] = [];

beforeAll(async () => {
  cloud = await startCloud();
});
afterAll(async () => {
  for (const one of open) await one.close();
  await cloud.remove();
});

/** A registered gateway with its connection. */
async function registered(): Promise<TestGateway> {
  const gateway = new TestGateway(`gw-${++names}`);
  const { id: gatewayId, publicKey } = gateway;
  const { status, body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
  expect(status).toBe(200);
  uplink = await Uplink.connect(cloud.uplinkUrl, gatewayId, body.uplinkPassword);
  open.push(uplink);
  return gateway;
}

async function progress(gatewayId: string) {
  const { body } = await cloud.call('auditor', 'GET', '/api/uplink');
  return body.gateways.find((one: { gatewayId: string }) => one.gatewayId === gatewayId);
}

it('answers with what is durable, message by message', async () => {
  const gateway = await registered();
  expect(await uplink.send(gateway.record(layout))).toEqual({ durableUpTo: 1 });
  const [two, three] = [gateway.append(''), gateway.append('')];
  expect(await uplink.send(two, three)).toEqual({ durableUpTo: 3 });
  await expect.poll(async () => (await progress(gateway.id)).projectedUpTo).toBe(3);
});

it('takes an entry once, however often it comes', async () => {
  const gateway = await registered();
  const [one, two] = [gateway.append(''), gateway.append('')];
  await uplink.send(one);
  expect(await uplink.send(one, two)).toEqual({ durableUpTo: 2 });
  expect(await uplink.send(one)).toEqual({ durableUpTo: 2 });
  expect(await progress(gateway.id)).toMatchObject({ accepted: 2, duplicates: 2, refusals: {} });
});

it('takes an entry once even when one message holds it twice', async () => {
  const gateway = await registered();
  const one = gateway.append('');
  expect(await uplink.send(one, one)).toEqual({ durableUpTo: 1 });
});

it('takes a packed message as it takes a plain one', async () => {
  const gateway = await registered();
  const entries = [gateway.append(''), gateway.append('')];
  expect(await uplink.sendRaw(zstdCompressSync(JSON.stringify({ entries })))).toEqual({ durableUpTo: 2 });
});

it('lets a gateway speak for itself only: what it says in the name of another ends its connection', async () => {
  const victim = await registered();
  const { id: gatewayId, publicKey } = new TestGateway(`gw-${++names}`);
  const { body } = await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey });
  const login = { username: gatewayId, password: body.uplinkPassword, reconnectPeriod: 0 };
  const message = JSON.stringify({ entries: [victim.append('')] });
  for (const name of ['uplinkEntries', 'uplinkLive'] as const) {
    const client = await connectAsync(cloud.uplinkUrl, login);
    client.on('error', () => {});
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.publish(topicOf(name, victim.id), message, { qos: 1 }, () => {});
    await closed;
  }
  expect(await progress(victim.id)).toMatchObject({ durableUpTo: 0, accepted: 0, waiting: null });
});

it('says which refusal stands, since when, and that it is over', async () => {
  const gateway = await registered();
  const [one, two, three] = [gateway.append(''), gateway.append(''), gateway.append('')];
  await uplink.send(one, three);
  const { refusing } = await progress(gateway.id);
  expect(refusing).toMatchObject({ number: 3, kind: 'gap', reason: 'gap: expected 2' });
  await uplink.send(three);
  // What was under way behind it is missing something too, and hides nothing.
  await uplink.send(gateway.append(''));
  expect((await progress(gateway.id)).refusing).toEqual(refusing);
  const metrics = async () => (await fetch(`${cloud.url}/metrics`)).text();
  expect(await metrics()).toContain(`nongtin_uplink_refusing{gateway="${gateway.id}",kind="gap"} 1`);
  await uplink.send(two, three);
  const after = await progress(gateway.id);
  expect(after.refusing).toBeUndefined();
  expect(after).toMatchObject({ durableUpTo: 3, lastRefusal: { kind: 'gap' }, refusals: { gap: 3 } });
  expect(await metrics()).not.toContain(`nongtin_uplink_refusing{gateway="${gateway.id}"`);
});

it('refuses a gap, names the number it waits for, and keeps what came before it', async () => {
  const gateway = await registered();
  const [one, , three] = [gateway.append(''), gateway.append(''), gateway.append('')];
  expect(await uplink.send(one, three)).toEqual({
    durableUpTo: 1,
    refused: { number: 3, kind: 'gap', reason: 'gap: expected 2' },
  });
});

it('refuses a bad signature, and the right entry still comes through afterwards', async () => {
  const gateway = await registered();
  const one = gateway.append('');
  const forged = { ...one, payload: '{"kind":"forged"}' };
  expect(await uplink.send(forged)).toEqual({
    durableUpTo: 0,
    refused: { number: 1, kind: 'signature', reason: 'bad signature' },
  });
  expect(await uplink.send(one)).toEqual({ durableUpTo: 1 });
});

it('refuses a second history, keeps it as evidence, and keeps the first', async () => {
  const gateway = await registered();
  const [one, two] = [gateway.append(''), gateway.append('')];
  await uplink.send(one, two);
  const other = gateway.sign({ ...two, bootId: 'ee'.repeat(16) });
  for (const _ of [1, 2]) {
    const { durableUpTo, refused } = await uplink.send(other);
    expect({ durableUpTo, refused }).toMatchObject({ durableUpTo: 2, refused: { number: 2 } });
    expect(refused?.reason).toMatch(/^fork: entry 2 is held with hash/);
  }
  const { forks, refusals } = await progress(gateway.id);
  expect(forks).toMatchObject([
    { number: 2, heldHash: entryHash(two, two.payload), offeredHash: entryHash(other, other.payload) },
  ]);
  expect(refusals).toEqual({ fork: 2 });
  expect(await uplink.send(gateway.append(''))).toEqual({ durableUpTo: 3 });
});

it('refuses an entry that follows another entry than the one it holds', async () => {
  const gateway = await registered();
  await uplink.send(gateway.append(''));
  const { refused } = await uplink.send(gateway.append('', { previousHash: 'ab'.repeat(32) }));
  expect(refused?.reason).toMatch(/^fork: entry 1 is held with hash/);
});

it('does not blame a gateway for what it did not sign', async () => {
  const gateway = await registered();
  const one = gateway.append('');
  await uplink.send(one);
  const { refused } = await uplink.send({ ...one, bootId: 'ee'.repeat(16) });
  expect(refused?.reason).toBe('bad signature');
  expect((await progress(gateway.id)).forks).toEqual([]);
});

it.each([
  ['no JSON', '{'],
  ['no entries', '{"entries":[]}'],
  ['a number that is none', '{"entries":[{"number":"1"}]}'],
  ['bytes that are no text', Buffer.from([0x22, 0xff, 0x22])],
  ['nothing', ''],
  ['a frame that unpacks to 64 MiB', bomb],
  ['half a frame', zstdCompressSync(JSON.stringify({ entries: [] })).subarray(0, 12)],
  ['a frame of rubbish', zstdCompressSync('{')],
])('answers %s with a refusal and goes on', async (_what, message) => {
  const gateway = await registered();
  const { durableUpTo, refused } = await uplink.sendRaw(message);
  expect({ durableUpTo, refused }).toEqual({
    durableUpTo: 0,
    refused: { number: 0, kind: 'not_entries', reason: 'the message is not UplinkEntries' },
  });
  expect(await uplink.send(gateway.append(''))).toEqual({ durableUpTo: 1 });
});

it('refuses numbers that no journal counts to', async () => {
  const gateway = await registered();
  const entry = gateway.append('');
  const { refused } = await uplink.send({ ...entry, lastAtMs: 1e300 });
  expect(refused?.reason).toBe('the message is not UplinkEntries');
});

it('keeps what it cannot read, and projects what follows', async () => {
  const gateway = await registered();
  const atMs = Date.UTC(2026, 0, 1);
  await uplink.send(
    gateway.append('{"kind":"from a later version"}'),
    gateway.append('not a reading'),
    gateway.record({
      ...layout,
      plots: [{ ...layout.plots[0], name: 'NUL \0' } as (typeof layout.plots)[0]],
    }),
    gateway.record({ ...layout, plots: [] }),
    gateway.readings(gateway.reading('soil-a1', 'soil_moisture', 0.2, atMs)),
  );
  await expect.poll(async () => (await progress(gateway.id)).projectedUpTo).toBe(5);
  expect(await progress(gateway.id)).toMatchObject({ durableUpTo: 5, unprojected: 3 });
});

it('lets the demo gateway connect from the start, and refuses its entries until a manager registers it', async () => {
  const { gateway: id, password } = cloud.secrets.uplink;
  const demo = await Uplink.connect(cloud.uplinkUrl, id, password);
  open.push(demo);
  const gateway = new TestGateway(id);
  const one = gateway.append('');
  expect(await demo.send(one)).toEqual({
    durableUpTo: 0,
    refused: { number: 1, kind: 'not_registered', reason: 'gateway not registered' },
  });
  const order = { gatewayId: id, publicKey: gateway.publicKey, uplinkPassword: password };
  expect((await cloud.call('manager', 'POST', '/api/gateways', order)).status).toBe(200);
  // It would wait a while after a refusal: its connection is ended, so that it comes anew at once.
  await demo.ended();
  const again = await Uplink.connect(cloud.uplinkUrl, id, password);
  open.push(again);
  expect(await again.send(one)).toEqual({ durableUpTo: 1 });
});

it('has what it acknowledged on the disk, and goes on from there after a restart', async () => {
  const gateway = await registered();
  await uplink.send(gateway.append(''), gateway.append(''));
  const file = new DatabaseSync(join(cloud.dataDir, 'cloud/entries.sqlite'), { readOnly: true });
  const stored = file.prepare('select count(*) as n from entries where gateway = ?').get(gateway.id);
  file.close();
  expect(stored).toEqual({ n: 2 });
  const { id: gatewayId, publicKey } = gateway;
  const uplinkPassword = 'the same password as before';
  await cloud.call('manager', 'POST', '/api/gateways', { gatewayId, publicKey, uplinkPassword });
  await cloud.restart();
  uplink = await Uplink.connect(cloud.uplinkUrl, gatewayId, uplinkPassword);
  open.push(uplink);
  expect(await uplink.send(gateway.append(''))).toEqual({ durableUpTo: 3 });
});
