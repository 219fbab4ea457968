import { afterEach, describe, expect, it } from 'vitest';
import type { DurabilityHook } from './inbox.ts';
import type { BrokerUnderTest } from './testing/broker-under-test.ts';
import { ManualHook, nextMessage, RecordingHook, until } from './testing/farm.ts';

/** Credentials for valve-1, valve-2 (devices), zb-1 (bridge), an (technician) are there. */
export type OpenBroker = (hook: DurabilityHook) => Promise<BrokerUnderTest>;

const READINGS = 'nongtin/v1/valve-1/readings';
const COMMAND = 'nongtin/v1/valve-1/valve/command';
const text = ({ payload }: { payload: Uint8Array }) => Buffer.from(payload).toString();

/** What holds of the broker that devices speak to, wherever it is. */
export function brokerSuite(name: string, open: OpenBroker): void {
  describe(`a farm's broker: ${name}`, () => {
    let side: BrokerUnderTest | undefined;
    const opened = async (hook: DurabilityHook) => {
      side = await open(hook);
      return side;
    };
    afterEach(async () => {
      await side?.close();
      side = undefined;
    });

    it.each([0, 1, 2] as const)(
      'gives a QoS %d message to the hook once, under its device’s name',
      async (qos) => {
        const hook = new RecordingHook();
        const { client, broker } = await opened(hook);
        const valve = await client('valve-1');
        await valve.publishAsync(READINGS, '{"a":1}', { qos });
        await valve.publishAsync(READINGS, 'last', { qos });
        await until(() => hook.messages.some((message) => text(message) === 'last'));
        expect(hook.messages.map(text)).toEqual(['{"a":1}', 'last']);
        expect(hook.messages[0]).toMatchObject({
          ...{ identity: { id: 'valve-1', role: 'device' }, topic: READINGS, qos, dup: false },
        });
        expect(hook.messages[0]?.packetId !== undefined).toBe(qos > 0);
        expect(broker.stats().publishReceived[qos]).toBe(2);
      },
    );

    it('keeps the order of what one device says', async () => {
      const hook = new RecordingHook();
      const { client } = await opened(hook);
      const valve = await client('valve-1');
      const topics = [READINGS, 'tele/valve-1/SENSOR', 'nongtin/v1/valve-1/valve/state'];
      const sent = Array.from({ length: 1_000 }, (_, index) => String(index));
      for (const [index, one] of sent.entries()) valve.publish(topics[index % 3] ?? '', one, { qos: 1 });
      await until(() => hook.messages.length >= 1_000);
      expect(hook.messages.map(text)).toEqual(sent);
    });

    it('counts what waits for the disk, and goes on with other devices', async () => {
      const hook = new ManualHook();
      const { client, broker } = await opened(hook);
      const [one, other] = [await client('valve-1'), await client('valve-2')];
      one.publish(READINGS, '{}', { qos: 1 });
      await hook.called(1);
      other.publish('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
      await hook.called(2);
      expect(broker.stats().waitingForHook).toBe(2);
      hook.commit();
      await until(() => broker.stats().waitingForHook === 0);
    });

    it.each([1, 2] as const)(
      'gets a QoS %d message again, with the same packet id, that was not durable when we ended',
      async (qos) => {
        const never = new ManualHook();
        const farm = await opened(never);
        const valve = await farm.client('valve-1', { clientId: 'mine', clean: false, reconnectPeriod: 20 });
        valve.publish(READINGS, 'only once', { qos });
        await never.called(1);
        const hook = new RecordingHook();
        await farm.again(hook);
        await until(() => hook.messages.length > 0);
        expect(hook.messages[0]).toMatchObject({ packetId: never.messages[0]?.packetId, qos });
        expect(hook.messages.map(text)).toEqual(['only once']);
      },
    );

    it('gets no message again that was durable', async () => {
      const hook = new RecordingHook();
      const farm = await opened(hook);
      const valve = await farm.client('valve-1', { clientId: 'mine', clean: false, reconnectPeriod: 20 });
      for (let index = 0; index < 100; index += 1)
        valve.publish(READINGS, `${index}`, { qos: index % 2 === 0 ? 1 : 2 });
      await until(() => hook.messages.length === 100 && farm.broker.stats().waitingForHook === 0);
      await until(() => valve.getLastMessageId() >= 100);
      await valve.endAsync();
      const later = new RecordingHook();
      await farm.again(later);
      const back = await farm.client('valve-1');
      await back.publishAsync(READINGS, 'end', { qos: 1 });
      await until(() => later.messages.some((message) => text(message) === 'end'));
      expect(later.messages.map(text)).toEqual(['end']);
    });

    it('lets a message through when one before it was refused, and has the refused one again', async () => {
      const refused: string[] = [];
      const taken: string[] = [];
      const hook: DurabilityHook = {
        receive: async (message) => {
          if (text(message) === 'poison' && refused.length < 1) {
            refused.push(text(message));
            throw new Error('the disk is gone');
          }
          taken.push(text(message));
        },
      };
      const { client, broker } = await opened(hook);
      const [one, other] = [
        await client('valve-1', { clientId: 'mine', clean: false, reconnectPeriod: 20 }),
        await client('valve-2'),
      ];
      one.publish(READINGS, 'poison', { qos: 1 });
      await until(() => refused.length > 0);
      await other.publishAsync('nongtin/v1/valve-2/readings', 'good', { qos: 1 });
      await until(() => taken.length >= 2);
      expect(taken.toSorted()).toEqual(['good', 'poison']);
      expect(broker.stats().refused.not_durable).toBe(1);
    });

    it('lets nobody in with a wrong password', async () => {
      const { client } = await opened(new RecordingHook());
      await expect(client('valve-1', { password: 'guess' })).rejects.toThrow(/not authorized|bad user/i);
    });

    it('takes nothing that a device says in another’s name', async () => {
      const hook = new RecordingHook();
      const { client } = await opened(hook);
      const thief = await client('valve-2');
      thief.publish(READINGS, '{"stolen":1}', { qos: 0 });
      thief.publish('tele/valve-1/SENSOR', '{}', { qos: 0 });
      const honest = await client('valve-1');
      await honest.publishAsync(READINGS, 'mine', { qos: 1 });
      await until(() => hook.messages.length > 0);
      expect(hook.messages.map(text)).toEqual(['mine']);
    });

    it('knows the bridge where a topic names nobody, and whose topics a discovery message announces', async () => {
      const hook = new RecordingHook();
      const { client } = await opened(hook);
      const [bridge, valve] = [await client('zb-1'), await client('valve-1')];
      await bridge.publishAsync('zigbee2mqtt/kitchen', '{"temperature":20}', { qos: 1 });
      await until(() => hook.messages.length === 1);
      const announced = JSON.stringify({ name: 'x', state_topic: 'valve-1/sensor/x/state' });
      await valve.publishAsync('homeassistant/sensor/valve-1/x/config', announced, { qos: 1 });
      await until(() => hook.messages.length === 2);
      expect(hook.messages.map(({ identity }) => identity.id)).toEqual(['zb-1', 'valve-1']);
    });

    it('brings a command to its device at once, and to nobody who comes later', async () => {
      const { broker, client } = await opened(new RecordingHook());
      const lasting = { clientId: 'stays', clean: false } as const;
      const valve = await client('valve-1', lasting);
      await valve.subscribeAsync(COMMAND, { qos: 1 });
      const heard = nextMessage(valve);
      await broker.publish(COMMAND, 'open', { atOnce: true });
      expect(await heard).toEqual({ topic: COMMAND, text: 'open' });
      await valve.endAsync();
      await broker.publish(COMMAND, 'too late', { atOnce: true });
      const back = await client('valve-1', lasting);
      const next = nextMessage(back);
      await back.subscribeAsync(COMMAND, { qos: 1 });
      await broker.publish(COMMAND, 'now', { atOnce: true });
      expect(await next).toEqual({ topic: COMMAND, text: 'now' });
    });

    it('tells of a device that is gone by its last will', async () => {
      const hook = new RecordingHook();
      const { client } = await opened(hook);
      const will = {
        topic: 'nongtin/v1/valve-1/status',
        payload: Buffer.from('offline'),
        qos: 1,
        retain: true,
      } as const;
      const valve = await client('valve-1', { will });
      valve.stream.destroy();
      await until(() => hook.messages.length > 0);
      expect(hook.messages.map(text)).toEqual(['offline']);
      expect(hook.messages[0]?.identity).toEqual({ id: 'valve-1', role: 'device' });
    });

    it('hears nothing more of a device whose password was revoked, and a new one when it was issued', async () => {
      const hook = new RecordingHook();
      const { client, credentials, broker, settle } = await opened(hook);
      const old = await client('valve-1');
      credentials.revoke('valve-1');
      broker.disconnect('valve-1');
      old.publish(READINGS, 'revoked', { qos: 0 });
      credentials.issue('new-1', 'device');
      await settle();
      await expect(client('valve-1')).rejects.toThrow();
      const fresh = await client('new-1');
      await fresh.publishAsync('nongtin/v1/new-1/readings', 'new', { qos: 1 });
      await until(() => hook.messages.length > 0);
      expect(hook.messages.map(text)).toEqual(['new']);
    });

    it('acknowledges what the hook has when it stops, and takes nothing more', async () => {
      const hook = new ManualHook();
      const farm = await opened(hook);
      const valve = await farm.client('valve-1', { clientId: 'mine', clean: false, reconnectPeriod: 20 });
      valve.publish(READINGS, 'under way', { qos: 1 });
      await hook.called(1);
      const stopped = farm.broker.stop();
      hook.commit();
      await stopped;
      const later = new RecordingHook();
      await farm.again(later);
      await (await farm.client('valve-2')).publishAsync('nongtin/v1/valve-2/readings', 'end', { qos: 1 });
      await until(() => later.messages.length > 0);
      expect(later.messages.map(text)).toEqual(['end']);
    });
  });
}
