import { rmSync } from 'node:fs';
import { jetstreamManager } from '@nats-io/jetstream';
import { createAccount, createUser } from '@nats-io/nkeys';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords, type Records } from '../../records/index.ts';
import { recordsFolder } from '../../testing/records-folder.ts';
import { uplinkDoorSuite } from '../door.suite.ts';
import type { Takers } from '../door.ts';
import { gatewayClaim } from './claims.ts';
import { readCredentials } from './keys.ts';
import { NatsDoor } from './nats-door.ts';
import { natsProgram, startNats, type TestCluster } from './server.suite.ts';
import { STREAM } from './stream.ts';

const logger = pino({ level: 'silent' });
const withServer = natsProgram !== undefined || Boolean(process.env.CI);
const dataDir = await recordsFolder('nongtin-nats-door-');
let records: Records;
let cluster: TestCluster;

/** Logins need a database that locks; the embedded engine has one connection, and so no contradiction to find. */
beforeAll(async () => {
  records = openRecords({ dataDir, logger });
  await records.start();
  if (withServer) cluster = await startNats();
});
afterAll(async () => {
  await cluster?.remove();
  await records.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function doorFor(takers: Takers | undefined): NatsDoor {
  const servers = cluster.url.split(',');
  const clock = { nowMs: Date.now };
  return new NatsDoor({ servers, keys: cluster.keysFolder, db: records.db, clock, takers, logger });
}

if (withServer)
  uplinkDoorSuite('a NATS server', {
    open: async (takers) => ({ door: doorFor(takers), url: () => cluster.mqttUrl(), remove: async () => {} }),
  });
it.skipIf(withServer)('gateways’ door: a NATS server: not installed here', ({ skip }) => skip());

describe.skipIf(!withServer)('tokens', () => {
  const nowS = () => Math.floor(Date.now() / 1000);
  const user = createUser().getPublicKey();
  const tokenFor = (gateway: string, more: object = {}, signer = cluster.keys.gateways) =>
    gatewayClaim(signer, {
      ...{ account: cluster.keys.account.getPublicKey(), gateway, user, issuedAtS: nowS() - 60 },
      ...more,
    });
  const comeIn = async (username: string, password: string) => {
    const client = await connectAsync(cluster.mqttUrl(), { username, password, reconnectPeriod: 0 }, false);
    await client.endAsync(true);
  };

  it('let a gateway in that shows one of ours, and none that is expired, foreign or bent', async () => {
    await comeIn('gw-t', tokenFor('gw-t'));
    const [head, body, signature] = tokenFor('gw-t').split('.');
    const bent = { ...JSON.parse(Buffer.from(body ?? '', 'base64url').toString()), name: 'gw-other' };
    const refused = {
      expired: tokenFor('gw-t', { expiresAtS: nowS() - 5 }),
      foreign: tokenFor('gw-t', {}, createAccount()),
      bent: `${head}.${Buffer.from(JSON.stringify(bent)).toString('base64url')}.${signature}`,
    };
    for (const [what, token] of Object.entries(refused))
      await expect(comeIn('gw-t', token), what).rejects.toThrow(/Not authorized|refused/i);
  });

  it('are good for the MQTT door only', async () => {
    const authenticator = () => ({ jwt: tokenFor('gw-t') });
    const attempt = connect({ servers: cluster.url, authenticator, maxReconnectAttempts: 0 });
    await expect(attempt).rejects.toThrow(/authorization/i);
  });

  it('let no gateway touch the stream', async () => {
    const door = doorFor(undefined);
    await door.start();
    const token = await door.logins.allow('gw-js');
    const options = { username: 'gw-js', password: token, reconnectPeriod: 0 };
    const client = await connectAsync(cluster.mqttUrl(), options, false);
    client.on('error', () => {});
    for (const topic of [`$JS/API/STREAM/DELETE/${STREAM}`, `$JS/API/STREAM/PURGE/${STREAM}`])
      await client.publishAsync(topic, '{}', { qos: 1 });
    await client.publishAsync('nongtin/v1/uplink/gw-js/entries', 'x', { qos: 1 });
    const authenticator = credsAuthenticator(readCredentials(cluster.keysFolder, 'worker'));
    const connection = await connect({ servers: cluster.url, authenticator });
    const { streams } = await jetstreamManager(connection);
    expect((await streams.info(STREAM)).state.messages).toBe(1);
    await streams.purge(STREAM);
    await connection.close();
    await client.endAsync(true);
    await door.stop();
  });
});

describe.skipIf(!withServer)('the NATS door', () => {
  it('says in one sentence that no server lets it in', async () => {
    const keys = cluster.keysFolder;
    const servers = ['nats://127.0.0.1:9'];
    const clock = { nowMs: Date.now };
    const door = new NatsDoor({ servers, keys, db: records.db, clock, takers: undefined, logger });
    await expect(door.start()).rejects.toThrow(/No nats-server at NONGTIN_NATS_URL lets us in/);
  });

  it('names the file that is missing', async () => {
    const options = { servers: cluster.url.split(','), keys: dataDir, db: records.db, logger };
    const door = new NatsDoor({ ...options, clock: { nowMs: Date.now }, takers: undefined });
    await expect(door.start()).rejects.toThrow(/worker\.creds is missing/);
  });

  it('leaves what nobody takes in the stream, for who takes it later', async () => {
    const quiet = doorFor(undefined);
    await quiet.start();
    const password = await quiet.logins.allow('gw-later');
    const options = { username: 'gw-later', password, reconnectPeriod: 0 };
    const client = await connectAsync(cluster.mqttUrl(), options, false);
    await client.publishAsync('nongtin/v1/uplink/gw-later/entries', 'kept', { qos: 1 });
    await client.endAsync(true);
    await quiet.stop();
    const taken: string[] = [];
    const take = async (gateway: string, message: Uint8Array) =>
      void taken.push(`${gateway} ${Buffer.from(message)}`);
    const door = doorFor({
      uplinkEntries: take,
      uplinkLive: take,
      gatewayOutcome: take,
      neighbourQuestion: take,
    });
    await door.start();
    await expect.poll(() => taken, { timeout: 10_000 }).toEqual(['gw-later kept']);
    await door.stop();
  });

  it.each([
    ['keeps nothing for a gateway that listens at QoS 0', 0, 0],
    ['has a consumer for one that listens at QoS 1, which brings it the same at QoS 0', 1, 1],
  ] as const)('%s', async (_what, qos, consumers) => {
    const door = doorFor(undefined);
    await door.start();
    const options = { username: 'gw-qos', password: await door.logins.allow('gw-qos'), reconnectPeriod: 0 };
    const client = await connectAsync(cluster.mqttUrl(), options, false);
    const heard = new Promise((resolve) =>
      client.on('message', (_topic, payload, packet) => resolve([payload.toString(), packet.qos])),
    );
    await client.subscribeAsync('nongtin/v1/uplink/gw-qos/answer', { qos });
    const authenticator = credsAuthenticator(readCredentials(cluster.keysFolder, 'worker'));
    const connection = await connect({ servers: cluster.url, authenticator });
    const { streams } = await jetstreamManager(connection);
    // Polled: those of clients that have just gone go a little later.
    const counted = async () => (await streams.info('$MQTT_msgs')).state.consumer_count;
    await expect.poll(counted, { timeout: 10_000 }).toBe(consumers);
    await door.send('gw-qos', 'uplinkAnswer', { durableUpTo: 1 });
    expect(await heard).toEqual(['{"durableUpTo":1}', 0]);
    await connection.close();
    await client.endAsync(true);
    await door.stop();
  });

  it('keeps a message in the stream until it is taken', async () => {
    const begun = Promise.withResolvers<void>();
    const stored = Promise.withResolvers<void>();
    const take = async () => {
      begun.resolve();
      await stored.promise;
    };
    const door = doorFor({
      uplinkEntries: take,
      uplinkLive: take,
      gatewayOutcome: take,
      neighbourQuestion: take,
    });
    await door.start();
    const options = { username: 'gw-held', password: await door.logins.allow('gw-held'), reconnectPeriod: 0 };
    const client = await connectAsync(cluster.mqttUrl(), options, false);
    await client.publishAsync('nongtin/v1/uplink/gw-held/entries', 'x', { qos: 1 });
    await begun.promise;
    const authenticator = credsAuthenticator(readCredentials(cluster.keysFolder, 'worker'));
    const connection = await connect({ servers: cluster.url, authenticator });
    const { streams } = await jetstreamManager(connection);
    const held = async () => (await streams.info(STREAM)).state.messages;
    expect(await held()).toBe(1);
    stored.resolve();
    await expect.poll(held, { timeout: 10_000 }).toBe(0);
    await connection.close();
    await client.endAsync(true);
    await door.stop();
  });
});
