import { expect, it } from 'vitest';
import { conditions, watered } from './conditions.suite.ts';
import { plan, type SoilMoistureProgram } from './index.ts';

const program: SoilMoistureProgram = {
  ...{ id: 'probe', kind: 'soil_moisture', openBelowFraction: 0.22, targetFraction: 0.3, maxSeconds: 3600 },
  cycles: { maxSeconds: 900, minSoakSeconds: 1800 },
};

it('waters below its threshold, until the probe says enough', () => {
  const { wanted, reason } = plan(program, conditions('2026-11-23 05:00', { soilMoisture: 0.2137 }));
  expect(wanted).toMatchObject({ decisionId: 'a3/probe/2026-11-23', seconds: 900, untilSoilMoisture: 0.3 });
  expect(reason).toMatchObject({
    ...{ key: 'program_soil_dry', figures: { soilMoisture: 0.2137, openBelow: 0.22, target: 0.3 } },
  });
  expect(plan(program, conditions('2026-11-23 05:00', { soilMoisture: 0.22 })).reason.key).toBe(
    'program_soil_wet',
  );
});

it('waters nothing without a fresh reading', () => {
  expect(plan(program, conditions('2026-11-23 05:00')).reason.key).toBe('program_moisture_unknown');
});

it('goes on between its two thresholds, and stops at the upper one', () => {
  const first = plan(program, conditions('2026-11-23 05:00', { soilMoisture: 0.2 })).wanted;
  if (!first) throw new Error('not wanted');
  const history = [watered(first, { at: '2026-11-23 05:15', litres: 1500, agoSeconds: 1800 })];
  const second = plan(program, conditions('2026-11-23 05:45', { soilMoisture: 0.26, history }));
  expect(second.wanted).toMatchObject({ cycle: 2, decisionSeconds: 3600 });
  const enough = plan(program, conditions('2026-11-23 05:45', { soilMoisture: 0.31, history }));
  expect(enough.reason).toMatchObject({
    key: 'program_target_reached',
    figures: { soilMoisture: 0.31, target: 0.3 },
  });
});

it('begins anew only below the lower threshold once it was wet enough', () => {
  const first = plan(program, conditions('2026-11-23 05:00', { soilMoisture: 0.2 })).wanted;
  if (!first) throw new Error('not wanted');
  const reached = [
    watered(first, {
      at: '2026-11-23 05:10',
      litres: 900,
      seconds: 500,
      agoSeconds: 2000,
      outcome: 'target_reached',
    }),
  ];
  const again = (soilMoisture: number, history = reached) =>
    plan(program, conditions('2026-11-23 05:50', { soilMoisture, history }));
  expect(again(0.29).reason.key).toBe('program_soil_wet');
  expect(again(0.21).wanted).toMatchObject({ cycle: 2 });
  // Wet enough while it soaked, hours ago.
  const soaked = [watered(first, { at: '2026-11-23 05:15', litres: 1500, agoSeconds: 9000 })];
  expect(again(0.29, soaked).reason.key).toBe('program_soil_wet');
});

it('never gives more in one day than was stated, however dry a lying probe finds it', () => {
  const first = plan(program, conditions('2026-11-23 05:00', { soilMoisture: 0.05 })).wanted;
  if (!first) throw new Error('not wanted');
  const history = [1, 2, 3, 4].map((cycle) =>
    watered({ ...first, cycle }, { at: '2026-11-23 09:00', litres: 1500, agoSeconds: 3600 }),
  );
  const { reason } = plan(program, conditions('2026-11-23 12:00', { soilMoisture: 0.05, history }));
  expect(reason).toMatchObject({ key: 'program_done_time', figures: { deliveredSeconds: 3600 } });
});
