import { once } from 'node:events';
import { StartProblem } from '@nongtin/service';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createBroker } from './broker.ts';
import { registerBrokerMetrics } from './metrics.ts';
import {
  closed,
  type Farm,
  frame,
  nextMessage,
  openFarm,
  RecordingHook,
  rawSession,
  text,
  until,
} from './testing/farm.ts';

const READINGS = 'nongtin/v1/valve-1/readings';
const COMMAND = 'nongtin/v1/valve-1/valve/command';

describe('who may connect', () => {
  it('refuses a wrong password with "bad user name or password" and shows it', async () => {
    const { broker, client } = await openFarm();
    await expect(client('valve-1', { password: 'guess' })).rejects.toMatchObject({ code: 4 });
    expect(broker.stats().refused.wrong_password).toBe(1);
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({
      identity: 'valve-1',
      cause: 'wrong_password',
    });
    expect(broker.stats().connected).toBe(0);
  });

  it('refuses an unknown user as it refuses a wrong password', async () => {
    const { client } = await openFarm();
    await expect(client('stranger')).rejects.toMatchObject({ code: 4 });
  });

  it.each([{}, { username: 'valve-1' }])(
    'refuses a client without user name or password: %o',
    async (given) => {
      const { broker, anonymous } = await openFarm();
      await expect(anonymous(given)).rejects.toMatchObject({ code: 5 });
      expect(broker.stats().refused.no_credentials).toBe(1);
    },
  );

  it('refuses MQTT 5 with "unacceptable protocol version"', async () => {
    const { broker, socket } = await openFarm();
    const stranger = await socket();
    stranger.write(Buffer.from('101000044d5154540502003c000003616263', 'hex'));
    expect((await read(stranger)).toString('hex')).toBe('20020001');
    expect(broker.stats().refused.protocol_version).toBe(1);
  });

  it('refuses a last will on a foreign topic', async () => {
    const { broker, client } = await openFarm();
    const will = {
      topic: 'nongtin/v1/valve-2/status',
      payload: Buffer.from('offline'),
      qos: 1,
      retain: true,
    } as const;
    await expect(client('valve-1', { will })).rejects.toMatchObject({ code: 5 });
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({ identity: 'valve-1', topic: will.topic });
  });

  it('closes what sends no CONNECT in time', async () => {
    const { broker, socket } = await openFarm(undefined, { connectTimeoutMs: 20 });
    await once(await socket(), 'close');
    expect(broker.stats().refused.connect_timeout).toBe(1);
  });

  it('takes no more connections than its limit', async () => {
    const { broker, client, socket } = await openFarm(undefined, { connections: 1 });
    await client('valve-1');
    await once(await socket(), 'close');
    expect(broker.stats().refused.too_many_connections).toBe(1);
  });

  it('takes no more connections of one identity than its limit, and one again for one that went', async () => {
    const { broker, client } = await openFarm(undefined, { connectionsOfOne: 2 });
    const [first] = await Promise.all([
      client('valve-1', { clientId: 'a' }),
      client('valve-1', { clientId: 'b' }),
    ]);
    await expect(client('valve-1', { clientId: 'c' })).rejects.toMatchObject({ code: 3 });
    expect(broker.stats().refused.too_many_connections).toBe(1);
    await client('valve-1', { clientId: 'b' });
    await client('valve-2', { clientId: 'c' });
    await first?.endAsync();
    await until(() => broker.stats().connected === 2);
    await client('valve-1', { clientId: 'c' });
  });

  it('lets nobody take over a session by using its client id', async () => {
    const { broker, client } = await openFarm();
    const victim = await client('valve-1', { clientId: 'same' });
    const other = await client('valve-2', { clientId: 'same' });
    await expect(client('stranger', { clientId: 'same' })).rejects.toThrow();
    await victim.publishAsync(READINGS, '{}', { qos: 1 });
    await other.publishAsync('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
    expect(broker.stats().connected).toBe(2);
  });

  it('closes the older of two connections of one identity with one client id', async () => {
    const { broker, client } = await openFarm();
    const older = await client('valve-1', { clientId: 'same' });
    const end = closed(older);
    await client('valve-1', { clientId: 'same' });
    await end;
    expect(broker.stats().connected).toBe(1);
  });

  it('closes the connections of an identity on demand, and no others', async () => {
    const { broker, client } = await openFarm();
    const end = closed(await client('valve-1'));
    await client('valve-2');
    broker.disconnect('valve-1');
    await end;
    await until(() => broker.stats().connected === 1);
  });
});

describe('who may speak', () => {
  it('drops the connection that publishes on a foreign topic, and the hook never sees it', async () => {
    const hook = new RecordingHook();
    const { broker, client } = await openFarm(hook);
    const valve = await client('valve-1');
    const end = closed(valve);
    valve.publish('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
    await end;
    expect(hook.messages).toEqual([]);
    expect(broker.stats().refused.publish_not_allowed).toBe(1);
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({
      identity: 'valve-1',
      cause: 'publish_not_allowed',
      topic: 'nongtin/v1/valve-2/readings',
    });
  });

  it('lets a Tasmota device ask itself for its state, and no more', async () => {
    const { broker, client } = await openFarm();
    const device = await client('valve-1');
    await device.publishAsync('cmnd/valve-1/POWER', '', { qos: 1 });
    expect(device.connected).toBe(true);
    const gone = closed(device);
    device.publish('cmnd/valve-1/POWER', 'ON', { qos: 1 });
    await gone;
    expect(broker.stats().refused.publish_not_allowed).toBe(1);
  });

  it('refuses a foreign subscription with 0x80 and keeps the connection and the allowed one', async () => {
    const { broker, client } = await openFarm();
    const valve = await client('valve-1');
    const granted = await valve
      .subscribeAsync([COMMAND, '#', '$SYS/#', 'cmnd/valve-2/#'])
      .catch(() => 'refused');
    expect(granted).toBe('refused');
    expect(broker.stats().refused.subscribe_not_allowed).toBe(3);
    const heard = nextMessage(valve);
    await broker.publish('cmnd/valve-2/POWER', 'ON');
    await broker.publish(COMMAND, 'open');
    expect((await heard).topic).toBe(COMMAND);
  });

  it('collects nothing for a refused filter of a session that stays', async () => {
    const { broker, client } = await openFarm();
    const options = { clientId: 'stays', clean: false };
    const valve = await client('valve-1', options);
    await valve
      .subscribeAsync(
        [
          { topic: COMMAND, qos: 1 },
          { topic: 'cmnd/valve-2/#', qos: 1 },
        ].reduce(toMap, {}),
      )
      .catch(() => {});
    await broker.publish('cmnd/valve-2/POWER', 'ON', { qos: 1 });
    await valve.endAsync();
    await expectOnlyNext(broker, await client('valve-1', options));
  });

  it('delivers no command that was given while the device was away', async () => {
    const { broker, client } = await openFarm();
    const options = { clientId: 'stays', clean: false };
    const valve = await client('valve-1', options);
    await valve.subscribeAsync(COMMAND, { qos: 1 });
    await valve.endAsync();
    await until(() => broker.stats().connected === 0);
    await broker.publish(COMMAND, 'old', { qos: 1 });
    await expectOnlyNext(broker, await client('valve-1', options));
  });

  it('delivers no command again that was not acknowledged before the connection broke', async () => {
    const open = await openFarm();
    const hex = (value: string) => Buffer.from(value).toString('hex');
    const first = await rawSession(open);
    first.socket.write(frame(0x82, Buffer.concat([Buffer.from([0, 1]), text(COMMAND), Buffer.from([1])])));
    await first.has('9003000101');
    await open.broker.publish(COMMAND, 'old', { qos: 1 });
    await first.has(hex('old'));
    first.socket.destroy();
    const second = await rawSession(open);
    // The session is still there, and with it the subscription.
    expect(second.received().startsWith('20020100')).toBe(true);
    await open.broker.publish(COMMAND, 'new', { qos: 1 });
    await second.has(hex('new'));
    expect(second.received()).not.toContain(hex('old'));
  });

  it('keeps of a device only whether it is there, however much it asks to be retained', async () => {
    const hook = new RecordingHook();
    const { client } = await openFarm(hook);
    const valve = await client('valve-1');
    const retain = { qos: 1, retain: true } as const;
    for (const topic of ['nongtin/v1/valve-1/status', 'tele/valve-1/LWT', 'tele/valve-1/SENSOR']) {
      await valve.publishAsync(topic, 'Online', retain);
    }
    expect(hook.messages.map((message) => message.retain)).toEqual([true, true, false]);
  });

  it('delivers what was retained', async () => {
    const { broker, client } = await openFarm();
    await broker.publish(COMMAND, 'kept', { qos: 1, retain: true });
    const valve = await client('valve-1');
    const heard = nextMessage(valve);
    await valve.subscribeAsync(COMMAND, { qos: 1 });
    expect((await heard).text).toBe('kept');
  });
});

describe('the broker itself', () => {
  it('says which port is taken and which variable chooses another', async () => {
    const { broker } = await openFarm();
    const second = createBroker({
      host: '127.0.0.1',
      port: broker.port,
      portVariable: 'NONGTIN_MQTT_PORT',
      authenticate: () => undefined,
      logger: pino({ level: 'silent' }),
    });
    const problem = await second.start().catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(StartProblem);
    expect(String(problem)).toContain(`Port ${broker.port} is already in use`);
    expect(String(problem)).toContain('NONGTIN_MQTT_PORT');
    await broker.stop();
    await second.start();
    await second.stop();
  });

  it('shows its figures to Prometheus', async () => {
    const { broker, client } = await openFarm();
    const registry = new Registry();
    registerBrokerMetrics(broker, registry);
    const valve = await client('valve-1');
    await valve.publishAsync(READINGS, '{}', { qos: 1 });
    await client('valve-2', { password: 'guess' }).catch(() => {});
    const text = await registry.metrics();
    expect(text).toContain('nongtin_broker_connected 1');
    expect(text).toContain('nongtin_broker_publish_received_total{qos="1"} 1');
    expect(text).toContain('nongtin_broker_refused_total{cause="wrong_password"} 1');
  });

  it('keeps the newest 50 refusals and counts all', async () => {
    const { broker, client } = await openFarm();
    for (let n = 0; n < 60; n += 1) await client('valve-1', { password: `guess-${n}` }).catch(() => {});
    expect(broker.stats().lastRefusals).toHaveLength(50);
    expect(broker.stats().refused.wrong_password).toBe(60);
  });
});

const toMap = (all: Record<string, { qos: 1 }>, { topic }: { topic: string }) => ({
  ...all,
  [topic]: { qos: 1 as const },
});

/** The next thing this client hears is a message published now. */
async function expectOnlyNext(
  broker: Farm['broker'],
  client: Awaited<ReturnType<Farm['client']>>,
): Promise<void> {
  const heard = nextMessage(client);
  await broker.publish(COMMAND, 'new', { qos: 1 });
  expect((await heard).text).toBe('new');
}

async function read(socket: Awaited<ReturnType<Farm['socket']>>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
