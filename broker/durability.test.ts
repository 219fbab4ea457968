import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  closed,
  connectFrame,
  frame,
  ManualHook,
  nextMessage,
  openFarm,
  RecordingHook,
  rawSession,
  text,
  until,
} from './testing/farm.ts';

const READINGS = 'nongtin/v1/valve-1/readings';
const COMMAND = 'nongtin/v1/valve-1/valve/command';

describe('an acknowledgement', () => {
  it('names the connection a message came over, anew after each reconnect', async () => {
    const hook = new RecordingHook();
    const { client } = await openFarm(hook);
    for (const seq of [1, 2]) {
      const valve = await client('valve-1', { clientId: 'mine' });
      await valve.publishAsync(READINGS, `{"seq":${seq}}`, { qos: 1 });
      await valve.publishAsync(READINGS, `{"seq":${seq},"again":1}`, { qos: 1 });
      await valve.endAsync();
    }
    const [first, sameAsFirst, second] = hook.messages.map(({ connectionId }) => connectionId);
    expect(first).toBeDefined();
    expect(sameAsFirst).toBe(first);
    expect(second).not.toBe(first);
  });

  it.each([1, 2] as const)('of QoS %d goes out only when the hook has the message', async (qos) => {
    const hook = new ManualHook();
    const { broker, client } = await openFarm(hook);
    const valve = await client('valve-1', { clientId: 'mine' });
    await valve.subscribeAsync(COMMAND);
    let isAcknowledged = false;
    const ack = valve.publishAsync(READINGS, '{"seq":1}', { qos }).then(() => {
      isAcknowledged = true;
    });
    await hook.called(1);
    // A message the other way shows that the broker had time to answer.
    const heard = nextMessage(valve);
    await broker.publish(COMMAND, 'x');
    await heard;
    expect(isAcknowledged).toBe(false);
    expect(broker.stats().waitingForHook).toBe(1);
    hook.commit();
    await ack;
    expect(hook.messages).toHaveLength(1);
    expect(hook.messages[0]).toMatchObject({
      identity: { id: 'valve-1', role: 'device' },
      clientId: 'mine',
      topic: READINGS,
      qos,
      dup: false,
      retain: false,
    });
    expect(Buffer.from(hook.messages[0]?.payload ?? []).toString()).toBe('{"seq":1}');
    expect(broker.stats().publishReceived[qos]).toBe(1);
  });

  it('never comes when the hook fails: the connection is dropped instead', async () => {
    const hook = new ManualHook();
    const { broker, client } = await openFarm(hook);
    const valve = await client('valve-1');
    const end = closed(valve);
    let isAcknowledged = false;
    valve.publish(READINGS, '{}', { qos: 1 }, (error) => {
      isAcknowledged = !error;
    });
    await hook.called(1);
    hook.fail();
    await end;
    expect(isAcknowledged).toBe(false);
    expect(broker.stats().refused.not_durable).toBe(1);
  });

  it('is still sent for what the hook has when the broker stops', async () => {
    const hook = new ManualHook();
    const { broker, client } = await openFarm(hook, { drainMs: 5_000 });
    const valve = await client('valve-1');
    const ack = valve.publishAsync(READINGS, '{}', { qos: 1 });
    await hook.called(1);
    const stopped = broker.stop();
    hook.commit();
    await Promise.all([ack, stopped]);
  });

  it('does not hold a stop for ever', async () => {
    const hook = new ManualHook();
    const { broker, client } = await openFarm(hook, { drainMs: 20 });
    const valve = await client('valve-1');
    valve.publish(READINGS, '{}', { qos: 1 });
    await hook.called(1);
    await broker.stop();
    expect(hook.waiting).toBe(1);
  });
});

describe('many messages', () => {
  it('of one connection share a commit: 1,000 in flight need a few', async () => {
    const hook = new ManualHook();
    const { client } = await openFarm(hook);
    const valve = await client('valve-1');
    let acknowledged = 0;
    for (let seq = 0; seq < 1_000; seq += 1) {
      valve.publish(READINGS, `{"seq":${seq}}`, { qos: 1 }, () => {
        acknowledged += 1;
      });
    }
    let commits = 0;
    while (acknowledged < 1_000) {
      await until(() => hook.waiting > 0 || acknowledged === 1_000);
      if (hook.waiting > 0) commits += 1;
      hook.commit();
    }
    const order = hook.messages.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()).seq);
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, seq) => seq));
    // One read of the socket (64 KiB) is handed on at once; what comes meanwhile is the next one.
    expect(commits).toBeLessThan(50);
  });

  it('of other connections do not wait for one that waits', async () => {
    const hook = new ManualHook();
    const { client } = await openFarm(hook);
    const one = await client('valve-1');
    const other = await client('valve-2');
    one.publish(READINGS, '{}', { qos: 1 });
    await hook.called(1);
    other.publish('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
    await hook.called(2);
    expect(hook.waiting).toBe(2);
  });

  it('of QoS 0 reach the hook too', async () => {
    const hook = new RecordingHook();
    const { client } = await openFarm(hook);
    const valve = await client('valve-1');
    for (let n = 0; n < 100; n += 1) valve.publish(READINGS, `${n}`);
    await until(() => hook.messages.length === 100);
    expect(hook.messages[0]).toMatchObject({ qos: 0, packetId: undefined });
  });
});

describe('messages sent together with CONNECT, before its answer', () => {
  it('are all taken when the password is right', async () => {
    const hook = new RecordingHook();
    const { socket } = await openFarm(hook);
    const publish = frame(0x32, Buffer.concat([text(READINGS), Buffer.from([0, 1]), Buffer.from('{}')]));
    const hasty = await socket();
    hasty.write(Buffer.concat([connectFrame('valve-1', 'hasty'), ...Array<Buffer>(200).fill(publish)]));
    await until(() => hook.messages.length === 200);
  });

  it('are all forgotten when it is wrong', async () => {
    const hook = new RecordingHook();
    const { socket } = await openFarm(hook);
    const publish = frame(0x32, Buffer.concat([text(READINGS), Buffer.from([0, 1]), Buffer.from('{}')]));
    const hasty = await socket();
    hasty.resume();
    hasty.write(Buffer.concat([connectFrame('valve-1', 'hasty', 'guess'), publish]));
    await once(hasty, 'close');
    expect(hook.messages).toEqual([]);
  });
});

describe('a QoS 2 message', () => {
  const publish = (dup: boolean) =>
    frame(0x34 | (dup ? 8 : 0), Buffer.concat([text(READINGS), Buffer.from([0, 7]), Buffer.from('{}')]));
  const PUBREC = '50020007';
  const PUBREL = Buffer.from('62020007', 'hex');

  it('reaches the hook once when it is sent again after a lost PUBREC', async () => {
    const hook = new RecordingHook();
    const open = await openFarm(hook);
    const first = await rawSession(open);
    first.socket.write(publish(false));
    await first.has(PUBREC);
    first.socket.destroy();
    const second = await rawSession(open);
    second.socket.write(publish(true));
    await second.has(PUBREC);
    second.socket.write(PUBREL);
    await second.has('70020007');
    expect(hook.messages).toHaveLength(1);
  });

  it('reaches the hook once when it is sent again while the first is not yet durable', async () => {
    const hook = new ManualHook();
    const open = await openFarm(hook);
    const first = await rawSession(open);
    first.socket.write(publish(false));
    await hook.called(1);
    const end = once(first.socket, 'close');
    const second = await rawSession(open);
    await end;
    second.socket.write(publish(true));
    await until(() => open.broker.stats().publishReceived[2] === 2);
    hook.commit();
    await second.has(PUBREC);
    expect(hook.messages).toHaveLength(1);
  });

  it('is a new one when its packet id comes again after PUBCOMP', async () => {
    const hook = new RecordingHook();
    const open = await openFarm(hook);
    const { socket, has } = await rawSession(open);
    socket.write(publish(false));
    await has(PUBREC);
    socket.write(PUBREL);
    await has('70020007');
    socket.write(publish(false));
    await until(() => hook.messages.length === 2);
  });
});

describe('a last will', () => {
  const will = {
    topic: 'nongtin/v1/valve-1/status',
    payload: Buffer.from('offline'),
    qos: 1,
    retain: true,
  } as const;

  it('reaches the hook once, under the identity of the dead client', async () => {
    const hook = new RecordingHook();
    const { client } = await openFarm(hook);
    const valve = await client('valve-1', { will });
    valve.stream.destroy();
    await until(() => hook.messages.length > 0);
    await client('valve-2');
    expect(hook.messages).toHaveLength(1);
    expect(hook.messages[0]).toMatchObject({
      identity: { id: 'valve-1' },
      topic: will.topic,
      packetId: undefined,
    });
  });

  it('is not spoken when the client says goodbye, nor when it is the broker that stops', async () => {
    const hook = new RecordingHook();
    const { broker, client } = await openFarm(hook);
    await (await client('valve-1', { will })).endAsync();
    await client('valve-1', { will });
    await broker.stop();
    expect(hook.messages).toEqual([]);
  });
});
