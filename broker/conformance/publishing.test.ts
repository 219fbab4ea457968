import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Farm, text } from '../testing/farm.ts';
import { message, WireClient } from '../testing/wire-client.ts';

let farm: Farm;
beforeEach(async () => {
  farm = await Farm.open();
});
afterEach(() => farm.close());

type Options = Parameters<typeof WireClient.connect>[2];
const flows = (options?: Options) => WireClient.connect(farm, 'flows', options);
/** A technician's tool that hears this. */
async function listening(filter = 'local/#', qos: 0 | 1 | 2 = 2, options?: Options): Promise<WireClient> {
  const tool = await WireClient.connect(farm, 'an', options);
  await tool.subscribe(filter, qos);
  return tool;
}

const QOS = [0, 1, 2] as const;
const pairs = QOS.flatMap((said) => QOS.map((granted) => [said, granted] as const));

describe('a message', () => {
  it.each(pairs)(
    'of QoS %i reaches a subscription of QoS %i with the lower of the two',
    async (said, granted) => {
      const tool = await listening('local/a', granted);
      await (await flows()).publish('heard', { qos: said });
      const { payload, qos, retain, dup } = await tool.next('publish');
      expect({ text: payload.toString(), qos, retain, dup }).toEqual({
        ...{ text: 'heard', qos: Math.min(said, granted), retain: false, dup: false },
      });
    },
  );

  it.each(QOS)('of QoS 2 reaches a wildcard of QoS %i with that', async (granted) => {
    const tool = await listening('local/#', granted);
    await (await flows()).publish('heard', { qos: 2 });
    expect((await tool.next('publish')).qos).toBe(granted);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['all bytes there are', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
    ['200 KiB', Buffer.alloc(200 * 1024, 'x')],
  ])('may hold %s', async (_name, payload) => {
    const tool = await listening();
    await (await flows()).publish('', { payload });
    expect(payload.equals(Buffer.from((await tool.next('publish')).payload))).toBe(true);
  });

  it('is heard by its own speaker too', async () => {
    const tool = await listening();
    await tool.publish('to myself');
    expect((await tool.next('publish')).payload.toString()).toBe('to myself');
  });

  // aedes by itself hands the flag on.
  it('that was said again is not marked so for those who hear it the first time', async () => {
    const tool = await listening();
    await (await flows()).publish('again', { dup: true });
    expect((await tool.next('publish')).dup).toBe(false);
  });

  it.each([
    ['a wildcard', 'local/+'],
    ['another wildcard', 'local/#'],
    ['a place reserved for the broker', '$SYS/local'],
    ['U+0000', 'local/\0'],
  ])('to %s ends its connection', async (_name, topic) => {
    const speaker = await flows();
    speaker.send(message('', { topic }));
    await speaker.ended();
  });

  it('to an empty topic ends its connection', async () => {
    const speaker = await flows();
    speaker.send(Buffer.concat([Buffer.from([0x30, 2]), text('')]));
    await speaker.ended();
  });
});

describe('messages that come together', () => {
  const burst = (flags: (n: number) => Parameters<typeof message>[1]) =>
    Array.from({ length: 200 }, (_, n) => message(`${n}`, { messageId: n + 1, ...flags(n) }));
  const numbers = burst(() => ({})).map(({ payload }) => `${payload}`);

  it.each(QOS)('are heard in their order: QoS %i', async (qos) => {
    const tool = await listening();
    (await flows()).send(...burst(() => ({ qos })));
    await tool.settled(() => tool.texts.length === 200);
    expect(tool.texts).toEqual(numbers);
  });

  it('are heard in the order of each QoS when it varies', async () => {
    const tool = await listening();
    (await flows()).send(...burst((n) => ({ qos: QOS[n % 3] ?? 0 })));
    await tool.settled(() => tool.texts.length === 200);
    const heard = (rest: number) => tool.texts.filter((one) => Number(one) % 3 === rest);
    for (const rest of QOS) expect(heard(rest)).toEqual(numbers.filter((one) => Number(one) % 3 === rest));
  });

  it('are heard in their order by one who did not listen for a while', async () => {
    const tool = await listening();
    const speaker = await flows();
    const long = 'x'.repeat(8 * 1024);
    tool.socket.pause();
    speaker.send(...burst((n) => ({ qos: 1, payload: `${n} ${long}` })));
    await speaker.settled();
    tool.socket.resume();
    await tool.settled(() => tool.texts.length === 200);
    expect(tool.texts.map((one) => one.split(' ')[0])).toEqual(numbers);
  });

  // In aedes by itself one to be retained goes another way and is overtaken, or overtakes. What then comes late is taken
  // for a repetition by aedes, and nobody hears it.
  it.each(QOS)('are all heard, in their order, when some are to be retained: QoS %i', async (qos) => {
    const tool = await listening();
    (await flows()).send(...burst((n) => ({ qos, retain: n % 2 === 0 })));
    await tool.settled(() => tool.texts.length === 200);
    expect(tool.texts).toEqual(numbers);
  });

  // QoS 0 overtakes QoS 1, which is then taken for a repetition.
  it("are all heard when they are the controller's", async () => {
    const device = await WireClient.connect(farm, 'valve-1');
    await device.subscribe('cmnd/valve-1/#');
    const said = [
      farm.broker.publish('cmnd/valve-1/POWER', 'OFF', { qos: 1 }),
      farm.broker.publish('cmnd/valve-1/STATUS', '8'),
    ];
    await Promise.all(said);
    await device.settled(() => device.texts.length === 2);
    expect(device.texts.sort()).toEqual(['8', 'OFF']);
  });
});

describe('subscriptions that overlap', () => {
  type Overlap = readonly [one: string, its: 0 | 1 | 2, other: string, others: 0 | 1 | 2];
  const title = '%s (QoS %i) and %s (QoS %i) bring a message once, or once each';

  it.each<Overlap>([
    ['local/#', 2, 'local/+', 1],
    ['local/+', 1, 'local/a', 2],
    ['local/#', 0, 'local/+', 2],
    ['local/a', 2, 'local/#', 0],
    ['local/#', 2, 'local/a', 0],
  ])(title, onceOrForEach);

  async function onceOrForEach(...[one, its, other, others]: Overlap): Promise<void> {
    const tool = await listening(one, its);
    await tool.subscribe(other, others);
    await (await flows()).publish('overlapping', { qos: 2 });
    await tool.settled();
    const allowed = [[Math.max(its, others)], [its, others], [others, its]].map(String);
    expect(allowed).toContain(String(tool.messages.map(({ qos }) => qos)));
  }

  it('of a session that stays keep it connected', async () => {
    const tool = await listening('local/#', 1, { clean: false });
    await tool.subscribe('local/+', 2);
    const speaker = await flows();
    for (let n = 0; n < 20; n += 1) await speaker.publish(`${n}`, { qos: 2 });
    await tool.settled(() => tool.texts.length === 20);
    expect([...new Set(tool.texts)]).toHaveLength(20);
  });
});

describe('QoS 2 to the broker', () => {
  const PUBLISH = message('said', { qos: 2, messageId: 7 });

  it('is PUBREC, PUBREL, PUBCOMP, and is handed on once however often it is sent in between', async () => {
    const tool = await listening();
    const speaker = await flows({ silent: true });
    speaker.send(PUBLISH);
    expect(await speaker.next('pubrec')).toMatchObject({ messageId: 7 });
    speaker.send({ ...PUBLISH, dup: true });
    expect(await speaker.next('pubrec')).toMatchObject({ messageId: 7 });
    speaker.send({ cmd: 'pubrel', messageId: 7 });
    expect(await speaker.next('pubcomp')).toMatchObject({ messageId: 7 });
    await tool.settled(() => tool.texts.length > 1);
    expect(tool.texts).toEqual(['said']);
  });

  it('is a new message after PUBCOMP, under the same packet id', async () => {
    const tool = await listening();
    const speaker = await flows();
    for (const payload of ['one', 'other']) {
      speaker.send({ ...PUBLISH, payload });
      await speaker.next('pubcomp');
    }
    await tool.settled(() => tool.texts.length === 2);
    expect(tool.texts).toEqual(['one', 'other']);
  });

  it('answers a PUBREL that it does not know, or knows no more, with PUBCOMP', async () => {
    const speaker = await flows({ silent: true });
    speaker.send({ cmd: 'pubrel', messageId: 99 });
    expect(await speaker.next('pubcomp')).toMatchObject({ messageId: 99 });
    speaker.send(PUBLISH);
    await speaker.next('pubrec');
    speaker.send({ cmd: 'pubrel', messageId: 7 }, { cmd: 'pubrel', messageId: 7 });
    for (const _ of [1, 2]) expect(await speaker.next('pubcomp')).toMatchObject({ messageId: 7 });
  });
});

describe('QoS 2 from the broker', () => {
  it.each([true, false])('ends each of several messages under its own packet id: clean %s', async (clean) => {
    const tool = await listening('local/#', 2, { clean, silent: true });
    const speaker = await flows();
    for (const text of ['1', '2', '3']) await speaker.publish(text, { qos: 2 });
    await tool.settled(() => tool.texts.length === 3);
    const ids = tool.messages.map(({ messageId = 0 }) => messageId);
    for (const messageId of ids) tool.send({ cmd: 'pubrec', messageId });
    await tool.settled();
    const released = tool.packets.filter(({ cmd }) => cmd === 'pubrel');
    expect(released.map(({ messageId }) => messageId)).toEqual(ids);
  });

  it('repeats PUBREL for a PUBREC that is repeated', async () => {
    const tool = await listening('local/#', 2, { clean: false, silent: true });
    await (await flows()).publish('once', { qos: 2 });
    const { messageId = 0 } = await tool.next('publish');
    for (const _ of [1, 2]) {
      tool.send({ cmd: 'pubrec', messageId });
      expect(await tool.next('pubrel')).toMatchObject({ messageId });
    }
  });
});

describe('packet ids', () => {
  it('of both directions are counted apart', async () => {
    const tool = await listening('local/#', 1, { silent: true });
    await (await flows()).publish('to the tool');
    const { messageId = 0 } = await tool.next('publish');
    await tool.publish('from the tool', { messageId });
    tool.send({ cmd: 'puback', messageId });
    await tool.ping();
    expect(tool.closed).toBe(false);
  });

  it('differ for all that is not acknowledged, and are never 0', async () => {
    // Where a connection begins to count is a matter of chance: here just before the end of 16 bits.
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.9999);
    onTestFinished(() => chance.mockRestore());
    const tool = await listening('local/#', 2, { silent: true });
    const speaker = await flows();
    for (let n = 0; n < 50; n += 1) await speaker.publish(`${n}`, { qos: n % 2 === 0 ? 1 : 2 });
    await tool.settled(() => tool.texts.length === 50);
    const ids = new Set(tool.messages.map(({ messageId }) => messageId ?? 0));
    expect(ids.size).toBe(50);
    expect(Math.min(...ids)).toBeGreaterThan(0);
  });
});
