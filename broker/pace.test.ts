import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { Pace } from './pace.ts';
import { connectFrame, Farm, frame, RecordingHook, text, until } from './testing/farm.ts';

let farm: Farm | undefined;
afterEach(async () => {
  await farm?.close();
  farm = undefined;
});

it('lets a client send no more than its rate, but for what it may send at once', () => {
  const chunk = fc.record({ packets: fc.integer({ min: 1, max: 500 }), restMs: fc.nat(2_000) });
  fc.assert(
    fc.property(fc.array(chunk, { minLength: 1, maxLength: 60 }), (chunks) => {
      let nowMs = 0;
      let sent = 0;
      const pace = new Pace(100, () => nowMs);
      for (const { packets, restMs } of chunks) {
        nowMs += restMs;
        const waitMs = pace.spend(packets);
        sent += packets;
        nowMs += waitMs;
        // Whatever was let through until now, the allowance of this time and one burst cover it.
        expect(sent).toBeLessThanOrEqual((nowMs / 1_000) * 100 + 200 + 1e-6);
        if (sent <= 200) expect(waitMs).toBe(0);
      }
    }),
  );
});

it('makes one that floods wait, loses nothing of what it said, and lets the others pass', async () => {
  const hook = new RecordingHook();
  const at = await Farm.open(hook, { messagesPerSecond: 2_000 });
  farm = at;
  const flood = await at.socket();
  flood.write(connectFrame('valve-1', 'flood'));
  await once(flood, 'data');
  const message = (id: number) =>
    frame(
      0x32,
      Buffer.concat([
        text('nongtin/v1/valve-1/readings'),
        Buffer.from([id >> 8, id & 255]),
        Buffer.from(`{"flow":${id}}`),
      ]),
    );
  const COUNT = 7_000;
  for (let id = 1; id <= COUNT; id += 1) flood.write(message(id));
  await until(() => at.broker.stats().refused.too_fast > 0);
  const calm = await at.client('valve-2');
  await calm.publishAsync('nongtin/v1/valve-2/readings', '{}', { qos: 1 });
  await until(() => hook.messages.length === COUNT + 1);
  const told = at.broker.stats().lastRefusals.filter(({ cause }) => cause === 'too_fast');
  expect(told).toMatchObject([{ identity: 'valve-1' }]);
});
