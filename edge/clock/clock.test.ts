import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startBoot, TestMachine } from './testing/boot.ts';
import type { ClockTrust } from './trust.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-clock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => join(root, String(++folders));

const TRUE = Date.UTC(2026, 10, 21, 10);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Boot = Awaited<ReturnType<typeof startBoot>>;

async function started(folder: string, machine: TestMachine, setting?: ClockTrust): Promise<Boot> {
  const boot = await startBoot(folder, machine, setting);
  onTestFinished(() => boot.stop());
  return boot;
}

/** A reading a minute; each carries the true minute it was taken in as its value, so that its date can be checked. */
async function run(boot: Boot, machine: TestMachine, minutes: number): Promise<void> {
  for (let n = 0; n < minutes; n++) {
    await boot.send({ soil_ph: minuteOf(machine.trueMs) });
    machine.pass(MINUTE);
  }
}
const minuteOf = (ms: number) => (ms - TRUE) / MINUTE / 1_000;

/** Every reading once, in order, at most so far from its true time. */
async function expectRight(boot: Boot, count: number, withinMs = SECOND): Promise<void> {
  await boot.settled();
  const points = await boot.points();
  expect(points).toHaveLength(count);
  expect(new Set(points.map(({ value }) => value)).size).toBe(count);
  for (const { atMs, value } of points)
    expect(Math.abs(atMs - (TRUE + value * 1_000 * MINUTE))).toBeLessThanOrEqual(withinMs);
  expect(points.map(({ value }) => value)).toEqual(
    points.map(({ value }) => value).toSorted((a, b) => a - b),
  );
  expect(points.every(({ quality }) => (quality & 32) === 0)).toBe(true);
}

async function ticks(boot: Boot, machine: TestMachine, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await boot.keeper.tick();
    machine.pass(SECOND);
  }
}

describe('a boot in 1970 without a time server', () => {
  it('holds its readings back, and delivers each at its true time when the time server comes', async () => {
    const machine = new TestMachine(TRUE, 7 * SECOND);
    const boot = await started(newFolder(), machine);
    expect(boot.keeper.state()).toMatchObject({ trusted: false, source: null });
    await run(boot, machine, 120);
    await boot.settled();
    expect(await boot.points()).toEqual([]);
    expect(boot.keeper.state().undated).toMatchObject([{ entries: 120, readings: 120 }]);
    machine.synchronize();
    await boot.keeper.tick();
    expect(boot.keeper.state()).toMatchObject({ trusted: true, source: 'system', undated: [] });
    await run(boot, machine, 5);
    await expectRight(boot, 125);
    expect(await boot.journal.records('clock', 10)).toMatchObject([
      { bootId: boot.journal.bootId, source: 'system' },
    ]);
  });

  it('is dated by the next start when the machine was on all the while', async () => {
    const machine = new TestMachine(TRUE, 0);
    const folder = newFolder();
    const first = await startBoot(folder, machine);
    await run(first, machine, 120);
    await first.settled();
    await first.stop();
    machine.pass(10 * MINUTE);
    const second = await started(folder, machine);
    await run(second, machine, 3);
    machine.synchronize();
    await ticks(second, machine, 11);
    await expectRight(second, 123);
  });

  it('that ended with a power cut does not hold up what comes later, and is dated by a person', async () => {
    const machine = new TestMachine(TRUE, 0);
    const folder = newFolder();
    const first = await startBoot(folder, machine);
    await run(first, machine, 120);
    await first.stop();
    machine.powerCut(3 * HOUR, 0);
    const second = await started(folder, machine);
    const { undated } = second.keeper.state();
    expect(undated).toMatchObject([{ readings: 120, latestStartMs: null }, { readings: 0 }]);
    const bootId = undated[0]?.bootId ?? '';
    await expect(second.keeper.release(bootId)).rejects.toThrow('Tell the time first');
    await run(second, machine, 2);
    machine.synchronize();
    await second.keeper.tick();
    await run(second, machine, 2);
    await second.settled();
    expect(await second.points()).toHaveLength(4);
    expect(second.keeper.state().undated).toMatchObject([{ bootId, readings: 120 }]);
    await expect(second.keeper.release(bootId, TRUE + DAY)).rejects.toThrow('began between 2025-01-01');
    await second.keeper.release(bootId, TRUE);
    await expectRight(second, 124);
    expect(second.keeper.state().undated).toEqual([]);
    await expect(second.keeper.release(bootId, TRUE)).rejects.toThrow('No readings');
  });

  it('is released without a start as late as it can have been: just before the machine was switched on again', async () => {
    const machine = new TestMachine(TRUE, 0);
    const folder = newFolder();
    const first = await startBoot(folder, machine);
    await run(first, machine, 60);
    const { bootId } = first.journal;
    await first.stop();
    machine.powerCut(10 * SECOND, 0);
    machine.synchronize();
    const second = await started(folder, machine);
    expect(second.keeper.state()).toMatchObject({ trusted: true });
    await second.keeper.release(bootId);
    // The last reading came a minute before the cut, and the cut took ten seconds.
    await expectRight(second, 60, MINUTE + 10 * SECOND);
  });

  it('is delivered once, and in the same way, when the gateway is killed between date and delivery', async () => {
    const machine = new TestMachine(TRUE, 0);
    const folder = newFolder();
    const first = await startBoot(folder, machine);
    await run(first, machine, 30);
    await first.settled();
    const { bootId } = first.journal;
    // The record is on the disk, and nothing else has happened yet.
    await first.journal.appendRecord({
      ...{ kind: 'clock', atMs: machine.trueMs, bootId, source: 'cloud' },
      ...{ provisionalMs: first.clock.nowMs(), utcMs: machine.trueMs },
    });
    await first.stop();
    machine.pass(MINUTE);
    const second = await started(folder, machine);
    await expectRight(second, 30);
    expect(second.keeper.state().undated).toHaveLength(1);
  });

  it('takes a device’s own time as it is, and what a person says', async () => {
    const machine = new TestMachine(TRUE, 0);
    const boot = await started(newFolder(), machine);
    for (let n = 0; n < 3; n++) {
      await boot.send({ time: new Date(machine.trueMs).toISOString(), soil_ph: minuteOf(machine.trueMs) });
      machine.pass(MINUTE);
      await run(boot, machine, 1);
    }
    await expect(boot.keeper.confirm(0)).rejects.toThrow('1970-01-01T00:00:00.000Z cannot be now');
    await boot.keeper.confirm(machine.trueMs + 30 * SECOND, true);
    await expectRight(boot, 6, 30 * SECOND);
    const exact = (await boot.points()).filter(
      ({ atMs, value }) => atMs === TRUE + Math.round(value * 1_000) * MINUTE,
    );
    expect(exact).toHaveLength(3);
  });

  it('is not dated by a cloud on the same machine, nor by one that is in the past', async () => {
    const machine = new TestMachine(TRUE, 0);
    const boot = await started(newFolder(), machine);
    boot.keeper.timeFrom('mqtt://127.0.0.1:1884')(machine.trueMs);
    boot.keeper.timeFrom('mqtt://cloud.example:1884')(Date.UTC(2024, 0, 1));
    expect(boot.keeper.state().trusted).toBe(false);
    boot.keeper.timeFrom('mqtt://cloud.example:1884')(machine.trueMs);
    expect(boot.keeper.state()).toMatchObject({ trusted: true, source: 'cloud' });
    await run(boot, machine, 2);
    // The machine's own clock is still wrong, and nobody asks it.
    await ticks(boot, machine, 120);
    await run(boot, machine, 2);
    await expectRight(boot, 4);
  });
});

describe('a clock that jumps while the gateway runs', () => {
  it.each([
    ['an hour forward', HOUR],
    ['an hour back', -HOUR],
    ['a year forward', 365 * DAY],
    ['a year back', -365 * DAY],
    ['to 1970', -TRUE],
  ])('%s changes nothing: every reading once, in order, at its true time', async (_, jumpMs) => {
    const machine = new TestMachine(TRUE);
    machine.facts = { sync: 'unsynchronized', batteryClockMs: null };
    const boot = await started(newFolder(), machine);
    for (let minute = 0; minute < 10; minute++) {
      if (minute === 3) machine.wallMs += jumpMs;
      await boot.send({ soil_ph: minuteOf(machine.trueMs) });
      await ticks(boot, machine, 60);
    }
    await expectRight(boot, 10);
    expect(Math.abs(boot.keeper.state().machineAheadMs - jumpMs)).toBeLessThan(SECOND);
  });

  it('is an alarm until the next start, which has a clock of its own', async () => {
    const standing = new Set<string>();
    const alarms = {
      raise: (_source: string, _severity: string, { key }: { key: string }) => void standing.add(key),
      clear: (_source: string, key: string) => void standing.delete(key),
    };
    const machine = new TestMachine(TRUE);
    machine.facts = { sync: 'unsynchronized', batteryClockMs: null };
    const folder = newFolder();
    const boot = await started(folder, machine);
    boot.keeper.watch(alarms);
    machine.wallMs += HOUR;
    await ticks(boot, machine, 120);
    expect([...standing]).toEqual(['clock_disagrees']);
    await boot.stop();
    machine.facts = { sync: 'unsynchronized' };
    machine.powerCut(HOUR, TRUE - DAY);
    const next = await started(folder, machine);
    next.keeper.watch(alarms);
    expect([...standing]).toEqual(['clock_untrusted']);
  });

  it('is followed forward on a time server’s word, with a record of it', async () => {
    const machine = new TestMachine(TRUE, TRUE - HOUR);
    machine.facts = { sync: 'unsynchronized', batteryClockMs: null };
    const boot = await started(newFolder(), machine);
    await run(boot, machine, 2);
    machine.synchronize();
    await boot.keeper.tick();
    await run(boot, machine, 2);
    await boot.settled();
    const points = await boot.points();
    expect(points.map(({ atMs }) => atMs - TRUE)).toEqual([-HOUR, MINUTE - HOUR, 2 * MINUTE, 3 * MINUTE]);
    expect(await boot.journal.records('clock', 10)).toMatchObject([{ utcMs: TRUE + 2 * MINUTE }]);
  });

  it('is followed back at half speed, so that the order stays', async () => {
    const machine = new TestMachine(TRUE, TRUE + 10 * MINUTE);
    machine.facts = { sync: 'unsynchronized', batteryClockMs: null };
    const boot = await started(newFolder(), machine);
    machine.synchronize();
    for (let minute = 0; minute < 25; minute++) {
      await boot.send({ soil_ph: minuteOf(machine.trueMs) });
      await ticks(boot, machine, 60);
    }
    await boot.settled();
    const points = await boot.points();
    const times = points.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(points.map(({ value }) => value)).toEqual(
      points.map(({ value }) => value).toSorted((a, b) => a - b),
    );
    expect(Math.abs((times.at(-1) ?? 0) - (TRUE + 24 * MINUTE))).toBeLessThan(SECOND);
  });
});
