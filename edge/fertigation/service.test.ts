import { quality } from '@nongtin/broker/wire';
import { describe, expect, it } from 'vitest';
import { Rig } from './rig.suite.ts';

const doses = (rig: Rig) => rig.journal.of('dose');

describe('a head', () => {
  it('tells every pump to stop at the start, and what it may run for when somebody switches it on by hand', async () => {
    const rig = await new Rig().start();
    for (const output of [1, 2, 3]) {
      expect(rig.sent).toContainEqual([`cmnd/bom-phan/Power${output}`, 'OFF']);
      expect(rig.sent).toContainEqual(['cmnd/bom-phan/Backlog0', `PowerOnState 0;PulseTime${output} 50`]);
    }
  });

  it('doses the water of a zone by its meter, and records who got what', async () => {
    const rig = await new Rig().ready();
    await rig.water();
    await rig.wait(1_300);
    // 1,200 L less the flushes of 100 and 150 L, at 2,000 mL/m³.
    expect(rig.given(1) - 2 * 10 * rig.rate).toBeGreaterThan(1_700);
    expect(rig.given(1) - 2 * 10 * rig.rate).toBeLessThan(2_000);
    const [dose = expect.fail('there is no dose')] = doses(rig);
    expect(dose).toMatchObject({ head: 'cham-phan', recipe: 'deu', why: { key: 'dose_complete' } });
    expect(dose.zones).toMatchObject([{ zone: 'khu-1', plot: 'lo-1', share: 1, hectares: 0.25 }]);
    expect(dose).toMatchObject({ ec: expect.closeTo(1.225), ph: expect.closeTo(6.4), isUpperBound: false });
    const [a = expect.fail('nothing of tank A')] = dose.tanks;
    expect(a.millilitres).toBeCloseTo(rig.given(1) - 2 * 10 * rig.rate, 0);
    expect(a.leftMillilitres).toBeCloseTo(200_000 - a.millilitres, 0);
    expect(a.gramsPerLitre).toMatchObject({ N: expect.closeTo(15.5) });
    expect(rig.head()).toMatchObject({ state: 'idle', reason: null, dose: null });
    expect(rig.head().tanks[0]).toMatchObject({
      leftLitres: expect.closeTo((a.leftMillilitres ?? 0) / 1000),
    });
    const [plot] = await rig.fertigation.nutrients();
    expect(plot?.season.kilograms.N).toBeCloseTo(((a.millilitres / 1000) * 15.5) / 1000, 3);
    expect(plot).toMatchObject({ doses: 1, upperBounds: 0, planKilogramsPerHectare: { N: 120 } });
  });

  it('writes down what it may give before it gives it', async () => {
    const rig = await new Rig().ready();
    await rig.water();
    rig.journal.isStuck = true;
    await rig.wait(400);
    expect(rig.given(1)).toBe(2 * 10 * rig.rate);
    rig.journal.isStuck = false;
  });

  it.each<[string, (rig: Rig) => unknown]>([
    ['a person closes the zone', (rig) => rig.irrigation.request('khu-1', { kind: 'stop' })],
    ['the meter says that no water flows', (rig) => rig.says('flow', 'dong-ho', 0)],
    ['the flow is that of a burst pipe', (rig) => rig.says('flow', 'dong-ho', 300)],
    ['the valve says that it is closed', (rig) => rig.says('valve_open', 'van-1', 0, { channel: 'POWER1' })],
    ['a person stops the head', (rig) => rig.fertigation.stopDosing('cham-phan', rig.person)],
    ['the gateway stops', (rig) => rig.fertigation.stop()],
    ['an EC probe is flagged', (rig) => rig.says('water_ec', 'do-ec-1', 1.2, { quality: quality.jump })],
    ['two probes differ', (rig) => rig.says('water_ec', 'do-ec-2', 2.4)],
    ['pH leaves its range', (rig) => rig.says('water_ph', 'do-ph', 9)],
  ])('stops its pump in the turn in which %s', async (_what, happen) => {
    const rig = await new Rig().ready();
    await rig.water();
    await rig.untilDosing();
    const [output] = rig.running.map((name) => name.split('/')[1]);
    const before = rig.sent.length;
    happen(rig);
    // No await in between; and before the valve is told to close.
    expect(rig.sent[before]).toEqual([`cmnd/bom-phan/Power${output}`, 'OFF']);
    expect(rig.running).toEqual([]);
    const given = rig.given(1) + rig.given(2);
    await rig.wait(1);
    expect(rig.given(1) + rig.given(2)).toBe(given);
  });

  it('stays stopped over a restart and the next run, until a person lets it go on', async () => {
    const rig = await new Rig().ready();
    await rig.water();
    await rig.untilDosing();
    rig.fertigation.stopDosing('cham-phan', rig.person);
    const given = rig.given(1);
    await rig.restart();
    await rig.wait(700);
    await rig.water(600);
    await rig.wait(500);
    expect(rig.given(1)).toBe(given);
    expect(rig.head()).toMatchObject({ state: 'stopped', reason: { key: 'dose_stopped_by_person' } });
    await rig.fertigation.resume('cham-phan', rig.person);
    await rig.wait(800);
    await rig.water(1_200);
    await rig.wait(600);
    expect(rig.given(1)).toBeGreaterThan(given);
  });

  it('goes on being stopped when somebody stops it while another’s word is not on the disk yet', async () => {
    const rig = await new Rig().ready();
    rig.fertigation.stopDosing('cham-phan', rig.person);
    const resumed = rig.fertigation.resume('cham-phan', rig.person);
    rig.fertigation.stopDosing('cham-phan', rig.person);
    await resumed;
    expect(rig.head().state).toBe('stopped');
    await rig.restart();
    expect(rig.head().state).toBe('stopped');
  });

  it('locks itself when a pump stays silent, over a restart too, until a person has looked', async () => {
    const rig = await new Rig().ready();
    const pump = rig.relay('bom-phan/1');
    Object.defineProperty(pump, 'isOn', { get: () => false, set: () => {} });
    rig.says = new Proxy(rig.says, {
      apply: (say, self, args) =>
        args[0] === 'valve_open' && args[1] === 'bom-phan' ? undefined : Reflect.apply(say, self, args),
    });
    await rig.water();
    await rig.wait(400);
    expect(rig.head()).toMatchObject({ state: 'locked', reason: { key: 'dose_pump_silent' } });
    expect(rig.alarms.map(({ reason }) => reason.key)).toContain('dose_pump_silent');
    await rig.restart();
    expect(rig.head().state).toBe('locked');
    expect(await rig.fertigation.unlock('cham-phan', rig.person)).toMatchObject({
      done: { head: 'cham-phan' },
    });
    expect(rig.head().state).not.toBe('locked');
    expect(rig.alarms.map(({ reason }) => reason.key)).not.toContain('dose_pump_silent');
    expect(await rig.fertigation.unlock('cham-phan', rig.person)).toMatchObject({
      refused: { key: 'dose_not_locked' },
    });
  });

  it('counts what it may have given when the plug is pulled, and holds the limits of run and day', async () => {
    const rig = new Rig((farm) => {
      for (const tank of farm.heads?.[0]?.tanks ?? [])
        Object.assign(tank, { perRunMillilitres: 500, perDayMillilitres: 900 });
    });
    await rig.ready();
    const cups = rig.given(1);
    for (let run = 0; run < 5; run++) {
      await rig.water(1_200);
      await rig.wait(250);
      await rig.restart();
      await rig.wait(700);
    }
    expect(rig.given(1) - cups).toBeGreaterThan(100);
    expect(rig.given(1) - cups).toBeLessThanOrEqual(900);
    expect(doses(rig).some(({ isUpperBound }) => isUpperBound)).toBe(true);
    const recorded = doses(rig).flatMap(({ tanks }) => tanks.filter(({ tank }) => tank === 'bon-a'));
    expect(recorded.reduce((sum, one) => sum + one.millilitres, 0)).toBeGreaterThanOrEqual(
      rig.given(1) - cups,
    );
    const least = recorded.reduce((sum, one) => sum + (one.leastMillilitres ?? one.millilitres), 0);
    expect(least).toBeLessThanOrEqual(rig.given(1) - cups);
    expect(rig.head().tanks[0]?.givenTodayMillilitres).toBeLessThanOrEqual(900);
  });

  it('that is laid out otherwise begins anew, and one that is gone is told to stop', async () => {
    const rig = await new Rig().ready();
    await rig.water();
    await rig.untilDosing();
    const { heads: _, recipes: __, ...without } = rig.farm;
    const plots = rig.farm.plots.map(({ fertigation: _, ...plot }) => plot);
    rig.fertigation.follow({ ...without, plots });
    expect(rig.running).toEqual([]);
    expect(rig.fertigation.views()).toEqual([]);
    await rig.wait(30);
    expect(rig.running).toEqual([]);
  });
});

it('a dose that the gateway’s end cuts off is recorded with what it gave at most, and counted by the next start', async () => {
  const rig = await new Rig().ready();
  await rig.water();
  await rig.untilDosing();
  await rig.wait(60);
  const cups = 2 * 10 * rig.rate;
  await rig.fertigation.stop();
  const [dose = expect.fail('there is no dose')] = doses(rig);
  expect(dose).toMatchObject({ isUpperBound: true, why: { key: 'dose_cut_off' } });
  const [a] = dose.tanks;
  expect(a?.millilitres).toBeGreaterThanOrEqual(rig.given(1) - cups);
  expect(a?.millilitres).toBeLessThanOrEqual(rig.given(1) - cups + 5 * rig.rate);
  await rig.restart();
  expect(rig.head().tanks[0]?.givenTodayMillilitres).toBeCloseTo(a?.millilitres ?? 0);
  expect(doses(rig)).toHaveLength(1);
});

describe('a tank', () => {
  it('that is nearly empty is not dosed below nothing', async () => {
    const rig = await new Rig().ready();
    await rig.fertigation.filled('bon-a', { litres: 0.3 }, rig.person);
    const before = rig.given(1);
    await rig.water();
    await rig.wait(1_000);
    expect(rig.given(1) - before).toBeLessThanOrEqual(300);
    expect(rig.alarms.map(({ reason }) => reason.key)).toContain('dose_limit_tank');
  });

  it('takes no more than it holds', async () => {
    const rig = await new Rig().ready();
    for (const litres of [-1, 201, Number.NaN])
      expect(await rig.fertigation.filled('bon-a', { litres }, rig.person)).toMatchObject({
        refused: { key: 'dose_tank_overfull' },
      });
    expect(await rig.fertigation.filled('bon-x', { litres: 1 }, rig.person)).toBeUndefined();
  });
});

describe('a calibration', () => {
  it('is two runs that agree, and is in force at once and after a restart', async () => {
    const rig = await new Rig().start();
    await rig.wait(10);
    expect(rig.head().tanks[0]?.rate).toBeNull();
    expect(await rig.cup('bon-a', 120)).toMatchObject({
      done: { stage: 'again', reason: { key: 'dose_calibration_second' } },
    });
    expect(await rig.cup('bon-a', 150)).toMatchObject({
      done: { stage: 'again', reason: { key: 'dose_calibration_spread' } },
    });
    expect(await rig.cup('bon-a', 146)).toMatchObject({ done: { stage: 'done', rate: 14.8 } });
    expect(rig.head().tanks[0]?.rate).toBe(14.8);
    expect(rig.journal.of('dose_calibration')).toMatchObject([{ tank: 'bon-a', millilitresPerSecond: 14.8 }]);
    await rig.restart();
    expect(rig.head().tanks[0]?.rate).toBe(14.8);
  });

  it('of another pump counts for nothing', async () => {
    const rig = await new Rig().ready();
    const [tank] = rig.farm.heads?.[0]?.tanks ?? [];
    Object.assign(tank ?? {}, { pump: { valve: { family: 'tasmota', device: 'bom-moi', output: 1 } } });
    await rig.restart();
    expect(rig.head().tanks.map(({ rate }) => rate)).toEqual([null, rig.rate, null]);
  });

  it('stops at once when the person ends it, and that run is not measured', async () => {
    const rig = await new Rig().start();
    await rig.wait(10);
    const begun = rig.fertigation.calibrate('bon-a', 60);
    expect(rig.running).toEqual(['bom-phan/1']);
    await rig.wait(3);
    rig.fertigation.endCalibration('bon-a');
    expect(rig.running).toEqual([]);
    await rig.wait(3);
    const calibrationId = begun && 'done' in begun ? begun.done.calibrationId : '';
    expect(
      await rig.fertigation.measured('bon-a', { calibrationId, millilitres: 30 }, rig.person),
    ).toMatchObject({
      refused: { key: 'dose_calibration_not_run' },
    });
  });

  it('does not begin while water flows, and one that runs stops when a valve has proven its water', async () => {
    const rig = await new Rig().start();
    await rig.wait(10);
    await rig.water();
    expect(rig.fertigation.calibrate('bon-a', 10)).toMatchObject({
      refused: { key: expect.stringMatching(/^dose_calibration_/) },
    });
    expect(rig.fertigation.calibrate('bon-a', 3)).toMatchObject({
      refused: { key: 'dose_calibration_seconds' },
    });
    expect(rig.fertigation.calibrate('bon-x', 10)).toBeUndefined();
  });
});
