import type { MqttClient } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Farm, nextMessage, until } from '../testing/farm.ts';

let farm: Farm;
beforeEach(async () => {
  farm = await Farm.open();
});
afterEach(() => farm.close());

const QOS = [0, 1, 2] as const;

/** Collects what a client hears. */
function hearing(client: MqttClient): string[] {
  const heard: string[] = [];
  client.on('message', (topic, payload, { qos, retain }) => {
    heard.push(`${topic} ${payload} ${qos}${retain ? ' kept' : ''}`);
  });
  return heard;
}

/** The same as in the other files here, as a program sees it that uses a client library. */
describe('with a client library', () => {
  it('messages of each QoS are heard', async () => {
    await (await farm.client('an', { clientId: 'same' })).endAsync();
    const tool = await farm.client('an', { clientId: 'same' });
    const heard = hearing(tool);
    await tool.subscribeAsync('local/a', { qos: 2 });
    for (const qos of QOS) await tool.publishAsync('local/a', 'said', { qos });
    await until(() => heard.length === 3);
    expect(heard).toEqual(['local/a said 0', 'local/a said 1', 'local/a said 2']);
  });

  it('retained messages are found, and are gone when cleared', async () => {
    const speaker = await farm.client('flows');
    for (const qos of QOS) await speaker.publishAsync(`local/${qos}`, 'said', { qos, retain: true });
    const first = await farm.client('an');
    const found = hearing(first);
    await first.subscribeAsync('local/+', { qos: 2 });
    await until(() => found.length === 3);
    expect(found.sort()).toEqual(['local/0 said 0 kept', 'local/1 said 1 kept', 'local/2 said 2 kept']);
    for (const qos of QOS) await speaker.publishAsync(`local/${qos}`, '', { qos, retain: true });
    const second = await farm.client('an');
    const none = hearing(second);
    await second.subscribeAsync('local/+', { qos: 2 });
    await speaker.publishAsync('local/end', 'end', { qos: 1 });
    await until(() => none.length > 0);
    expect(none).toEqual(['local/end end 1']);
  });

  it('a will is heard when its client is lost', async () => {
    const tool = await farm.client('an');
    await tool.subscribeAsync('local/will', { qos: 2 });
    const heard = nextMessage(tool);
    const will = { topic: 'local/will', payload: Buffer.from('lost'), qos: 2, retain: false } as const;
    (await farm.client('flows', { will })).stream.destroy();
    expect(await heard).toEqual({ topic: 'local/will', text: 'lost' });
  });

  it('a refused subscription is told, and the granted ones go on', async () => {
    const device = await farm.client('valve-1');
    await expect(device.subscribeAsync('local/#', { qos: 2 })).rejects.toThrow('Unspecified error');
    await device.subscribeAsync('cmnd/valve-1/#', { qos: 2 });
    const heard = nextMessage(device);
    await farm.broker.publish('cmnd/valve-1/POWER', 'OFF', { qos: 1 });
    expect((await heard).text).toBe('OFF');
  });
});
