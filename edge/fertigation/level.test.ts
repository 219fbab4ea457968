import { describe, expect, it, vi } from 'vitest';
import { Rig } from './rig.suite.ts';

/** Runs of seconds take their time on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

/** Small tanks: one run tells. */
const CAPACITY_LITRES = 10;
/** Of tank A, as the cup was read; the pump truly gives 12 mL/s. */
const CALIBRATED = 13.2;

const rigged = () =>
  new Rig((farm) => {
    for (const tank of farm.heads?.[0]?.tanks ?? []) Object.assign(tank, { capacityLitres: CAPACITY_LITRES });
  }).ready(CAPACITY_LITRES, CALIBRATED);

/** mL that have left tank A since `before`, by one run. */
async function dosed(rig: Rig): Promise<number> {
  const before = rig.given(1);
  await rig.water();
  // And the zone rests.
  await rig.wait(2_100);
  return rig.given(1) - before;
}

const tankA = (rig: Rig) => rig.head().tanks[0] ?? expect.fail('there is no tank A');

describe('a tank that is read before it is filled up', () => {
  it('corrects the ledger and its pump, for good', async () => {
    const rig = await rigged();
    expect(tankA(rig)).toMatchObject({ rate: expect.closeTo(CALIBRATED), rateFactor: 1, stocktake: null });
    const truth = await dosed(rig);
    const litresBefore = CAPACITY_LITRES - truth / 1000;
    await rig.fertigation.filled('bon-a', { litres: CAPACITY_LITRES, litresBefore }, rig.person);
    expect(rig.journal.of('tank_fill').at(-1)).toMatchObject({
      litresBefore,
      capacityLitres: CAPACITY_LITRES,
    });
    // 12 of 13.2 mL/s.
    expect(tankA(rig).stocktake).toMatchObject({ drawnMillilitres: expect.closeTo(truth), doubt: null });
    expect(tankA(rig).stocktake?.ratio).toBeCloseTo(12 / 13.2, 2);
    expect(tankA(rig).rate).toBeCloseTo(12, 1);
    const [plot] = await rig.fertigation.nutrients();
    expect(plot?.season.kilograms.N).toBeCloseTo(((truth / 1000) * 15.5) / 1000, 6);
    expect(plot?.booked.N).toBeCloseTo((((truth * 1.1) / 1000) * 15.5) / 1000, 4);
    expect(rig.alarms).toEqual([]);

    const second = await dosed(rig);
    const [dose] = rig.journal.of('dose').slice(-1);
    const [a] = dose?.tanks ?? [];
    expect(a).toMatchObject({ tank: 'bon-a', rateFactor: expect.closeTo(12 / 13.2, 2) });
    expect((a?.millilitres ?? 0) / second).toBeCloseTo(1, 2);
    // The first by the cup, and so the second: limits count the worse.
    expect(tankA(rig).givenTodayMillilitres / (1.1 * (truth + second))).toBeCloseTo(1, 2);

    const shown = async () => [{ ...tankA(rig), calibration: null }, await rig.fertigation.nutrients()];
    const before = await shown();
    await rig.restart();
    await rig.wait(10);
    expect(await shown()).toEqual(before);
  });

  it('and was not as much as it should, tells people to look and leaves the books alone, until a reading is believed', async () => {
    const rig = await rigged();
    await dosed(rig);
    await rig.fertigation.filled('bon-a', { litres: CAPACITY_LITRES, litresBefore: 1 }, rig.person);
    expect(tankA(rig)).toMatchObject({
      ...{ rate: expect.closeTo(CALIBRATED), rateFactor: 1 },
      stocktake: { doubt: 'too_much_drawn' },
      doubt: { key: 'dose_stock_too_much', figures: { tank: 'bon-a', drawnLitres: 9 } },
    });
    const [plot] = await rig.fertigation.nutrients();
    expect(plot?.season.kilograms).toEqual(plot?.booked);
    expect(rig.alarms.map(({ reason }) => reason.key)).toEqual(['dose_stock_too_much']);
    // A dose that goes well clears what the head has raised, and this is none of it; nor does a start.
    await rig.restart();
    await rig.wait(10);
    const truth = await dosed(rig);
    expect(rig.alarms.map(({ reason }) => reason.key)).toEqual(['dose_stock_too_much']);
    const litresBefore = CAPACITY_LITRES - truth / 1000;
    await rig.fertigation.filled('bon-a', { litres: litresBefore, litresBefore }, rig.person);
    expect([tankA(rig).doubt, rig.alarms]).toEqual([null, []]);
  });

  it('while it is dosed from counts what the dose has taken by then', async () => {
    const rig = await rigged();
    const before = rig.given(1);
    await rig.water();
    await rig.wait(1_000);
    // Between two pulses.
    for (let second = 0; second < 60 && rig.running.length > 0; second++) await rig.wait(1);
    const litresBefore = CAPACITY_LITRES - (rig.given(1) - before) / 1000;
    await rig.fertigation.filled('bon-a', { litres: CAPACITY_LITRES, litresBefore }, rig.person);
    expect(tankA(rig).stocktake?.ratio).toBeCloseTo(12 / 13.2, 2);
  });

  it('takes no reading that cannot be, and says which field', async () => {
    const rig = await rigged();
    for (const [level, key, field] of [
      [{ litres: 5, litresBefore: 6 }, 'dose_tank_before_above_after', 'litresBefore'],
      [{ litres: 5, litresBefore: -1 }, 'dose_tank_overfull', 'litresBefore'],
      [{ litres: 11, litresBefore: 5 }, 'dose_tank_overfull', 'litres'],
      [{ litres: 5, litresBefore: Number.NaN }, 'dose_tank_overfull', 'litresBefore'],
    ] as const)
      expect(await rig.fertigation.filled('bon-a', level, rig.person)).toMatchObject({
        refused: { key, figures: { field } },
      });
    expect(tankA(rig).leftLitres).toBeLessThanOrEqual(CAPACITY_LITRES);
  });
});

it('a run that a person ends says what its flush lacks, and the next begins with a flush of its own', async () => {
  const rig = await rigged();
  // The pumps have run into cups.
  expect(rig.head().unflushedLitres).toBe(0);
  await rig.water();
  await rig.untilDosing();
  await rig.wait(60);
  await rig.irrigation.request('khu-1', { kind: 'stop' });
  await rig.wait(60);
  expect(rig.journal.of('dose').at(-1)?.why).toMatchObject({ key: 'dose_not_flushed' });
  expect(rig.head()).toMatchObject({ state: 'idle', unflushedLitres: expect.any(Number) });
  expect(rig.head().unflushedLitres).toBeGreaterThan(100);
});
