import { afterEach, expect, it } from 'vitest';
import { Farm, nextMessage, rawSession, until } from './testing/farm.ts';

const COMMAND = 'nongtin/v1/valve-1/valve/command';
let farm: Farm | undefined;

afterEach(async () => {
  await farm?.close();
  farm = undefined;
});

it.each(['nongtin/v1/valve-1/valve/command', 'cmnd/valve-1/+'])(
  'a command reaches whoever has asked for it by %s, and nobody else',
  async (filter) => {
    farm = await Farm.open();
    const [valve, other] = [await farm.client('valve-1'), await farm.client('valve-2')];
    const heardByOther: string[] = [];
    other.on('message', (topic) => heardByOther.push(topic));
    await other.subscribeAsync('nongtin/v1/valve-2/valve/command', { qos: 1 });
    await valve.subscribeAsync(filter, { qos: 1 });
    const topic = filter.replace('+', 'POWER1');
    const heard = nextMessage(valve);
    await farm.broker.publish(topic, 'ĐÓNG', { atOnce: true });
    expect(await heard).toEqual({ topic, text: 'ĐÓNG' });
    // What comes behind it on the usual way shows that the other had its time.
    const after = nextMessage(other);
    await farm.broker.publish('nongtin/v1/valve-2/valve/command', 'own', { qos: 1 });
    await after;
    expect(heardByOther).toEqual(['nongtin/v1/valve-2/valve/command']);
  },
);

it('a command is not sent to one who has asked no more, and comes with the QoS that was granted', async () => {
  farm = await Farm.open();
  const valve = await farm.client('valve-1');
  const topics: string[] = [];
  valve.on('message', (_topic, payload, packet) => topics.push(`${payload} ${packet.qos}`));
  await valve.subscribeAsync(COMMAND, { qos: 0 });
  await farm.broker.publish(COMMAND, 'first', { atOnce: true });
  await until(() => topics.length === 1);
  await valve.unsubscribeAsync(COMMAND);
  await farm.broker.publish(COMMAND, 'second', { atOnce: true });
  await valve.subscribeAsync(COMMAND, { qos: 1 });
  await farm.broker.publish(COMMAND, 'third', { atOnce: true });
  await until(() => topics.length === 2);
  expect(topics).toEqual(['first 0', 'third 1']);
});

it('a command that is never acknowledged is not repeated, and one that is does not disturb the session', async () => {
  farm = await Farm.open();
  const { socket, received, has } = await rawSession(farm);
  // SUBSCRIBE, packet id 1, QoS 1.
  const filter = Buffer.from(COMMAND);
  socket.write(
    Buffer.concat([Buffer.from([0x82, filter.length + 5, 0, 1, 0, filter.length]), filter, Buffer.from([1])]),
  );
  await has('9003000101');
  await farm.broker.publish(COMMAND, 'close', { atOnce: true });
  await has(Buffer.from('close').toString('hex'));
  const before = received();
  // PUBACK of an id that aedes never gave out, then PINGREQ.
  socket.write(Buffer.from([0x40, 2, 0x80, 1, 0xc0, 0]));
  await until(() => received().length > before.length);
  expect(received().slice(before.length)).toBe('d000');
});
