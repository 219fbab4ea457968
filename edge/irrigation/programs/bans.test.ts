import { expect, it } from 'vitest';
import { at, conditions, depleted, watered } from './conditions.suite.ts';
import { type ClockProgram, type Conditions, type DepletionProgram, plan } from './index.ts';

const clock: ClockProgram = { id: 'dawn', kind: 'clock', starts: [{ at: '05:00' }], runSeconds: 1200 };
const anyTime: DepletionProgram = { id: 'need' };
const untrusted = { isTrusted: false, sinceStartMs: 3_600_000, totalUptimeMs: 100 * 3_600_000 };

it('waters nothing by a program after a stop of everything', () => {
  const { wanted, reason } = plan(clock, conditions('2026-11-23 05:00', { stopAll: { by: 'Chị Hoa' } }));
  expect(wanted).toBeNull();
  expect(reason).toEqual({ key: 'program_stop_all', figures: { by: 'Chị Hoa' } });
});

it('pauses until a time, whether a person or the file has said so', () => {
  const paused = plan({ ...clock, pausedUntil: '2026-11-25T06:00' }, conditions('2026-11-23 05:00'));
  expect(paused).toMatchObject({
    ...{ wanted: null, nextAtMs: at('2026-11-25 06:00') },
    reason: { key: 'program_paused', figures: { nextDate: '2026-11-25', nextTime: '06:00' } },
  });
  const pause = { untilMs: at('2026-11-23 08:00'), by: 'Chị Hoa' };
  expect(plan(clock, conditions('2026-11-23 05:00', { pause })).reason).toMatchObject({
    ...{ key: 'program_paused_by', figures: { by: 'Chị Hoa', nextTime: '08:00' } },
  });
  expect(plan(clock, conditions('2026-11-24 05:00', { pause })).wanted).not.toBeNull();
});

it('waits for a clock that is right before it goes by the calendar', () => {
  expect(plan(clock, conditions('2026-11-23 05:00', { clock: untrusted })).reason.key).toBe(
    'program_clock_untrusted',
  );
  const windowed: DepletionProgram = { ...anyTime, windows: [{ start: '04:00', end: '08:00' }] };
  const dry = { clock: untrusted, depletion: depleted('2026-11-23 05:00', 40) };
  expect(plan(windowed, conditions('2026-11-23 05:00', dry)).reason.key).toBe('program_clock_untrusted');
});

it('without a right clock a program that needs no calendar goes on, once in 24 hours of running', () => {
  const dry = { clock: untrusted, depletion: depleted('1970-01-01 08:00', 40) };
  const { wanted } = plan(anyTime, conditions('1970-01-01 08:00', dry));
  expect(wanted?.decisionId).toBe('a3/need/uptime-day-4');
  if (!wanted) throw new Error('not wanted');
  const history = [watered(wanted, { at: '1970-01-01 10:00', litres: 50_000, agoSeconds: 60 })];
  // A restart, and again 1970: the same day of running, the same decision.
  const restarted = { ...dry, clock: { ...untrusted, sinceStartMs: 1000 }, history };
  expect(plan(anyTime, conditions('1970-01-01 08:00', restarted)).reason.key).toBe('program_done_litres');
});

it('holds back after rain, while it rains, and tells what the soil says', () => {
  const program = { ...clock, rainSkip: { mm: 10, hours: 24 } };
  const hours = [
    { startMs: at('2026-11-22 20:00'), mm: 9 },
    { startMs: at('2026-11-22 21:00'), mm: 3 },
    { startMs: at('2026-11-21 21:00'), mm: 40 },
  ];
  const rain = { isRaining: false, isGaugeSilent: false, hours };
  expect(plan(program, conditions('2026-11-23 05:00', { rain })).reason).toEqual({
    ...{ key: 'program_rain', figures: { rainMm: 12, hours: 24 } },
  });
  expect(plan(program, conditions('2026-11-23 05:00', { rain, soilMoisture: 0.31 })).reason.key).toBe(
    'program_rain_moisture',
  );
  const soil = plan(
    program,
    conditions('2026-11-23 05:00', { rain, depletion: depleted('2026-11-23 00:00', 11.4) }),
  );
  expect(soil.reason).toEqual({
    ...{ key: 'program_rain_soil', figures: { rainMm: 12, hours: 24, availableWater: 0.81 } },
  });
  const now = { isRaining: true, isGaugeSilent: false, hours: [] };
  expect(plan(program, conditions('2026-11-23 05:00', { rain: now })).reason.key).toBe('program_raining');
  const patient = { ...program, rainSkip: { ...program.rainSkip, whileRaining: false } };
  expect(plan(patient, conditions('2026-11-23 05:00', { rain: now })).wanted).not.toBeNull();
});

it('waters by a clock although the rain gauge is dead, and says that it does not know', () => {
  const { wanted, notes } = plan(
    { ...clock, rainSkip: { mm: 10, hours: 24 } },
    conditions('2026-11-23 05:00'),
  );
  expect(wanted).not.toBeNull();
  expect(notes).toEqual([{ key: 'program_rain_unknown', figures: {} }]);
});

it('holds back after enough rain although the gauge is silent since, and after less says what it does not know', () => {
  const program = { ...clock, rainSkip: { mm: 10, hours: 24 } };
  const after = (mm: number) => {
    const hours = [{ startMs: at('2026-11-23 01:00'), mm }];
    const rain = { isRaining: false, isGaugeSilent: true, hours };
    return plan(program, conditions('2026-11-23 05:00', { rain }));
  };
  expect(after(40)).toMatchObject({ wanted: null, reason: { key: 'program_rain' }, notes: [] });
  expect(after(4).wanted).not.toBeNull();
  expect(after(4).notes).toEqual([{ key: 'program_rain_unknown', figures: {} }]);
});

it('holds back for what its caller has against it, before it asks the weather', () => {
  const salty = { key: 'water_too_salty', figures: { waterEcDsPerM: 4.2, thresholdDsPerM: 1.3 } };
  const rain = { isRaining: true, isGaugeSilent: false, hours: [] };
  const program = { ...clock, rainSkip: { mm: 10, hours: 24 } };
  expect(plan(program, conditions('2026-11-23 05:00', { against: [salty], rain })).reason).toEqual(salty);
});

it('holds sprinklers back in the wind', () => {
  const program = { ...clock, windSkip: { metresPerSecond: 4 } };
  expect(plan(program, conditions('2026-11-23 05:00', { windMetresPerSecond: 6.2 })).reason).toEqual({
    ...{ key: 'program_wind', figures: { windMetresPerSecond: 6.2, limitMetresPerSecond: 4 } },
  });
  expect(plan(program, conditions('2026-11-23 05:00', { windMetresPerSecond: 3 })).wanted).not.toBeNull();
});

it('holds back for rain that is expected, as likely as was asked for', () => {
  const program = { ...clock, forecastSkip: { mm: 5, hours: 12, probabilityFraction: 0.6 } };
  const forecast = (probability: number) => ({
    issuedAtMs: at('2026-11-23 04:00'),
    hours: [{ startMs: at('2026-11-23 14:00'), rainMm: 10, probability }],
  });
  expect(plan(program, conditions('2026-11-23 05:00', { forecast: forecast(0.7) })).reason).toEqual({
    ...{ key: 'program_forecast_rain', figures: { expectedMm: 7, hours: 12 } },
  });
  expect(plan(program, conditions('2026-11-23 05:00', { forecast: forecast(0.55) })).wanted).not.toBeNull();
  const missing = plan(program, conditions('2026-11-23 05:00'));
  expect(missing.wanted).not.toBeNull();
  expect(missing.notes).toEqual([{ key: 'program_forecast_missing', figures: {} }]);
});

it('goes by the forecast that it has when no newer one could be fetched, until that is too old', () => {
  const program = { ...clock, forecastSkip: { mm: 5, hours: 12 } };
  const hours = [{ startMs: at('2026-11-23 08:00'), rainMm: 40, probability: 0.9 }];
  const told = (issued: string) => {
    const forecast = { issuedAtMs: at(issued), hours };
    return plan(program, conditions('2026-11-23 05:00', { forecast, forecastProblem: 'fetch failed' }));
  };
  expect(told('2026-11-23 04:00')).toMatchObject({
    ...{ wanted: null, reason: { key: 'program_forecast_rain', figures: { expectedMm: 36 } } },
    notes: [{ key: 'program_forecast_not_renewed', figures: { problem: 'fetch failed', ageHours: 1 } }],
  });
  const old = told('2026-11-21 23:00');
  expect(old.wanted).not.toBeNull();
  expect(old.notes).toEqual([{ key: 'program_forecast_unreadable', figures: { problem: 'fetch failed' } }]);
});

it('of several reasons tells the one that a person can least change: the stop before the pause before the rain', () => {
  const all = {
    stopAll: { by: 'Chị Hoa' },
    pause: { untilMs: at('2026-11-23 08:00'), by: 'Chị Hoa' },
    rain: { isRaining: true, isGaugeSilent: false, hours: [{ startMs: at('2026-11-23 04:00'), mm: 30 }] },
  };
  const program = { ...clock, rainSkip: { mm: 10, hours: 24 } };
  const told = (other: Partial<Conditions>) =>
    plan(program, conditions('2026-11-23 05:00', { ...all, ...other })).reason.key;
  expect([told({}), told({ stopAll: null }), told({ stopAll: null, pause: null })]).toEqual([
    ...['program_stop_all', 'program_paused_by', 'program_rain'],
  ]);
});
