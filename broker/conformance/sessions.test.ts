import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Farm, until } from '../testing/farm.ts';
import { connectPacket, message, WireClient } from '../testing/wire-client.ts';

let farm: Farm;
beforeEach(async () => {
  farm = await Farm.open();
});
afterEach(() => farm.close());

/** A technician's tool whose session stays, and what else it is told to be. */
const tool = (options: Parameters<typeof WireClient.connect>[2] = {}) =>
  WireClient.connect(farm, 'an', { clean: false, ...options });
const flows = () => WireClient.connect(farm, 'flows');

/** The tool has been here once, has subscribed, and has gone. */
async function subscribedAndLeft(filter: string, qos: 0 | 1 | 2 = 2): Promise<void> {
  const first = await tool();
  await first.subscribe(filter, qos);
  await first.leave();
}

describe('a session that stays', () => {
  it('is present when its client returns, and not before', async () => {
    const first = await tool();
    expect(first.connack.sessionPresent).toBe(false);
    await first.subscribe('local/#');
    await first.break();
    expect((await tool()).connack.sessionPresent).toBe(true);
  });

  it('is present even when nothing was subscribed to', async () => {
    await (await tool()).leave();
    expect((await tool()).connack.sessionPresent).toBe(true);
  });

  it('keeps its subscriptions, and what was unsubscribed stays so', async () => {
    const first = await tool();
    await first.subscribe(['local/a', 'local/b']);
    await first.unsubscribe('local/b');
    await first.leave();
    const second = await tool();
    const speaker = await flows();
    await speaker.publish('not for it', { topic: 'local/b' });
    await speaker.publish('for it');
    await second.settled(() => second.texts.length === 2);
    expect(second.texts).toEqual(['for it']);
  });

  it('gets no retained message again on its return', async () => {
    const speaker = await flows();
    await speaker.publish('kept', { retain: true });
    const first = await tool();
    await first.subscribe('local/a');
    await until(() => first.texts.length === 1);
    await first.leave();
    const second = await tool();
    await second.settled(() => second.texts.length > 0);
    expect([first.texts, second.texts]).toEqual([['kept'], []]);
  });

  it('goes to the connection that takes it over', async () => {
    const first = await tool();
    await first.subscribe('local/a');
    const second = await tool();
    await first.ended();
    expect(second.connack.sessionPresent).toBe(true);
    await (await flows()).publish('to the newer');
    await second.next('publish');
    expect(first.texts).toEqual([]);
  });

  it('ends with a clean one of the same id, which leaves nothing behind', async () => {
    await subscribedAndLeft('local/#');
    const clean = await tool({ clean: true });
    expect(clean.connack.sessionPresent).toBe(false);
    await (await flows()).publish('said to nobody');
    await clean.settled(() => clean.texts.length > 0);
    expect(clean.texts).toEqual([]);
    await clean.subscribe('local/#');
    await clean.leave();
    expect((await tool()).connack.sessionPresent).toBe(false);
  });
});

describe('while its client is away, a session', () => {
  it('collects messages of QoS 1 and 2, and gives them once on the return', async () => {
    await subscribedAndLeft('local/#');
    const speaker = await flows();
    for (const qos of [0, 1, 2] as const) await speaker.publish(`QoS ${qos}`, { qos });
    const second = await tool();
    await second.settled(() => second.texts.length === 3);
    expect(second.connack.sessionPresent).toBe(true);
    // One of QoS 0 may be kept or dropped.
    const kept = second.messages.filter(({ qos }) => qos > 0);
    expect(kept.map(({ payload, qos, dup }) => `${payload} ${qos} ${dup}`)).toEqual([
      'QoS 1 1 false',
      'QoS 2 2 false',
    ]);
    await second.leave();
    const third = await tool();
    await third.settled(() => third.packets.length > 1);
    expect(third.packets).toEqual([third.connack]);
  });

  it('collects from the moment its connection broke', async () => {
    const first = await tool();
    await first.subscribe('local/#');
    await first.break();
    await (await flows()).publish('meanwhile');
    const second = await tool();
    await until(() => second.texts.length === 1);
    expect(second.texts).toEqual(['meanwhile']);
  });

  it('collects for a filter no better than it was granted', async () => {
    await subscribedAndLeft('local/#', 1);
    await (await flows()).publish('of QoS 2', { qos: 2 });
    const second = await tool();
    await until(() => second.messages.length === 1);
    expect(second.messages.map(({ qos }) => qos)).toEqual([1]);
  });

  it('collects nothing for a filter of QoS 0', async () => {
    await subscribedAndLeft('local/#', 0);
    await (await flows()).publish('of QoS 1');
    const second = await tool();
    await second.settled(() => second.messages.length > 0);
    expect(second.messages.filter(({ qos }) => qos > 0)).toEqual([]);
  });

  it('collects for each filter that matches, once or once for each', async () => {
    const first = await tool();
    await first.subscribe('local/#', 1);
    await first.subscribe('local/+', 2);
    await first.leave();
    await (await flows()).publish('overlapping', { qos: 2 });
    const second = await tool();
    await second.settled(() => second.messages.length > 2);
    expect(['2', '1,2', '2,1']).toContain(String(second.messages.map(({ qos }) => qos)));
  });

  it('collects nothing once a clean one has ended it', async () => {
    await subscribedAndLeft('local/#');
    const speaker = await flows();
    await speaker.publish('before');
    await (await tool({ clean: true })).leave();
    await speaker.publish('after');
    const third = await tool();
    await third.settled(() => third.texts.length > 0);
    expect(third.texts).toEqual([]);
  });

  it('collects in order, and gives that before what is said after the return', async () => {
    await subscribedAndLeft('local/#');
    const speaker = await flows();
    const numbers = Array.from({ length: 100 }, (_, n) => `${n}`);
    for (const number of numbers.slice(0, 50)) await speaker.publish(number);
    const second = await WireClient.open(farm);
    second.send(connectPacket('an', { clean: false }));
    for (const number of numbers.slice(50)) await speaker.publish(number);
    await until(() => second.texts.length === 100);
    expect(second.packets[0]?.cmd).toBe('connack');
    expect(second.texts).toEqual(numbers);
  });

  it('is not robbed on its return by what it may not hear', async () => {
    const first = await WireClient.connect(farm, 'flows', { clean: false });
    await first.subscribe('#');
    await first.leave();
    const speaker = await WireClient.connect(farm, 'an');
    for (let n = 0; n < 20; n += 1) await speaker.publish(`${n}`);
    const second = await WireClient.open(farm);
    second.send(connectPacket('flows', { clean: false }));
    for (let n = 0; n < 50; n += 1) {
      await farm.broker.publish('cmnd/valve-1/POWER', 'OFF', { qos: 1 });
      await speaker.ping();
    }
    await until(() => second.texts.length === 20);
    expect(second.texts).toHaveLength(20);
  });
});

describe('what was not acknowledged when the connection broke', () => {
  /** Says these to a tool that acknowledges nothing. */
  async function said(...texts: string[]): Promise<WireClient> {
    const first = await tool({ silent: true });
    await first.subscribe('local/#');
    const speaker = await flows();
    for (const text of texts) await speaker.publish(text, { qos: text.startsWith('2') ? 2 : 1 });
    await until(() => first.texts.length === texts.length);
    return first;
  }
  const shown = ({ messages }: WireClient) =>
    messages.map(({ payload, messageId, dup }) => ({ text: payload.toString(), messageId, dup }));

  it('is sent again with DUP, under the same packet id and in the same order', async () => {
    const first = await said('1 a', '2 b', '1 c', '2 d');
    await first.break();
    const second = await tool({ silent: true });
    await until(() => second.texts.length === 4);
    expect(shown(second)).toEqual(shown(first).map((one) => ({ ...one, dup: true })));
  });

  it('is only what was not: a PUBACK and a PUBCOMP are remembered', async () => {
    const first = await said('1 a', '1 b', '2 c');
    const [a, , c] = shown(first).map(({ messageId = 0 }) => messageId);
    first.send({ cmd: 'puback', messageId: a ?? 0 }, { cmd: 'pubrec', messageId: c ?? 0 });
    await first.next('pubrel');
    first.send({ cmd: 'pubcomp', messageId: c ?? 0 });
    await first.settled();
    await first.break();
    const second = await tool();
    await second.settled(() => second.packets.length > 2);
    expect(second.packets.slice(1)).toMatchObject([{ cmd: 'publish', payload: Buffer.from('1 b') }]);
  });

  it('is for a message that was received its PUBREL, and never the message', async () => {
    const first = await said('2 a');
    const { messageId = 0 } = await first.next('publish');
    first.send({ cmd: 'pubrec', messageId });
    await first.next('pubrel');
    await first.break();
    const second = await tool();
    await second.settled(() => second.packets.length > 1);
    expect(second.packets.slice(1)).toMatchObject([{ cmd: 'pubrel', messageId }]);
    await second.settled();
    await second.break();
    const third = await tool();
    await third.settled(() => third.packets.length > 1);
    expect(third.packets).toEqual([third.connack]);
  });

  // Each connection counts anew, from anywhere.
  it('keeps its packet id from being used for another message', async () => {
    // From where is a matter of chance.
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.5);
    onTestFinished(() => chance.mockRestore());
    const first = await said('2 a');
    await first.break();
    const second = await tool({ silent: true });
    const speaker = await flows();
    for (let n = 0; n < 20; n += 1) await speaker.publish(`2 ${n}`, { qos: 2 });
    await until(() => second.texts.length === 21);
    expect(new Set(shown(second).map(({ messageId }) => messageId)).size).toBe(21);
  });

  it('may be acknowledged on the next connection before it is sent again there', async () => {
    const first = await said(...Array.from({ length: 200 }, (_, n) => `1 ${n}`));
    await first.break();
    const second = await WireClient.open(farm, { silent: true });
    second.send(connectPacket('an', { clean: false }));
    await second.next('connack');
    const ids = first.messages.map(({ messageId = 0 }) => messageId);
    second.send(...ids.map((messageId) => ({ cmd: 'puback', messageId }) as const));
    await second.settled();
    await (await flows()).publish('1 later');
    await until(() => second.texts.includes('1 later'));
    expect(second.texts.at(-1)).toBe('1 later');
    // Nothing goes on waiting, turn by turn, for what need not be sent any more.
    await until(() => !process.getActiveResourcesInfo().includes('Immediate'));
    await second.leave();
    const third = await tool({ silent: true });
    await third.settled();
    expect(third.texts).toEqual(['1 later']);
  });

  it('is nothing to a clean session', async () => {
    const first = await said('1 a', '2 b');
    await first.break();
    const second = await tool({ clean: true });
    await second.settled(() => second.packets.length > 1);
    expect(second.packets).toEqual([second.connack]);
  });
});

describe('a QoS 2 message to the broker', () => {
  it('is handed on once when PUBREC was lost with the connection', async () => {
    const listener = await flows();
    await listener.subscribe('local/#');
    const first = await tool({ silent: true });
    first.send(message('once', { qos: 2, messageId: 7 }));
    await first.next('pubrec');
    await first.break();
    const second = await tool();
    second.send(message('once', { qos: 2, messageId: 7, dup: true }));
    await second.next('pubcomp');
    await listener.settled(() => listener.texts.length > 1);
    expect(listener.texts).toEqual(['once']);
  });

  it('is a new one after a clean session, under the same packet id', async () => {
    const listener = await flows();
    await listener.subscribe('local/#');
    for (const text of ['one', 'other']) {
      const client = await tool({ silent: true, clean: true });
      client.send(message(text, { qos: 2, messageId: 7 }));
      await client.next('pubrec');
      await client.break();
    }
    await until(() => listener.texts.length === 2);
    expect(listener.texts).toEqual(['one', 'other']);
  });
});
