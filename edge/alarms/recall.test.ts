import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeReading, quality, type Reading, seriesTimeNs } from '@nongtin/broker/wire';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { demoFarm } from '../farm/demo.ts';
import type { Farm } from '../farm/layout.ts';
import { type OpenJournal, openJournal } from '../journal/index.ts';
import { recall } from './recall.ts';
import { AlarmRig, HOUR, MINUTE } from './rig.suite.ts';
import type { AlarmCondition } from './rule-schema.ts';
import { RuleWatch } from './rules.ts';

const hot: AlarmCondition = {
  ...{ id: 'hot', metric: 'air_temperature', device: 'weather', comparison: 'above', limit: 35, deadBand: 2 },
  ...{ onDelaySeconds: 600, offDelaySeconds: 300, priority: 'high' },
};

/** Readings that are judged and kept in a real journal, by a gateway that is killed and started again. */
async function gateway(...alarms: AlarmCondition[]) {
  const folder = mkdtempSync(join(tmpdir(), 'nongtin-recall-'));
  const rig = new AlarmRig();
  const farm: Farm = { ...demoFarm(), alarms };
  const logger = pino({ enabled: false });
  let journal: OpenJournal | undefined;
  let watch = new RuleWatch({ alarms: rig.alarms });
  const begin = async () => {
    await journal?.stop();
    const paths = { path: join(folder, 'journal.sqlite'), keyPath: join(folder, 'key.pem') };
    journal = openJournal({ ...paths, clock: rig.clock, logger });
    await journal.start();
    // As each start begins.
    const atMs = rig.clock.nowMs();
    await journal.appendRecord({
      ...{ kind: 'boot', atMs, gateway: 'gw', publicKey: journal.publicKeyHex, softwareVersion: '0' },
    });
    watch = new RuleWatch({ alarms: rig.alarms });
    watch.follow(farm);
    if (watch.longestDelayMs > 0)
      watch.resume(
        await recall(journal, watch.delayedMetrics, watch.longestDelayMs),
        rig.clock.monotonicMs(),
      );
  };
  await begin();
  onTestFinished(async () => {
    await journal?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    rig,
    async say(value: number, bits = 0) {
      const atMs = rig.clock.nowMs();
      const reading: Reading = {
        ...{ metric: 'air_temperature', device: 'weather', channel: '', value, quality: bits },
        ...{ receivedAtMs: atMs, timeNs: seriesTimeNs(atMs, journal?.nextRunningNumber(1) ?? 0) },
      };
      watch.onReadings([reading]);
      const lines = encodeReading(reading);
      const keys = new Uint8Array(8);
      await journal?.appendReadings({ lines, count: 1, firstAtMs: atMs, lastAtMs: atMs, keys });
    },
    /** Off for so long. */
    async restart(offMs: number) {
      rig.clock.passedMs += offMs;
      await rig.restart();
      await begin();
    },
    state: () => rig.of('weather', 'hot')?.state,
  };
}

it('an on-delay that has run for nine of its ten minutes when the gateway is killed takes one more', async () => {
  const farm = await gateway(hot);
  await farm.say(36);
  farm.rig.pass(5 * MINUTE);
  await farm.say(37);
  farm.rig.pass(4 * MINUTE);
  await farm.say(36.5);
  await farm.restart(30_000);
  farm.rig.pass(MINUTE - 5_000);
  expect(farm.rig.open(), 'nobody knows what was while it was off').toEqual([]);
  farm.rig.pass(5_000);
  expect(farm.rig.open()).toMatchObject([
    { reason: { figures: { value: 36.5 } }, rule: { id: 'hot', readings: [{ value: 36 }, { value: 36.5 }] } },
  ]);
});

it('the time that it was off counts once the next reading says that it is still so', async () => {
  const farm = await gateway(hot);
  await farm.say(36);
  farm.rig.pass(6 * MINUTE);
  await farm.say(36);
  await farm.restart(5 * MINUTE);
  expect(farm.rig.open()).toEqual([]);
  await farm.say(36);
  expect(farm.state()).toBe('active');
});

it('begins anew when the next reading says that it is over, when one is in doubt, and after a long pause', async () => {
  const over = await gateway(hot);
  await over.say(36);
  over.rig.pass(9 * MINUTE);
  await over.say(36);
  await over.restart(1_000);
  await over.say(20);
  await over.say(36);
  over.rig.pass(9 * MINUTE);
  expect(over.rig.open()).toEqual([]);

  const doubt = await gateway(hot);
  await doubt.say(36);
  doubt.rig.pass(9 * MINUTE);
  await doubt.say(60, quality.jump);
  await doubt.restart(1_000);
  doubt.rig.pass(9 * MINUTE);
  expect(doubt.rig.open()).toEqual([]);

  const late = await gateway(hot);
  await late.say(36);
  late.rig.pass(9 * MINUTE);
  await late.say(36);
  await late.restart(2 * HOUR);
  await late.say(36);
  late.rig.pass(9 * MINUTE);
  expect(late.rig.open(), 'of two hours ago nobody can say').toEqual([]);
});

it('an off-delay goes on over a restart, and what is within the dead band changes nothing', async () => {
  const farm = await gateway({ ...hot, onDelaySeconds: 0 });
  await farm.say(36);
  await farm.say(30);
  farm.rig.pass(4 * MINUTE);
  await farm.say(34);
  await farm.restart(10_000);
  expect(farm.state()).toBe('active');
  farm.rig.pass(MINUTE);
  expect(farm.state()).toBe('cleared');
});

it('several restarts in a row, and a clock that was set back, lose nothing of what ran before', async () => {
  const farm = await gateway(hot);
  await farm.say(36);
  farm.rig.pass(4 * MINUTE);
  await farm.say(36);
  await farm.restart(20_000);
  await farm.restart(20_000);
  farm.rig.clock.setMs -= 3 * 24 * HOUR;
  await farm.restart(20_000);
  farm.rig.pass(4 * MINUTE);
  await farm.say(36);
  await farm.restart(20_000);
  farm.rig.pass(2 * MINUTE);
  expect(farm.state()).toBe('active');
});

it('finds what it needs however much else the journal holds', async () => {
  const farm = await gateway(hot);
  await farm.say(36);
  for (let n = 0; n < 600; n++) await farm.say(36 + (n % 7) / 10);
  farm.rig.pass(9 * MINUTE);
  await farm.say(36);
  await farm.restart(1_000);
  farm.rig.pass(MINUTE);
  expect(farm.state()).toBe('active');
});
