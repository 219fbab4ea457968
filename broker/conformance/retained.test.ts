import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Farm } from '../testing/farm.ts';
import { message, WireClient } from '../testing/wire-client.ts';

let farm: Farm;
let speaker: WireClient;
beforeEach(async () => {
  farm = await Farm.open();
  speaker = await WireClient.connect(farm, 'flows');
});
afterEach(() => farm.close());

const QOS = [0, 1, 2] as const;
const tool = () => WireClient.connect(farm, 'an');

/** What a tool gets that subscribes now, as text and whether it is marked as retained. */
async function kept(filter: string): Promise<string[]> {
  const late = await tool();
  await late.subscribe(filter);
  await late.settled();
  return late.messages.map(({ topic, payload, retain }) => `${topic} ${payload} ${retain}`).sort();
}

describe('a retained message', () => {
  it.each(QOS)('of QoS %i is there for whoever subscribes later, and marked', async (qos) => {
    await speaker.publish('kept', { qos, retain: true });
    await speaker.leave();
    expect(await kept('local/a')).toEqual(['local/a kept true']);
  });

  it.each(QOS)('of QoS %i is not marked for whoever listens already', async (qos) => {
    const early = await tool();
    await early.subscribe('local/a');
    await speaker.publish('live', { qos, retain: true });
    expect(await early.next('publish')).toMatchObject({ retain: false });
  });

  it.each(QOS)('is cleared by an empty one of QoS %i, which those who listen hear', async (qos) => {
    await speaker.publish('kept', { retain: true });
    const early = await tool();
    await early.subscribe('local/a');
    await early.next('publish');
    await speaker.publish('', { qos, retain: true });
    expect((await early.next('publish')).payload).toHaveLength(0);
    expect(await kept('local/a')).toEqual([]);
  });

  it('is replaced by the next that is to be retained, and by no other', async () => {
    await speaker.publish('first', { qos: 2, retain: true });
    await speaker.publish('second', { qos: 0, retain: true });
    await speaker.publish('third');
    expect(await kept('local/a')).toEqual(['local/a second true']);
  });

  it('is kept for each topic, and found by wildcards', async () => {
    for (const topic of ['local/a', 'local/b', 'local/b/c']) {
      await speaker.publish('kept', { topic, retain: true });
    }
    expect(await kept('local/+')).toEqual(['local/a kept true', 'local/b kept true']);
    expect(await kept('local/b/#')).toEqual(['local/b kept true', 'local/b/c kept true']);
  });

  it('comes again with each SUBSCRIBE for it, whatever was subscribed to before', async () => {
    await speaker.publish('kept', { retain: true });
    const late = await tool();
    await late.subscribe('local/a', 1);
    await late.subscribe('local/a', 1);
    await late.subscribe('local/+', 1);
    await late.settled(() => late.texts.length === 3);
    expect(late.messages.map(({ retain }) => retain)).toEqual([true, true, true]);
  });

  it.each([
    ['local/a', 0],
    ['local/a', 1],
    ['local/a', 2],
    ['local/+', 0],
    ['local/+', 1],
    ['local/+', 2],
  ] as const)('of QoS 2 comes by %s with QoS %i when that is granted', async (filter, qos) => {
    await speaker.publish('kept', { qos: 2, retain: true });
    const late = await tool();
    await late.subscribe(filter, qos);
    expect((await late.next('publish')).qos).toBe(qos);
  });

  it('is the last of those that come together', async () => {
    const texts = Array.from({ length: 50 }, (_, n) => `${n}`);
    speaker.send(...texts.map((text, n) => message(text, { qos: 1, messageId: n + 1, retain: true })));
    await speaker.settled(() => speaker.packets.length === 51);
    expect(await kept('local/a')).toEqual(['local/a 49 true']);
  });
});
