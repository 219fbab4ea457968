import { afterEach, describe, expect, it } from 'vitest';
import { Farm, ManualHook, until } from './testing/farm.ts';

let farm: Farm | undefined;

afterEach(async () => {
  await farm?.close();
  farm = undefined;
});

describe('who may connect', () => {
  it('refuses a wrong password with "bad user name or password"', async () => {
    farm = await Farm.open();
    await expect(farm.client('valve-1', { password: 'guess' })).rejects.toMatchObject({ code: 4 });
    expect(farm.broker.stats().refused.wrong_password).toBe(1);
    expect(farm.broker.stats().lastRefusals.at(-1)).toMatchObject({
      identity: 'valve-1',
      cause: 'wrong_password',
    });
  });
});

describe('what an acknowledgement means', () => {
  it('sends PUBACK only when the hook has the message', async () => {
    const hook = new ManualHook();
    farm = await Farm.open(hook);
    const client = await farm.client('valve-1', { clientId: 'mine' });
    let acknowledged = false;
    const ack = client.publishAsync('nongtin/v1/valve-1/readings', '{}', { qos: 1 }).then(() => {
      acknowledged = true;
    });
    await hook.called(1);
    await farm.broker.publish('nongtin/v1/valve-1/valve/command', 'x');
    expect(acknowledged).toBe(false);
    hook.commit();
    await ack;
    expect(hook.messages[0]).toMatchObject({
      identity: { id: 'valve-1', role: 'device' },
      clientId: 'mine',
      topic: 'nongtin/v1/valve-1/readings',
      qos: 1,
      dup: false,
    });
  });

  it('takes 1,000 messages in flight on one connection in a few commits', async () => {
    const hook = new ManualHook();
    farm = await Farm.open(hook);
    const client = await farm.client('valve-1');
    const acks = Array.from({ length: 1000 }, (_, n) =>
      client.publishAsync('nongtin/v1/valve-1/readings', `{"seq":${n}}`, { qos: 1 }),
    );
    let commits = 0;
    let acked = 0;
    for (const ack of acks)
      ack.then(() => {
        acked += 1;
      });
    while (acked < acks.length) {
      await until(() => hook.waiting > 0 || acked === acks.length);
      if (hook.waiting > 0) commits += 1;
      hook.commit();
      await new Promise(setImmediate);
    }
    expect(commits).toBeLessThan(100);
  });
});
