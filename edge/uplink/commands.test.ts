import { createBroker } from '@nongtin/broker';
import { topicOf } from '@nongtin/broker/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { closeAll, logger, MemoryJournal, onClose, until, uplinkTo } from './uplink.suite.ts';

afterEach(closeAll);

describe('the conversation about commands', () => {
  /** The gateway's side of it, as edge/remote has it. */
  function guest() {
    const heard: string[] = [];
    let publish: ((message: string) => void) | undefined;
    return {
      heard,
      say: (message: string) => publish?.(message),
      isConnected: () => publish !== undefined,
      lastWill: () => '{"ready":false}',
      connected: (give: (message: string) => void) => {
        publish = give;
        give('{"ready":true}');
      },
      disconnected: () => {
        publish = undefined;
      },
      onMessage: (payload: Uint8Array) => void heard.push(Buffer.from(payload).toString()),
    };
  }

  async function commandCloud(port = 0) {
    const outcomes: string[] = [];
    const broker = createBroker({
      ...{ host: '127.0.0.1', port, logger },
      authenticate: (id) => ({ id, role: 'gateway' }),
      hook: {
        receive: async ({ topic, payload }) => {
          if (topic === topicOf('gatewayOutcome', 'gw-test')) outcomes.push(Buffer.from(payload).toString());
        },
      },
    });
    await broker.start();
    onClose(() => broker.stop());
    const command = (text: string) => broker.publish(topicOf('gatewayCommand', 'gw-test'), text, { qos: 1 });
    return { broker, outcomes, command };
  }

  it('goes both ways over the same connection, beside the entries', async () => {
    const commands = guest();
    const { broker, outcomes, command } = await commandCloud();
    await uplinkTo(`mqtt://127.0.0.1:${broker.port}`, new MemoryJournal(), {}, undefined, commands);
    await until(() => expect(outcomes).toEqual(['{"ready":true}']));
    await command('{"id":"c1"}');
    await until(() => expect(commands.heard).toEqual(['{"id":"c1"}']));
    commands.say('{"commandId":"c1"}');
    await until(() => expect(outcomes).toEqual(['{"ready":true}', '{"commandId":"c1"}']));
  });

  it('tells the cloud when it ends', async () => {
    const { broker, outcomes } = await commandCloud();
    const uplink = await uplinkTo(
      `mqtt://127.0.0.1:${broker.port}`,
      new MemoryJournal(),
      {},
      undefined,
      guest(),
    );
    await until(() => expect(outcomes).toEqual(['{"ready":true}']));
    await uplink.stop();
    await until(() => expect(outcomes).toEqual(['{"ready":true}', '{"ready":false}']));
  });

  it('ends with the connection, and begins again with the next', async () => {
    const commands = guest();
    const { broker, outcomes } = await commandCloud();
    const { port } = broker;
    await uplinkTo(`mqtt://127.0.0.1:${port}`, new MemoryJournal(), {}, undefined, commands);
    await until(() => expect(outcomes).toHaveLength(1));
    await broker.stop();
    await until(() => expect(commands.isConnected()).toBe(false));
    const next = await commandCloud(port);
    await until(() => expect(next.outcomes).toEqual(['{"ready":true}']));
  });
});
