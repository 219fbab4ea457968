import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Farm, frame, text } from '../testing/farm.ts';
import { WireClient } from '../testing/wire-client.ts';

let farm: Farm;
let speaker: WireClient;
let tool: WireClient;
beforeEach(async () => {
  farm = await Farm.open();
  speaker = await WireClient.connect(farm, 'flows');
  tool = await WireClient.connect(farm, 'an');
});
afterEach(() => farm.close());

const TOPICS = [
  'local/',
  'local//',
  'local//b',
  'local/a',
  'local/A',
  'local/a/',
  'local/a/b',
  'local/a/b/c',
];

/** Which of these topics a filter matches (MQTT 3.1.1, 4.7). */
const matches: [filter: string, topics: string[]][] = [
  ['local/a', ['local/a']],
  ['local/', ['local/']],
  ['local/+/b/+', ['local/a/b/c']],
  ['local/a/#', ['local/a', 'local/a/', 'local/a/b', 'local/a/b/c']],
  ['local/a/b/#', ['local/a/b', 'local/a/b/c']],
  ['local//#', ['local/', 'local//', 'local//b']],
  ['local/#', TOPICS],
  ['+', []],
  ['+/a', ['local/a']],
  ['+/+/b/c', ['local/a/b/c']],
  ['#', TOPICS],
  ['/#', []],
  ['/+', []],
  ['/local/a', []],
  ['local', []],
  ['local/a/b/c/d', []],
  ['local/+', ['local/', 'local/a', 'local/A']],
  ['local/+/', ['local//', 'local/a/']],
  ['local/+/b', ['local//b', 'local/a/b']],
  ['local/a/+', ['local/a/', 'local/a/b']],
  ['local/+/+', ['local//', 'local//b', 'local/a/', 'local/a/b']],
  ['+/a/+', ['local/a/', 'local/a/b']],
  ['+/+/b/#', ['local//b', 'local/a/b', 'local/a/b/c']],
];

describe('a filter', () => {
  it.each(matches)('%s matches %j as they are said', async (filter, topics) => {
    await tool.subscribe(filter, 1);
    for (const topic of TOPICS) await speaker.publish('', { topic });
    await expectHeard(tool, topics);
  });

  it.each(matches)('%s matches %j as they were retained', async (filter, topics) => {
    for (const topic of TOPICS) await speaker.publish('kept', { topic, retain: true });
    await tool.subscribe(filter, 1);
    await expectHeard(tool, topics);
  });

  it.each(matches)('%s matches %j as they wait for a session that is away', async (filter, topics) => {
    const first = await WireClient.connect(farm, 'an', { clean: false, clientId: 'stays' });
    await first.subscribe(filter, 1);
    await first.leave();
    for (const topic of TOPICS) await speaker.publish('', { topic });
    await expectHeard(await WireClient.connect(farm, 'an', { clean: false, clientId: 'stays' }), topics);
  });

  async function expectHeard(client: WireClient, topics: string[]): Promise<void> {
    await client.settled();
    expect(client.messages.map(({ topic }) => topic).sort()).toEqual([...topics].sort());
  }

  it.each(['', 'local/a#', 'local/#/a', '#/a', 'local/a+', 'local/+a/b', 'local/++', 'local/\0'])(
    'that is none, "%s", is not granted',
    notGranted,
  );

  // aedes by itself does not look at the second character.
  it.each(['a#', '+#', 'a+', '+a', '++', 'a+/b'])('that is none, "%s", is not granted', notGranted);

  async function notGranted(filter: string): Promise<void> {
    const granted = await tool.subscribe(filter).catch(() => 'closed');
    expect(['closed', '128']).toContain(String(granted));
  }

  it('that begins with a wildcard matches nothing of what the broker says of itself', async () => {
    const every = await Farm.open(undefined, { sysEveryMs: 5 });
    onTestFinished(() => every.close());
    const [named, wild] = [await WireClient.connect(every, 'an'), await WireClient.connect(every, 'flows')];
    await wild.subscribe(['#', '+/#', '+/broker/+']);
    await named.subscribe('$SYS/#');
    expect(await named.next('publish')).toMatchObject({ topic: expect.stringMatching(/^\$SYS\/broker\//) });
    await wild.subscribe('+/broker/#');
    await wild.settled(() => wild.messages.length > 0);
    expect(wild.messages).toEqual([]);
  });
});

describe('SUBSCRIBE', () => {
  it('is answered under its packet id with a code for each filter, in their order', async () => {
    const device = await WireClient.connect(farm, 'valve-1');
    const wanted = [
      ['cmnd/valve-1/#', 0],
      ['cmnd/valve-2/#', 1],
      ['nongtin/v1/valve-1/valve/command', 2],
      ['#', 2],
    ] as const;
    const subscriptions = wanted.map(([topic, qos]) => ({ topic, qos }));
    device.send({ cmd: 'subscribe', messageId: 0xffff, subscriptions });
    expect(await device.next('suback')).toMatchObject({ messageId: 0xffff, granted: [0, 0x80, 2, 0x80] });
  });

  it('is answered with a code for each filter even when one stands there twice', async () => {
    expect(await tool.subscribe(['local/a', 'local/a', 'local/b'])).toEqual([2, 2, 2]);
  });

  it('for the same filter again changes its QoS', async () => {
    await tool.subscribe('local/a', 2);
    await tool.subscribe('local/a', 0);
    await speaker.publish('once', { qos: 2 });
    await tool.settled(() => tool.messages.length > 1);
    expect(tool.messages.map(({ qos }) => qos)).toEqual([0]);
  });
});

describe('UNSUBSCRIBE', () => {
  it('ends these subscriptions and no others', async () => {
    await tool.subscribe(['local/a', 'local/b', 'local/c']);
    await tool.unsubscribe('local/a', 'local/b');
    for (const topic of ['local/a', 'local/b', 'local/c']) await speaker.publish(topic, { topic });
    await tool.settled(() => tool.texts.length > 1);
    expect(tool.texts).toEqual(['local/c']);
  });

  it('ends what has this very name: a filter that matches it goes on', async () => {
    await tool.subscribe('local/#');
    await tool.unsubscribe('local/a');
    await speaker.publish('still');
    expect((await tool.next('publish')).payload.toString()).toBe('still');
  });

  it('is answered under its packet id when there was no such subscription', async () => {
    tool.send({ cmd: 'unsubscribe', messageId: 0xffff, unsubscriptions: ['local/never'] });
    expect(await tool.next('unsuback')).toMatchObject({ messageId: 0xffff });
  });

  it('lets a message that was under way be finished', async () => {
    const silent = await WireClient.connect(farm, 'an', { clientId: 'silent', silent: true });
    await silent.subscribe('local/a');
    await speaker.publish('under way', { qos: 2 });
    const { messageId = 0 } = await silent.next('publish');
    await silent.unsubscribe('local/a');
    silent.send({ cmd: 'pubrec', messageId });
    expect(await silent.next('pubrel')).toMatchObject({ messageId });
  });
});

describe('what asks for nothing', () => {
  it('ends its connection: SUBSCRIBE', async () => {
    tool.send(frame(0x82, Buffer.from([0, 1])));
    await tool.ended();
  });

  it('ends its connection: UNSUBSCRIBE', async () => {
    tool.send(frame(0xa2, Buffer.from([0, 1])));
    await tool.settled();
    expect(tool.closed).toBe(true);
  });

  it('ends its connection: an empty filter in UNSUBSCRIBE', async () => {
    tool.send(frame(0xa2, Buffer.concat([Buffer.from([0, 1]), text('')])));
    await tool.ended();
  });
});
