import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort } from '@nongtin/service';
import { generate } from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DurabilityHook, InboundMessage } from '../inbox.ts';
import { ManualHook, RecordingHook, until } from '../testing/farm.ts';
import { FarmOfMosquitto } from '../testing/farm-of-mosquitto.ts';
import { isMosquittoHere } from '../testing/mosquitto.ts';
import { makeAuthority, NAMES, type TestAuthority } from '../tls/fixture.suite.ts';
import { topics } from '../wire/index.ts';
import type { Reach } from './reach.ts';

const MARKER = topics.marker.pattern;
const READINGS = 'nongtin/v1/valve-1/readings';
const text = ({ payload }: { payload: Uint8Array }) => Buffer.from(payload).toString();

let farm: FarmOfMosquitto | undefined;
afterEach(async () => {
  await farm?.close();
  farm = undefined;
});

describe.skipIf(!isMosquittoHere)('with a real Mosquitto elsewhere (left out where there is none)', () => {
  const opened = async (hook: DurabilityHook, more = {}) => {
    farm = await FarmOfMosquitto.open(hook, more);
    return farm;
  };

  it('starts while it is away, says so, and connects when it is there', async () => {
    farm = await FarmOfMosquitto.prepare();
    const told: Reach[] = [];
    const hook = new RecordingHook();
    const broker = farm.build(hook, { onReach: (reach) => told.push(reach) });
    await broker.start();
    await until(() => told.length > 0);
    expect(told[0]).toMatchObject({ connected: false, problem: 'unreachable' });
    await expect(broker.publish('cmnd/valve-1/POWER', 'ON', { atOnce: true })).rejects.toThrow(
      /no connection/,
    );
    await farm.mosquitto.start();
    await until(() => broker.reach().connected);
    expect(broker.reach()).toMatchObject({ problem: null, url: `mqtt://127.0.0.1:${farm.mosquitto.port}` });
    await (await farm.client('valve-1')).publishAsync(READINGS, 'heard', { qos: 1 });
    await until(() => hook.messages.length > 0);
  });

  it('comes back after it was killed, with what it had saved for us', async () => {
    const hook = new ManualHook();
    const { mosquitto, broker, client } = await opened(hook);
    const valve = await client('valve-1');
    for (let index = 0; index < 50; index += 1) valve.publish(READINGS, `${index}`, { qos: 1 });
    await hook.called(50);
    // Nothing is durable with us yet, so all of it is still with the broker, which keeps it as well as it can.
    await mosquitto.save();
    await mosquitto.end('SIGKILL');
    await until(() => !broker.reach().connected);
    await mosquitto.start();
    await until(() => broker.reach().connected);
    await hook.called(100);
    expect(hook.messages.slice(50).map(text).toSorted()).toEqual(
      hook.messages.slice(0, 50).map(text).toSorted(),
    );
    for (const again of hook.messages.slice(50)) {
      const first = hook.messages.find((message) => text(message) === text(again));
      expect(again).toMatchObject({ dup: true, packetId: first?.packetId, arrival: 'waited' });
    }
    hook.commit();
  });

  it('says that the gateway itself is not let in, and comes in when it is', async () => {
    farm = await FarmOfMosquitto.prepare();
    await farm.mosquitto.start();
    const { port } = farm.mosquitto;
    const wrong = { host: '127.0.0.1', port, tls: undefined, username: 'nongtin', password: 'a guess' };
    const broker = farm.build(new RecordingHook(), { target: wrong });
    await broker.start();
    await until(() => broker.reach().problem === 'login_refused');
    expect(broker.reach()).toMatchObject({ connected: false, detail: 'CONNACK 5' });
    expect(JSON.stringify(broker.stats())).not.toContain('a guess');
    Object.assign(farm.login, { password: 'a guess' });
    farm.writeFiles();
    await farm.mosquitto.reload();
    await until(() => broker.reach().connected);
  });

  it('tells what has waited from what is said now, and neither from the last word that is kept', async () => {
    const before = new RecordingHook();
    const { client, broker, again } = await opened(before);
    const valve = await client('valve-1');
    await valve.publishAsync('nongtin/v1/valve-1/status', 'online', { qos: 1, retain: true });
    await until(() => before.messages.length > 0);
    await broker.stop();
    // What an earlier start has said to itself waits with the rest, and is no sign of the present.
    const earlier = await client('nongtin', { password: farm?.login.password ?? '' });
    for (const one of [1, 2]) await earlier.publishAsync(MARKER, `nongtin-test-1 ${one}`, { qos: 1 });
    for (const one of ['1', '2', '3']) await valve.publishAsync(READINGS, one, { qos: 1 });
    const hook = new RecordingHook();
    await again(hook);
    const told = (arrival: InboundMessage['arrival']) =>
      hook.messages.filter((message) => message.arrival === arrival).map(text);
    // One that comes while our marker is still on its way is taken for one that has waited.
    for (let count = 4; told(undefined).length === 0; count += 1) {
      await valve.publishAsync(READINGS, 'now', { qos: 1 });
      await until(() => hook.messages.length > count);
    }
    await valve.publishAsync('nongtin/v1/valve-1/status', 'offline', { qos: 1, retain: true });
    await until(() => told(undefined).includes('offline'));
    expect(told('waited').slice(0, 3)).toEqual(['1', '2', '3']);
    expect(told('kept')).toEqual(['online']);
    expect(told(undefined)).toEqual(['now', 'offline']);
  });

  it('lets far more than stock Mosquitto’s 20 be on their way, and answers them with few writes', async () => {
    const hook = new ManualHook();
    const { mosquitto, client, broker } = await opened(hook);
    const valve = await client('valve-1');
    for (let index = 0; index < 500; index += 1) valve.publish(READINGS, `${index}`, { qos: 1 });
    await hook.called(500);
    expect(
      mosquitto.said.filter((line) => /Received PUBACK from nongtin-test-1/.test(line)).length,
    ).toBeLessThan(5);
    hook.commit();
    await until(() => broker.stats().waitingForHook === 0);
    await until(
      () => mosquitto.said.filter((line) => /Received PUBACK from nongtin-test-1/.test(line)).length >= 500,
    );
  });

  it('passes over a message that is too large, and goes on', async () => {
    const hook = new RecordingHook();
    const { client, broker } = await opened(hook, { packetBytes: 1_000 });
    const valve = await client('valve-1');
    await valve.publishAsync(READINGS, 'x'.repeat(300_000), { qos: 1 });
    await valve.publishAsync(READINGS, 'y'.repeat(2_000), { qos: 2 });
    await valve.publishAsync(READINGS, 'small', { qos: 1 });
    await until(() => hook.messages.length > 0);
    expect(hook.messages.map(text)).toEqual(['small']);
    expect(broker.stats().refused.packet_too_large).toBe(2);
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({ topic: READINGS });
  });

  it('never stops for a message that is refused again and again', async () => {
    let refused = 0;
    const taken: string[] = [];
    const hook: DurabilityHook = {
      receive: async (message) => {
        if (text(message) !== 'poison') return taken.push(text(message));
        refused += 1;
        throw new Error('never');
      },
    };
    const { client } = await opened(hook);
    const valve = await client('valve-1');
    await valve.publishAsync(READINGS, 'poison', { qos: 1 });
    await until(() => refused >= 3);
    for (let index = 0; index < 100; index += 1) await valve.publishAsync(READINGS, `${index}`, { qos: 1 });
    await until(() => new Set(taken).size === 100);
    expect(new Set(taken).size).toBe(100);
  });

  it('says so when the access list keeps from it what it says to itself: all would pass for old', async () => {
    farm = await FarmOfMosquitto.prepare();
    const { mosquitto } = farm;
    const acl = join(mosquitto.folder, 'acl');
    writeFileSync(acl, readFileSync(acl, 'utf8').replace(/^topic readwrite .*marker$/m, ''));
    await mosquitto.start();
    const timing = {
      connectMs: 2_000,
      pingMs: 5_000,
      retryMs: 5,
      mostRetryMs: 20,
      refusedMs: 20,
      markerMs: 30,
    };
    const broker = farm.build(new RecordingHook(), { timing });
    await broker.start();
    await until(() => broker.reach().problem === 'filter_refused');
    expect(broker.reach().detail).toMatch(/marker/);
  });

  it('takes a QoS 2 message of a session that the broker has forgotten for no message of the one before', async () => {
    const hook = new ManualHook();
    const { mosquitto, broker, client } = await opened(hook);
    const say = async (word: string) => {
      const valve = await client('valve-1');
      for (let index = 0; index < 15; index += 1) await valve.publishAsync(READINGS, word, { qos: 2 });
    };
    await say('before');
    await hook.called(15);
    // It comes back without its store: packet ids begin anew, while ours still wait for the disk.
    await mosquitto.end('SIGKILL');
    await until(() => !broker.reach().connected);
    await mosquitto.start();
    await until(() => broker.reach().connected);
    await say('after');
    await hook.called(30);
    expect(hook.messages.slice(15).map(text)).toEqual(Array<string>(15).fill('after'));
    hook.commit();
  });

  it('tells how many are connected besides ourselves', async () => {
    farm = await FarmOfMosquitto.prepare();
    await farm.mosquitto.start('sys_interval 1');
    await farm.connect(new RecordingHook());
    const { broker } = farm;
    await farm.client('valve-1');
    await farm.client('valve-2');
    await until(() => broker.stats().connected === 2);
  });
});

describe.skipIf(!isMosquittoHere)('with a real Mosquitto over TLS (left out where there is none)', () => {
  let authority: TestAuthority;
  beforeAll(async () => {
    authority = await makeAuthority();
  });
  afterAll(() => authority.remove());

  it('trusts whom it is told to trust, and nobody else', async () => {
    farm = await FarmOfMosquitto.prepare();
    const { mosquitto, login } = farm;
    const { key, cert, ca } = await authority.open().serverCredentials(NAMES);
    writeFileSync(join(mosquitto.folder, 'server.key'), key);
    writeFileSync(join(mosquitto.folder, 'server.cert'), cert);
    const port = await freePort();
    const files = ['cert', 'key'].map((kind) => `${kind}file ${join(mosquitto.folder, `server.${kind}`)}`);
    await mosquitto.start([`listener ${port} 127.0.0.1`, ...files].join('\n'));
    const at = (tls: { ca: string | undefined }) => ({ host: '127.0.0.1', port, ...login, tls });
    const stranger = farm.build(new RecordingHook(), { target: at({ ca: undefined }) });
    await stranger.start();
    await until(() => stranger.reach().problem === 'certificate');
    await stranger.stop();
    const friend = farm.build(new RecordingHook(), { target: at({ ca }) });
    await friend.start();
    await until(() => friend.reach().connected);
    expect(friend.reach().url).toBe(`mqtts://127.0.0.1:${port}`);
  });
});

describe('with something else at its address', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** Answers whatever comes first with these bytes. */
  const answering = async (bytes: Uint8Array | undefined) => {
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      socket.once('data', () => bytes && socket.write(bytes));
    }).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    return typeof address === 'object' ? (address?.port ?? 0) : 0;
  };

  it.each([
    ['not_mqtt', 'a web server', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['not_mqtt', 'a length of five bytes', Buffer.from('ffffffffff01', 'hex')],
    [
      'not_mqtt',
      'a PUBLISH in place of CONNACK',
      generate({ cmd: 'publish', topic: 'a', payload: '', qos: 0, dup: false, retain: false }),
    ],
    [
      'login_refused',
      'bad user name or password',
      generate({ cmd: 'connack', returnCode: 4, sessionPresent: false }),
    ],
    [
      'not_mqtt',
      'a broker that knows no 3.1.1',
      generate({ cmd: 'connack', returnCode: 1, sessionPresent: false }),
    ],
    [
      'filter_refused',
      'a broker that refuses what we ask for',
      Buffer.concat([
        generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
        // For the first SUBSCRIBE of a connection.
        generate({ cmd: 'suback', messageId: 1, granted: [0x80] }),
      ]),
    ],
    ['silent', 'one that never answers', undefined],
  ] as const)('says %s of %s', async (problem, _what, bytes) => {
    const port = await answering(bytes);
    const broker = await FarmOfMosquitto.prepare().then((prepared) => {
      farm = prepared;
      return prepared.build(new RecordingHook(), {
        target: { host: '127.0.0.1', port, tls: undefined, username: 'nongtin', password: 'x' },
        timing: { connectMs: 50, pingMs: 5_000, retryMs: 5, mostRetryMs: 20, refusedMs: 20, markerMs: 5_000 },
      });
    });
    await broker.start();
    await until(() => broker.reach().problem === problem);
    expect(broker.reach().connected).toBe(false);
  });
});
