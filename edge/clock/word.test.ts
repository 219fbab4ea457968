import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startBoot, TestMachine } from './testing/boot.ts';

const root = mkdtempSync(join(tmpdir(), 'nongtin-word-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;

const TRUE = Date.UTC(2026, 10, 21, 10);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const UNCERTAIN = 32;

/** A gateway that never asks its machine, whose clock says this. */
async function untrusted(wallMs = TRUE, folder = join(root, String(++folders))) {
  const machine = new TestMachine(TRUE, wallMs);
  const boot = await startBoot(folder, machine, 'untrusted');
  onTestFinished(() => boot.stop());
  let count = 0;
  return {
    ...{ machine, boot, folder, keeper: boot.keeper },
    /** A reading with its running number as value. */
    send: () => boot.send({ soil_ph: ++count / 1_000 }),
    stored: async () => {
      await boot.settled();
      const points = await boot.points();
      const shown = points.map(({ atMs, value, quality }) => [
        Math.round(value * 1_000),
        atMs - TRUE,
        quality,
      ]);
      return shown.sort(([a = 0], [b = 0]) => a - b);
    },
  };
}

describe('a time that a person tells', () => {
  it.each([
    ['of before this software', Date.UTC(2024, 0, 1), 'cannot be now'],
    ['of the next century', Date.UTC(2101, 0, 1), 'cannot be now'],
    ['ten years ahead', TRUE + 3_650 * DAY, '3650 days after 2026-11-21T10:00:00.000Z, the newest time'],
    ['32 days ahead', TRUE + 32 * DAY, '32 days after'],
  ])('%s is refused, and nothing changes', async (_, utcMs, words) => {
    const { keeper } = await untrusted();
    await expect(keeper.confirm(utcMs)).rejects.toThrow(words);
    expect(keeper.state()).toMatchObject({ trusted: false, told: null });
  });

  it('before the newest time known is refused, unless the person is sure', async () => {
    const first = await untrusted();
    await first.keeper.confirm(TRUE);
    await first.boot.stop();
    const { keeper } = await untrusted(TRUE - 10 * DAY, first.folder);
    await expect(keeper.confirm(TRUE - 10 * DAY)).rejects.toThrow(
      'is before 2026-11-21T10:00:00.000Z, the newest time this gateway knows of. Check date, hour and offset',
    );
    await keeper.confirm(TRUE - 10 * DAY, true);
    expect(keeper.state()).toMatchObject({ trusted: true, source: 'person' });
  });

  it('far from the machine’s clock waits ten minutes, in which a right one takes its place without a trace', async () => {
    const { keeper, boot, machine, send, stored } = await untrusted();
    await send();
    await keeper.confirm(TRUE + 20 * DAY);
    expect(keeper.state()).toMatchObject({ trusted: false, told: { atMs: TRUE + 20 * DAY } });
    machine.pass(9 * MINUTE);
    await send();
    await keeper.tick();
    expect(keeper.state().told).toMatchObject({ countsInSeconds: 60 });
    expect(await stored()).toEqual([]);
    await keeper.confirm(TRUE + 9 * MINUTE);
    await send();
    expect(await stored()).toEqual([
      [1, 0, 0],
      [2, 9 * MINUTE, 0],
      [3, 9 * MINUTE, 0],
    ]);
    expect(await boot.journal.records('clock', 10)).toHaveLength(1);
  });

  it.each(['after ten minutes', 'when it is told again'])(
    'far from the machine’s clock counts %s',
    async (when) => {
      const { keeper, machine, send, stored } = await untrusted(TRUE - 20 * DAY);
      await send();
      await keeper.confirm(TRUE, false);
      if (when === 'after ten minutes') {
        machine.pass(10 * MINUTE);
        await keeper.tick();
      } else await keeper.confirm(TRUE + 30 * SECOND);
      expect(keeper.state()).toMatchObject({ trusted: true, source: 'person', told: null });
      expect((await stored())[0]?.[2]).toBe(0);
    },
  );

  it('dates what waits although clock.json cannot be written, on a full disk say', async () => {
    const { keeper, folder, send, stored } = await untrusted();
    await send();
    expect(await stored()).toEqual([]);
    const file = join(folder, 'clock.json');
    rmSync(file);
    mkdirSync(file);
    await keeper.confirm(TRUE);
    expect(await stored()).toEqual([[1, 0, 0]]);
  });

  it('is overtaken by a time server while it waits', async () => {
    const machine = new TestMachine(TRUE, TRUE - 20 * DAY);
    const boot = await startBoot(join(root, String(++folders)), machine);
    onTestFinished(() => boot.stop());
    await boot.keeper.confirm(TRUE + 5 * DAY);
    machine.synchronize();
    await boot.keeper.tick();
    expect(boot.keeper.state()).toMatchObject({ trusted: true, source: 'system', told: null });
    await expect(boot.keeper.confirm(TRUE)).rejects.toThrow(
      "set the machine's time right and restart the gateway",
    );
  });
});

describe('a wrong time that counted', () => {
  it('is told again: the clock goes back, and what it dated is flagged', async () => {
    const { keeper, machine, boot, send, stored } = await untrusted();
    await send();
    machine.pass(MINUTE);
    await keeper.confirm(TRUE + DAY + MINUTE);
    await send();
    expect(await stored()).toEqual([
      [1, DAY, 0],
      [2, DAY + MINUTE, 0],
    ]);
    machine.pass(MINUTE);
    await keeper.confirm(TRUE + 2 * MINUTE);
    expect(boot.clock.nowMs()).toBe(TRUE + 2 * MINUTE);
    await send();
    expect(await stored()).toEqual([
      [1, DAY, UNCERTAIN],
      [2, DAY + MINUTE, UNCERTAIN],
      [3, 2 * MINUTE, 0],
    ]);
    expect(await boot.journal.records('clock', 10)).toMatchObject([
      { utcMs: TRUE + MINUTE, source: 'person' },
      { utcMs: TRUE + DAY + MINUTE, source: 'person' },
    ]);
  });

  it('is set right by the time server, also when that is a start later', async () => {
    const { keeper, boot, machine, folder, send, stored } = await untrusted();
    await send();
    await keeper.confirm(TRUE + DAY);
    await send();
    expect(await stored()).toHaveLength(2);
    await boot.stop();
    machine.pass(MINUTE);
    machine.synchronize();
    const later = await startBoot(folder, machine);
    onTestFinished(() => later.stop());
    await later.settled();
    expect((await later.points()).map(({ atMs, quality }) => [atMs - TRUE, quality])).toEqual([
      [DAY, UNCERTAIN],
      [DAY, UNCERTAIN],
    ]);
  });

  it('is set right by the cloud also after a power cut', async () => {
    const { keeper, boot, machine, folder, send } = await untrusted();
    await send();
    await keeper.confirm(TRUE + 20 * DAY, true);
    await boot.stop();
    machine.powerCut(MINUTE, TRUE - DAY);
    const later = await startBoot(folder, machine, 'untrusted');
    onTestFinished(() => later.stop());
    later.keeper.timeFrom('mqtts://cloud.example')(machine.trueMs);
    expect(later.clock.nowMs()).toBe(machine.trueMs);
    expect(later.keeper.state()).toMatchObject({ trusted: true, source: 'cloud' });
    const flags = async () => (await later.points()).map(({ quality }) => quality);
    await expect.poll(flags, { timeout: 10_000 }).toEqual([UNCERTAIN]);
  });

  it('by as much as a watch can be wrong is made up for without a flag, and without going back', async () => {
    const { keeper, machine, boot, send, stored } = await untrusted();
    await keeper.confirm(TRUE + 5 * MINUTE);
    await send();
    await keeper.confirm(TRUE);
    expect(boot.clock.nowMs()).toBe(TRUE + 5 * MINUTE);
    for (let minute = 0; minute < 12; minute++) {
      machine.pass(MINUTE);
      await send();
    }
    expect(boot.clock.nowMs()).toBe(TRUE + 12 * MINUTE);
    const points = await stored();
    expect(points.every(([, , quality]) => quality === 0)).toBe(true);
    const times = points.map(([, atMs = 0]) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});

it('whatever is told, and however often: every reading is stored once, flagged or in its place', async () => {
  const step = fc.oneof(
    fc.record({ tell: fc.constantFrom(-3, -1, 1, 3, 25).map((days) => days * DAY), isSure: fc.boolean() }),
    fc.record({ passMs: fc.constantFrom(SECOND, MINUTE, 11 * MINUTE) }),
    fc.constant({ send: true }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { keeper, machine, boot, send, stored } = await untrusted();
      const sent: number[] = [];
      const sendOne = async () => {
        sent.push(machine.trueMs - TRUE);
        await send();
      };
      for (const what of steps) {
        if ('send' in what) await sendOne();
        else if ('passMs' in what) machine.pass(what.passMs);
        else await keeper.confirm(machine.trueMs + what.tell, what.isSure).catch(() => {});
        await keeper.tick();
      }
      await keeper.confirm(machine.trueMs, true);
      await sendOne();
      const points = await stored();
      expect(points.map(([number]) => number)).toEqual(sent.map((_, at) => at + 1));
      const right = points.filter(([, , quality = 0]) => (quality & UNCERTAIN) === 0);
      for (const [number = 0, atMs] of right) expect(atMs).toBe(sent[number - 1]);
      await boot.stop();
    }),
    { numRuns: 12 },
  );
}, 120_000);
