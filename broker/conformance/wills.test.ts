import type { IConnectPacket } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Farm } from '../testing/farm.ts';
import { connectPacket, message, WireClient } from '../testing/wire-client.ts';

let farm: Farm;
let listener: WireClient;
beforeEach(async () => {
  farm = await Farm.open();
  listener = await WireClient.connect(farm, 'an');
  await listener.subscribe('local/#');
});
afterEach(() => farm.close());

type Will = NonNullable<IConnectPacket['will']>;
const withWill = (more: Partial<Will> = {}, options: Partial<IConnectPacket> = {}) => {
  const will = { topic: 'local/will', payload: Buffer.from('gone'), qos: 1, retain: false, ...more } as const;
  return WireClient.connect(farm, 'flows', { will, ...options });
};

async function heard(): Promise<string[]> {
  await listener.settled();
  return listener.texts;
}

describe('a will', () => {
  it.each([0, 1, 2] as const)('of QoS %i is sent when the connection breaks', async (qos) => {
    await (await withWill({ qos })).break();
    const will = await listener.next('publish');
    expect(will).toMatchObject({ topic: 'local/will', qos, retain: false });
    expect(will.payload.toString()).toBe('gone');
  });

  it('is not sent while the connection lasts, nor after DISCONNECT', async () => {
    const client = await withWill();
    expect(await heard()).toEqual([]);
    await client.leave();
    expect(await heard()).toEqual([]);
  });

  it('is sent when the client breaks the protocol', async () => {
    const client = await withWill();
    client.send(connectPacket('flows'));
    await client.ended();
    expect(await heard()).toEqual(['gone']);
  });

  it('is sent when the client says what it may not', async () => {
    const client = await withWill();
    client.send(message('open', { topic: 'cmnd/valve-1/POWER' }));
    await client.ended();
    expect(await heard()).toEqual(['gone']);
  });

  it('is sent once, however often its client is taken over', async () => {
    for (let n = 0; n < 3; n += 1) await withWill();
    await (await WireClient.connect(farm, 'flows')).leave();
    expect(await heard()).toEqual(['gone', 'gone', 'gone']);
  });

  it('belongs to one connection: the next may come without', async () => {
    await (await withWill({}, { clean: false })).leave();
    await (await WireClient.connect(farm, 'flows', { clean: false })).break();
    expect(await heard()).toEqual([]);
  });

  it('may be empty', async () => {
    await (await withWill({ payload: Buffer.alloc(0) })).break();
    expect(await heard()).toEqual(['']);
  });

  it('is kept for those who subscribe later when it is to be retained', async () => {
    await (await withWill({ retain: true })).break();
    expect(await listener.next('publish')).toMatchObject({ retain: false });
    await listener.subscribe('local/will');
    expect(await listener.next('publish')).toMatchObject({ retain: true });
  });

  // It would reach its listeners as a message on a topic that no message can have.
  it.each(['local/#', 'local/+'])('for a wildcard is refused: %s', async (topic) => {
    const client = await withWill({ topic }).catch(() => undefined);
    await client?.break();
    await listener.settled();
    expect(listener.messages).toEqual([]);
  });

  it('of QoS 3 takes no listener along', async () => {
    const client = await withWill({ qos: 3 as 2 }).catch(() => undefined);
    await client?.break();
    await listener.settled();
    expect(listener.closed).toBe(false);
  });
});
