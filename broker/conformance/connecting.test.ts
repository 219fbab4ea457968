import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Farm, frame, text } from '../testing/farm.ts';
import { connectPacket, message, WireClient } from '../testing/wire-client.ts';

let farm: Farm;
beforeEach(async () => {
  farm = await Farm.open();
});
afterEach(() => farm.close());

const connect = (...rest: [identity: string, options?: Parameters<typeof WireClient.connect>[2]]) =>
  WireClient.connect(farm, ...rest);

/** CONNECT of a technician byte by byte. */
function connectBytes({ name = 'MQTT', level = 4, flags = 0xc2, clientId = 'by-hand' } = {}): Buffer {
  const head = Buffer.concat([text(name), Buffer.from([level, flags, 0, 0])]);
  const credentials = [text('an'), text('secret-an')];
  const hasWill = (flags & 4) !== 0;
  const will = hasWill ? [text('local/will'), text('gone')] : [];
  return frame(0x10, Buffer.concat([head, text(clientId), ...will, ...credentials]));
}

async function saying(bytes: Uint8Array): Promise<WireClient> {
  const client = await WireClient.open(farm);
  client.send(bytes);
  return client;
}

describe('a connection', () => {
  it('is answered with CONNACK 0 and no session when it is the first', async () => {
    const client = await connect('an');
    expect(client.connack).toMatchObject({ returnCode: 0, sessionPresent: false });
    await client.leave();
    expect((await connect('an')).connack.sessionPresent).toBe(false);
  });

  it('may say more before it is answered, and that is done in its order afterwards', async () => {
    const client = await WireClient.open(farm);
    client.send(
      connectPacket('an'),
      { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'local/#', qos: 1 }] },
      { cmd: 'pingreq' },
    );
    await client.next('suback');
    expect(client.packets.map(({ cmd }) => cmd)).toEqual(['connack', 'suback']);
  });

  it('is closed by the broker after DISCONNECT', async () => {
    const client = await connect('an');
    client.send({ cmd: 'disconnect' });
    await client.ended();
  });

  it('is closed by a second CONNECT', async () => {
    const client = await connect('an');
    client.send(connectPacket('an'));
    await client.ended();
    expect(client.packets).toHaveLength(1);
  });

  it('is closed by a second CONNECT that comes before the first is answered', async () => {
    const client = await WireClient.open(farm);
    client.send(connectPacket('an'), connectPacket('an'));
    await client.ended();
  });

  it.each<[string, Packet]>([
    ['PUBLISH', message('early')],
    ['SUBSCRIBE', { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'local/#', qos: 0 }] }],
    ['PINGREQ', { cmd: 'pingreq' }],
    ['DISCONNECT', { cmd: 'disconnect' }],
  ])('is closed without a word when it begins with %s', async (_name, packet) => {
    const client = await WireClient.open(farm);
    client.send(packet);
    await client.ended();
    expect(client.packets).toEqual([]);
  });

  it.each(['hj', 'MQTt', ''])('is closed without a word under the protocol name "%s"', async (name) => {
    const client = await saying(connectBytes({ name }));
    await client.ended();
    expect(client.packets).toEqual([]);
  });

  it('is told that MQTT 5 is not spoken here', async () => {
    const client = await WireClient.open(farm);
    client.send(frame(0x10, Buffer.concat([text('MQTT'), Buffer.from([5, 2, 0, 0, 0]), text('five')])));
    expect(await client.next('connack')).toMatchObject({ returnCode: 1 });
    await client.ended();
  });

  it.each([0, 2, 6])('is told that protocol level %i is not spoken here', async (level) => {
    const client = await saying(connectBytes({ level }));
    expect(await client.next('connack')).toMatchObject({ returnCode: 1 });
    await client.ended();
  });

  it.each([
    ['the reserved bit', 0xc3],
    ['the QoS of a will that is not there', 0xca],
    ['the RETAIN of a will that is not there', 0xe2],
  ])('is closed by a CONNECT that sets %s', async (_name, flags) => {
    const client = await saying(connectBytes({ flags }));
    await client.ended();
    expect(client.packets).toEqual([]);
  });

  // mqtt-packet does not look at it. When the will is sent, it breaks every connection that should hear it.
  it('is closed by a CONNECT whose will has QoS 3', async () => {
    const client = await saying(connectBytes({ flags: 0xc2 | 4 | 0x18 }));
    await client.settled();
    expect(client.closed).toBe(true);
  });

  it.each([
    ['a user name without a password', 0x82],
    ['a password without a user name', 0x42],
  ])('is refused with %s', async (_name, flags) => {
    const one = Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 0]), text('half'), text('an')]);
    const client = await saying(frame(0x10, one));
    expect(await client.next('connack')).toMatchObject({ returnCode: 5, sessionPresent: false });
    await client.ended();
  });
});

describe('a client without an id', () => {
  it('is given one of its own for a clean session', async () => {
    const [one, other] = [await connect('an', { clientId: '' }), await connect('an', { clientId: '' })];
    await other.ping();
    expect([one.closed, other.closed]).toEqual([false, false]);
    expect(farm.broker.stats().connected).toBe(2);
  });

  // aedes by itself makes up an id for it, under which nobody ever comes back.
  it('is refused with "identifier rejected" when it asks for a session that stays', async () => {
    const client = await saying(connectBytes({ flags: 0xc0, clientId: '' }));
    expect(await client.next('connack')).toMatchObject({ returnCode: 2, sessionPresent: false });
    await client.ended();
  });
});

describe('the keep-alive', () => {
  it('ends a connection that says nothing for one and a half times as long, and no other', async () => {
    const listener = await connect('flows');
    await listener.subscribe('local/#');
    const will = { topic: 'local/will', payload: Buffer.from('fell silent'), qos: 1, retain: false } as const;
    const lively = await connect('valve-1', { keepalive: 1 });
    const beats = setInterval(() => void lively.ping(), 200);
    const begun = performance.now();
    const silent = await connect('an', { keepalive: 1, will });
    await silent.ended().finally(() => clearInterval(beats));
    // A timer may be a little early.
    expect(performance.now() - begun).toBeGreaterThan(1_450);
    expect((await listener.next('publish')).payload.toString()).toBe('fell silent');
    expect(farm.broker.stats().refused.keepalive_timeout).toBe(1);
    expect(lively.closed).toBe(false);
  });
});

describe('a client id that is in use', () => {
  it('goes to the new connection, and the will of the old one is sent', async () => {
    const listener = await connect('flows');
    await listener.subscribe('local/#');
    const will = { topic: 'local/will', payload: Buffer.from('taken over'), qos: 1, retain: false } as const;
    const older = await connect('an', { will });
    const newer = await connect('an');
    await older.ended();
    expect((await listener.next('publish')).payload.toString()).toBe('taken over');
    await newer.publish('still here');
  });

  it('is held by one connection, however many ask for it at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => WireClient.open(farm)));
    for (const client of all) client.send(connectPacket('an'));
    await Promise.all(all.map((client) => client.settled()));
    expect(all.filter(({ closed }) => !closed)).toHaveLength(1);
  });

  // aedes by itself forgets the newer one when the older one, closed already, is put away: nothing closes it from then on.
  it('is held by one connection, also when an older one breaks as a newer one comes', () => oneHolds(true));
  it('is held so in a session that stays, too', () => oneHolds(false));

  async function oneHolds(clean: boolean): Promise<void> {
    for (let turns = 0; turns < 10; turns += 1) {
      const options = { clientId: `shared-${turns}`, clean };
      const first = await connect('an', options);
      await first.subscribe('local/#');
      const [second, third] = [await WireClient.open(farm), await WireClient.open(farm)];
      second.send(connectPacket('an', options));
      for (let left = turns; left > 0; left -= 1) await nextTurn();
      first.socket.destroy();
      await second.next('connack');
      await second.ping();
      third.send(connectPacket('an', options));
      await third.next('connack');
      await second.settled();
      expect([second.closed, third.closed]).toEqual([true, false]);
    }
  }
});
