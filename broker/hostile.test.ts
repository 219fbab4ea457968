import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { generate, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { closed, frame, openFarm, RecordingHook, until } from './testing/farm.ts';

const run = promisify(execFile);
const READINGS = 'nongtin/v1/valve-1/readings';
const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Sends the bytes and waits for the broker to close; it may close before all is sent. */
async function sendUntilClosed(socket: Socket, bytes: Uint8Array): Promise<void> {
  const end = once(socket, 'close');
  socket.resume();
  socket.write(bytes);
  await end;
}

describe('a large packet', () => {
  it('of 1 MiB reaches the hook whole', async () => {
    const hook = new RecordingHook();
    const { client } = await openFarm(hook);
    const rubbish = randomBytes(MIB);
    const valve = await client('valve-1');
    await valve.publishAsync(READINGS, rubbish, { qos: 1 });
    expect(sha256(hook.messages[0]?.payload ?? new Uint8Array())).toBe(sha256(rubbish));
  });

  it('of 5 MiB ends its connection, and nobody else notices', async () => {
    const hook = new RecordingHook();
    const { broker, client } = await openFarm(hook);
    const [attacker, other] = [await client('valve-1'), await client('valve-2')];
    const end = closed(attacker);
    attacker.publish(READINGS, Buffer.alloc(5 * MIB), { qos: 1 });
    await end;
    await other.publishAsync('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
    expect(hook.messages.map(({ identity }) => identity.id)).toEqual(['valve-2']);
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({
      identity: 'valve-1',
      cause: 'packet_too_large',
    });
  });

  it('of 17 KiB is too much from one who has not said who it is', async () => {
    const { broker, socket } = await openFarm();
    await sendUntilClosed(await socket(), frame(0x10, Buffer.alloc(17 * 1024)));
    expect(broker.stats().refused.packet_too_large).toBe(1);
  });
});

describe('noise', () => {
  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: farm\r\n\r\n')],
    ['TLS', Buffer.from('160301020001000102', 'hex')],
    ['a CONNECT of another protocol', frame(0x10, Buffer.from('\0\x04AMQP\x04\0\0\0'))],
    ['a truncated CONNECT', frame(0x10, Buffer.from('\0\x04MQTT\x04'))],
    ['zeros', Buffer.alloc(1000)],
  ])('of %s is closed and counted', async (_name, bytes) => {
    const { broker, socket } = await openFarm();
    await sendUntilClosed(await socket(), bytes);
    expect(broker.stats().refused.protocol_error).toBe(1);
  });

  it('of any kind leaves the broker working', async () => {
    const { broker, client, socket } = await openFarm(new RecordingHook());
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.boolean(),
        async (bytes, asConnect) => {
          const stranger = await socket();
          stranger.resume();
          stranger.end(asConnect ? frame(0x10, bytes) : bytes);
          await once(stranger, 'close');
        },
      ),
      { numRuns: 200 },
    );
    const valve = await client('valve-1');
    await valve.publishAsync(READINGS, '{}', { qos: 1 });
    expect(broker.stats().connected).toBe(1);
  });

  it('from one who has a password leaves the broker working', async () => {
    const hook = new RecordingHook();
    const { broker, client, socket } = await openFarm(hook);
    const connect = generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: 'noisy',
      keepalive: 60,
      username: 'valve-1',
      password: Buffer.from('secret-valve-1'),
    });
    const packets: Packet[] = [
      { cmd: 'publish', topic: READINGS, payload: 'x', qos: 2, messageId: 5, dup: false, retain: true },
      { cmd: 'publish', topic: READINGS, payload: 'x', qos: 1, messageId: 5, dup: true, retain: false },
      { cmd: 'subscribe', messageId: 3, subscriptions: [{ topic: 'cmnd/valve-1/#', qos: 2 }] },
      { cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['cmnd/valve-1/#'] },
      { cmd: 'pubrel', messageId: 5 },
      { cmd: 'pubrec', messageId: 5 },
      { cmd: 'puback', messageId: 5 },
      { cmd: 'pingreq' },
      { cmd: 'disconnect' },
    ];
    const pieces = packets.map((packet) => generate(packet));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        async (some, changes) => {
          const bytes = Buffer.concat(some);
          for (const [at, value] of changes) bytes[at % bytes.length] = value;
          const noisy = await socket();
          noisy.write(connect);
          await once(noisy, 'data');
          noisy.resume();
          noisy.end(bytes);
          await once(noisy, 'close');
        },
      ),
      { numRuns: 300 },
    );
    await until(() => broker.stats().connected === 0);
    const valve = await client('valve-2');
    await valve.publishAsync('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
    expect(hook.messages.at(-1)?.identity.id).toBe('valve-2');
  });

  it('of thousands of filters stays within bounds', async () => {
    const { broker, client } = await openFarm(new RecordingHook());
    const valve = await client('valve-1');
    for (let n = 0; n < 200; n += 1) {
      await valve.subscribeAsync(`cmnd/valve-1/${n}`).catch(() => {});
    }
    expect(broker.stats().refused.subscribe_not_allowed).toBe(100);
  });
});

const hasMosquitto = existsSync('/usr/bin/mosquitto_pub');

describe.skipIf(!hasMosquitto && !process.env.CI)("with Debian's mosquitto clients", () => {
  const args = (port: number, user: string, ...rest: string[]) => [
    ...['-h', '127.0.0.1', '-p', `${port}`, '-u', user, '-P', `secret-${user}`, ...rest],
  ];

  it.each(['0', '1', '2'])('takes a publish of QoS %s', async (qos) => {
    const hook = new RecordingHook();
    const { broker } = await openFarm(hook);
    const message = '{"Time":"2025-06-01T10:00:00","DS18B20":{"Temperature":24.1}}';
    await run(
      'mosquitto_pub',
      args(broker.port, 'valve-1', '-q', qos, '-t', 'tele/valve-1/SENSOR', '-m', message),
    );
    await until(() => hook.messages.length === 1);
    expect(Buffer.from(hook.messages[0]?.payload ?? []).toString()).toBe(message);
  });

  it('tells a wrong password', async () => {
    const { broker } = await openFarm();
    const wrong = [
      '-h',
      '127.0.0.1',
      '-p',
      `${broker.port}`,
      '-u',
      'valve-1',
      '-P',
      'x',
      '-t',
      READINGS,
      '-m',
      '{}',
    ];
    await expect(run('mosquitto_pub', wrong)).rejects.toMatchObject({
      stderr: expect.stringContaining('bad user name or password'),
    });
  });

  it('gives a subscriber its command', async () => {
    const { broker } = await openFarm();
    const listening = run(
      'mosquitto_sub',
      args(broker.port, 'valve-1', '-t', 'cmnd/valve-1/#', '-C', '1', '-v'),
    );
    const timer = setInterval(() => void broker.publish('cmnd/valve-1/POWER', 'OFF', { qos: 1 }), 20);
    const { stdout } = await listening.finally(() => clearInterval(timer));
    expect(stdout.trim()).toBe('cmnd/valve-1/POWER OFF');
  });

  it('tells a subscriber that it may not listen to others', async () => {
    const { broker } = await openFarm();
    const foreign = args(broker.port, 'valve-1', '-t', 'tele/#', '-W', '5');
    expect((await run('mosquitto_sub', foreign)).stderr).toContain('denied');
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({
      cause: 'subscribe_not_allowed',
      topic: 'tele/#',
    });
  });
});
