import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  closed,
  connectFrame,
  frame,
  nextMessage,
  openFarm,
  RecordingHook,
  text,
  until,
} from './testing/farm.ts';

const READINGS = 'nongtin/v1/valve-1/readings';
const COMMAND = 'nongtin/v1/valve-1/valve/command';

describe('whoever listens to the farm', () => {
  it.each([0, 1, 2] as const)(
    'hears what a device says with QoS %i, and so does the journal',
    async (qos) => {
      const hook = new RecordingHook();
      const { client } = await openFarm(hook);
      const device = await client('valve-1');
      await device.publishAsync(READINGS, '{"flow":1}', { qos: 1 });
      const flows = await client('flows');
      await flows.subscribeAsync('nongtin/v1/+/readings', { qos: 2 });
      const heard = nextMessage(flows);
      await device.publishAsync(READINGS, '{"flow":2}', { qos });
      expect(await heard).toEqual({ topic: READINGS, text: '{"flow":2}' });
      await until(() => hook.messages.length === 2);
      await flows.unsubscribeAsync('nongtin/v1/+/readings');
      await device.publishAsync(READINGS, '{"flow":3}', { qos: 1 });
      expect(hook.messages.map(({ payload }) => Buffer.from(payload).toString())).toEqual([
        '{"flow":1}',
        '{"flow":2}',
        '{"flow":3}',
      ]);
    },
  );

  it('sees everything with one filter, and of that only what its role may see', async () => {
    const { broker, client } = await openFarm();
    const [technician, flows] = await Promise.all([client('an'), client('flows')]);
    const seen: string[] = [];
    technician.on('message', (topic) => seen.push(`technician ${topic}`));
    flows.on('message', (topic) => seen.push(`flows ${topic}`));
    for (const listener of [technician, flows])
      expect(await listener.subscribeAsync('#', { qos: 1 })).toMatchObject([{ qos: 1 }]);
    await broker.publish(COMMAND, '{}', { qos: 1 });
    await broker.publish('nongtin/v1/uplink/gw-1/answer', '{}', { qos: 1 });
    const device = await client('valve-1');
    await device.publishAsync('tele/valve-1/SENSOR', '{}', { qos: 1 });
    await until(() => seen.length >= 3);
    expect(seen.sort()).toEqual([
      'flows tele/valve-1/SENSOR',
      `technician ${COMMAND}`,
      'technician tele/valve-1/SENSOR',
    ]);
  });

  it('commands nothing: the attempt ends its connection', async () => {
    const { broker, client } = await openFarm();
    const flows = await client('flows');
    const end = closed(flows);
    flows.publish(COMMAND, '{"open":true}', { qos: 1 });
    await end;
    expect(broker.stats().lastRefusals.at(-1)).toMatchObject({
      ...{ identity: 'flows', topic: COMMAND, cause: 'publish_not_allowed' },
    });
  });

  it('has a space of its own, where a message may be left for later', async () => {
    const { client } = await openFarm();
    const flows = await client('flows');
    await flows.publishAsync('local/advice', 'wait for rain', { qos: 1, retain: true });
    const technician = await client('an');
    const heard = nextMessage(technician);
    await technician.subscribeAsync('local/#');
    expect(await heard).toEqual({ topic: 'local/advice', text: 'wait for rain' });
  });

  it('that reads nothing holds nobody up, and has to go when too much waits for it', async () => {
    const at = await openFarm(undefined, { unreadBytes: 200_000 });
    const stuck = await at.socket();
    stuck.write(connectFrame('flows', 'stuck'));
    await once(stuck, 'data');
    stuck.write(frame(0x82, Buffer.concat([Buffer.from([0, 1]), text('#'), Buffer.from([1])])));
    await once(stuck, 'data');
    stuck.pause();
    const technician = await at.client('an');
    const heard = { technician: 0 };
    technician.on('message', () => {
      heard.technician += 1;
    });
    await technician.subscribeAsync('#', { qos: 1 });
    const device = await at.client('valve-1');
    let sent = 0;
    while (at.broker.stats().connected === 3 && sent < 1_000) {
      await device.publishAsync('tele/valve-1/SENSOR', Buffer.alloc(50_000), { qos: 1 });
      sent += 1;
    }
    expect(at.broker.stats()).toMatchObject({ connected: 2, refused: { slow_consumer: 1 } });
    await until(() => heard.technician === sent);
  });

  it('hears the broker’s own figures, and of them nothing is hidden behind a filter for everything', async () => {
    const { broker, client } = await openFarm(undefined, { sysEveryMs: 20 });
    const technician = await client('an');
    const heard = new Map<string, string>();
    technician.on('message', (topic, payload) => heard.set(topic, payload.toString()));
    await technician.subscribeAsync(['#', '$SYS/broker/#']);
    await until(() => heard.size >= 9);
    expect(heard.get('$SYS/broker/clients/connected')).toBe('1');
    expect([...heard.keys()].every((topic) => topic.startsWith('$SYS/broker/'))).toBe(true);
    await expect((await client('valve-1')).subscribeAsync('$SYS/broker/#')).rejects.toThrow();
    const late = await client('flows');
    const kept = nextMessage(late);
    await late.subscribeAsync('$SYS/broker/version');
    expect((await kept).text).toMatch(/^nongtin /);
    await technician.unsubscribeAsync('$SYS/broker/#');
    expect(broker.stats().retained).toBeGreaterThanOrEqual(9);
  });

  it('may change what it listens to as often as it likes', async () => {
    const { client } = await openFarm();
    const flows = await client('flows');
    for (let index = 0; index < 150; index += 1) {
      expect(await flows.subscribeAsync(`tele/valve-${index}/#`)).toMatchObject([{ qos: 0 }]);
      await flows.unsubscribeAsync(`tele/valve-${index}/#`);
    }
  });
});
