import { topicOf } from '@nongtin/broker/wire';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Takers, UplinkDoor } from './door.ts';

export interface DoorUnderTest {
  /** Called once for all tests. */
  open(takers: Takers): Promise<{ readonly door: UplinkDoor; url(): string; remove(): Promise<void> }>;
}

/** The behaviour of every door for gateways. */
export function uplinkDoorSuite(name: string, { open }: DoorUnderTest): void {
  describe(`gateways’ door: ${name}`, () => {
    const taken: { gateway: string; message: string }[] = [];
    let take: (gateway: string, message: Uint8Array) => Promise<void>;
    let made: Awaited<ReturnType<DoorUnderTest['open']>>;
    let door: UplinkDoor;
    let names = 0;
    const clients: MqttClient[] = [];

    beforeAll(async () => {
      const taker = (gateway: string, message: Uint8Array) => take(gateway, message);
      made = await open({
        ...{ uplinkEntries: taker, uplinkLive: taker },
        ...{ gatewayOutcome: taker, neighbourQuestion: taker },
      });
      door = made.door;
      await door.start();
      plainly();
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.endAsync(true);
      taken.length = 0;
      plainly();
    });
    afterAll(async () => {
      await door.stop();
      await made.remove();
    });

    const plainly = () => {
      take = async (gateway, message) =>
        void taken.push({ gateway, message: Buffer.from(message).toString() });
    };
    const newName = () => `gw-${++names}`;
    const until = (check: () => unknown) => expect.poll(check, { timeout: 20_000, interval: 10 });

    async function comeIn(username: string, password: string): Promise<MqttClient> {
      const client = await connectAsync(made.url(), { username, password, reconnectPeriod: 0 }, false);
      // A broker that sends somebody away just closes.
      client.on('error', () => {});
      clients.push(client);
      return client;
    }

    /** A gateway that is let in and listens, as ours do at QoS 0. */
    async function gateway(id = newName(), qos: 0 | 1 = 0) {
      const password = await door.logins.allow(id);
      const client = await comeIn(id, password);
      const heard: unknown[] = [];
      client.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString())));
      await client.subscribeAsync(topicOf('uplinkAnswer', id), { qos });
      const send = (text: string) => client.publishAsync(topicOf('uplinkEntries', id), text, { qos: 1 });
      return { id, password, client, heard, send };
    }

    it('hands over what a gateway sends, under the name it was let in with', async () => {
      const [a, b] = [await gateway(), await gateway()];
      await a.send('{"độ ẩm": 1}');
      await b.send('x');
      await a.send('y');
      await until(() => taken.filter(({ gateway }) => gateway === a.id)).toEqual([
        { gateway: a.id, message: '{"độ ẩm": 1}' },
        { gateway: a.id, message: 'y' },
      ]);
      await until(() => taken.filter(({ gateway }) => gateway === b.id).length).toBe(1);
    });

    it('tells a gateway what is for it, and no other', async () => {
      const [a, b] = [await gateway(), await gateway()];
      await door.send(a.id, 'uplinkAnswer', { durableUpTo: 7 });
      await door.send(b.id, 'uplinkAnswer', { durableUpTo: 8 });
      await until(() => [a.heard, b.heard]).toEqual([[{ durableUpTo: 7 }], [{ durableUpTo: 8 }]]);
    });

    it('tells the same to one of an earlier version, which listens at QoS 1', async () => {
      const { id, heard } = await gateway(newName(), 1);
      for (const durableUpTo of [7, 8]) await door.send(id, 'uplinkAnswer', { durableUpTo });
      await until(() => heard).toEqual([{ durableUpTo: 7 }, { durableUpTo: 8 }]);
    });

    it('speaks to a gateway that is not there without harm', async () => {
      await door.send('gw-nowhere', 'uplinkAnswer', { durableUpTo: 7 });
      const { send } = await gateway();
      await send('x');
      await until(() => taken.length).toBe(1);
    });

    it('takes several messages of one gateway without waiting for the first', async () => {
      const first = Promise.withResolvers<void>();
      take = async (id, message) => {
        taken.push({ gateway: id, message: Buffer.from(message).toString() });
        if (taken.length === 1) await first.promise;
      };
      const { send, client } = await gateway();
      const sent = [send('1'), send('2')];
      await until(() => taken.map(({ message }) => message)).toEqual(['1', '2']);
      first.resolve();
      await Promise.all(sent);
      expect(client.connected).toBe(true);
    });

    it.each([
      ['no password of ours', 'guessed'],
      ['an empty password', ''],
    ])('lets nobody in with %s', async (_what, password) => {
      const id = newName();
      await door.logins.allow(id);
      await expect(comeIn(id, password)).rejects.toThrow();
    });

    it('lets a gateway in with the newest password only, and sends away who came with an older one', async () => {
      const { id, password, client } = await gateway();
      const newer = await door.logins.allow(id);
      expect(newer).not.toBe(password);
      await until(() => client.connected).toBe(false);
      await expect(comeIn(id, password)).rejects.toThrow();
      expect((await comeIn(id, newer)).connected).toBe(true);
    });

    it('changes nothing when the password in force is allowed again', async () => {
      const { id, password, client, send } = await gateway();
      expect(await door.logins.allow(id, password)).toBe(password);
      await send('x');
      await until(() => taken.length).toBe(1);
      expect(client.connected).toBe(true);
    });

    it('sends a gateway away, which may come again', async () => {
      const { id, password, client } = await gateway();
      await door.logins.disconnect(id);
      await until(() => client.connected).toBe(false);
      await until(() => comeIn(id, password).then(({ connected }) => connected, String)).toBe(true);
    });

    it('sends nobody else away', async () => {
      const [a, b] = [await gateway(), await gateway()];
      await door.logins.disconnect(a.id);
      await until(() => a.client.connected).toBe(false);
      await door.logins.allow(a.id);
      await b.send('x');
      await until(() => taken.length).toBe(1);
      expect(b.client.connected).toBe(true);
    });

    it('takes nothing that a gateway says in another’s name', async () => {
      const [a, b] = [await gateway(), await gateway()];
      await a.client.publishAsync(topicOf('uplinkEntries', b.id), 'forged', { qos: 0 });
      await b.send('true');
      await until(() => taken).toEqual([{ gateway: b.id, message: 'true' }]);
    });

    it.each([
      ['another’s answers', 'nongtin/v1/uplink/gw-1/answer'],
      ['everybody’s answers', 'nongtin/v1/uplink/+/answer'],
      ['everything', '#'],
      ['what the broker tells of itself', '$SYS/#'],
      ['the stream’s own topics', '$JS/#'],
      ['what is delivered to others', '$MQTT/#'],
    ])('lets no gateway listen to %s', async (_what, topic) => {
      const { client, heard } = await gateway();
      for (const qos of [0, 1] as const)
        await expect(client.subscribeAsync(topic, { qos })).rejects.toThrow();
      await door.send('gw-1', 'uplinkAnswer', { durableUpTo: 9 });
      expect(heard).toEqual([]);
    });
  });
}
