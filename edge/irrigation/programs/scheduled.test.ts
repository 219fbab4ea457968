import { expect, it } from 'vitest';
import { at, conditions, hanoi, watered } from './conditions.suite.ts';
import { type ClockProgram, type Conditions, plan, type VolumeProgram } from './index.ts';

const program: ClockProgram = { id: 'dawn', kind: 'clock', starts: [{ at: '05:00' }], runSeconds: 1200 };
const tet: ClockProgram = { ...program, holidays: ['2027-02-06', '09-02'] };

/** Whether the program waters at its hour on each of these days. */
function watersOn(one: ClockProgram, dates: readonly string[], other: Partial<Conditions> = {}): string[] {
  return dates.filter((date) => plan(one, conditions(`${date} 05:00`, other)).wanted !== null);
}

it('waters at its hour, for as long as was stated', () => {
  expect(plan(program, conditions('2026-11-23 04:59'))).toMatchObject({
    ...{ wanted: null, nextAtMs: at('2026-11-23 05:00') },
    reason: { key: 'program_waits_start', figures: { nextDate: '2026-11-23', nextTime: '05:00' } },
  });
  const { wanted } = plan(program, conditions('2026-11-23 05:00'));
  expect(wanted).toMatchObject({ decisionId: 'a3/dawn/2026-11-23T05:00', seconds: 1200, litres: null });
  expect(wanted?.reason).toMatchObject({
    ...{ key: 'program_clock', figures: { statedTime: '05:00', plannedLitres: 2000 } },
  });
});

it('waters late when others were before it, and not at all when it would be hours late', () => {
  expect(plan(program, conditions('2026-11-23 06:50')).wanted?.decisionId).toBe('a3/dawn/2026-11-23T05:00');
  expect(plan(program, conditions('2026-11-23 20:00')).reason.key).toBe('program_waits_start');
});

it('does not repeat itself when the clock goes back, and has nothing to make up for when it goes forward', () => {
  const first = plan(program, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  const history = [watered(first, { at: '2026-11-23 05:20', litres: 1990 })];
  expect(plan(program, conditions('2026-11-23 05:00', { history })).reason.key).toBe('program_done_time');
  expect(plan(program, conditions('2026-11-25 12:00', { history })).wanted).toBeNull();
});

it('waters on days of the week, every so many days, on odd and on even days', () => {
  const week = ['22', '23', '24', '25', '26', '27', '28'].map((day) => `2026-11-${day}`);
  expect(watersOn({ ...program, days: { weekdays: ['mon', 'thu'] } }, week)).toEqual([
    ...['2026-11-23', '2026-11-26'],
  ]);
  expect(watersOn({ ...program, days: { everyDays: 3, from: '2026-11-24' } }, week)).toEqual([
    ...['2026-11-24', '2026-11-27'],
  ]);
  const turnOfMonth = ['2026-10-29', '2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02'];
  expect(watersOn({ ...program, days: { parity: 'odd' } }, turnOfMonth)).toEqual([
    '2026-10-29',
    '2026-11-01',
  ]);
  expect(watersOn({ ...program, days: { parity: 'even' } }, turnOfMonth)).toEqual([
    '2026-10-30',
    '2026-11-02',
  ]);
  expect(watersOn({ ...program, days: { parity: 'odd' } }, ['2028-02-29', '2028-03-01'])).toEqual([
    '2028-03-01',
  ]);
});

it('keeps every third day over the end of a year and over a leap day', () => {
  const every = { ...program, days: { everyDays: 3, from: '2027-12-30' } };
  const dates = [
    '2027-12-30',
    '2027-12-31',
    '2028-01-01',
    '2028-01-02',
    '2028-02-28',
    '2028-02-29',
    '2028-03-02',
  ];
  expect(watersOn(every, dates)).toEqual(['2027-12-30', '2028-01-02', '2028-02-28', '2028-03-02']);
});

it('follows the sun: half an hour before sunrise in Hà Nội', () => {
  const site = { timeZone: 'Asia/Ho_Chi_Minh', location: hanoi };
  const bySun: ClockProgram = { ...program, starts: [{ sunriseMinutes: -30 }] };
  const { nextAtMs } = plan(bySun, conditions('2026-06-21 00:10', { site }));
  // The sun rises at 05:15:58.
  expect(Math.abs(Number(nextAtMs) - at('2026-06-21 04:46'))).toBeLessThan(60_000);
  const { wanted } = plan(bySun, conditions('2026-06-21 04:47', { site }));
  expect(wanted?.decisionId).toBe('a3/dawn/2026-06-21Tsunrise-30');
});

it('is over by its finish, soaks included', () => {
  const finish: ClockProgram = {
    ...{ ...program, starts: [{ at: '06:00' }], anchor: 'finish', runSeconds: 3600 },
    cycles: { maxSeconds: 1200, minSoakSeconds: 1800 },
  };
  // Three parts of 20 minutes, two soaks of 30, a minute for each opening: two hours and three minutes.
  const { nextAtMs } = plan(finish, conditions('2026-11-23 01:00'));
  expect(nextAtMs).toBe(at('2026-11-23 03:57'));
  const { wanted } = plan(finish, conditions('2026-11-23 03:57'));
  expect(wanted).toMatchObject({ seconds: 1200, decisionSeconds: 3600 });
  expect(wanted?.reason.key).toBe('program_clock_finish');
  // What begins too late is shorter, and over in time.
  const late = plan(finish, conditions('2026-11-23 05:50')).wanted;
  expect(late).toMatchObject({ seconds: 540, openBeforeMs: at('2026-11-23 05:51') });
  expect(plan(finish, conditions('2026-11-23 06:00')).wanted).toBeNull();
});

it('lets the soil take the water between two cycles, also when the clock is set in between', () => {
  const cycles = { maxSeconds: 600, minSoakSeconds: 1800 };
  const first = plan({ ...program, cycles }, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  expect(first.seconds).toBe(600);
  const ended = { at: '2026-11-23 05:10', litres: 1000, agoSeconds: 300 };
  const soaking = plan(
    { ...program, cycles },
    conditions('2026-11-23 05:15', { history: [watered(first, ended)] }),
  );
  expect(soaking.reason).toMatchObject({
    key: 'program_soaking',
    figures: { soakSeconds: 1800, nextTime: '05:40' },
  });
  // The clock has been set forward by an hour: the monotonic one still says five minutes.
  const jumped = plan(
    { ...program, cycles },
    conditions('2026-11-23 06:15', { history: [watered(first, ended)] }),
  );
  expect(jumped.reason.key).toBe('program_soaking');
  const rested = { ...ended, agoSeconds: 1800 };
  const second = plan(
    { ...program, cycles },
    conditions('2026-11-23 05:40', { history: [watered(first, rested)] }),
  );
  expect(second.wanted).toMatchObject({ cycle: 2, seconds: 600 });
  expect(second.reason.key).toBe('program_cycle_time');
});

it('derives cycle and soak from what the soil takes in', () => {
  // 100 L/min on 1,000 m² are 6 mm/h; the soil takes 2, and 1 mm may stand: a quarter of an hour, then half an hour.
  const cycles = { infiltrationMmPerHour: 2, surfaceStorageMm: 1 };
  const first = plan({ ...program, cycles, runSeconds: 1800 }, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  expect(first.seconds).toBe(900);
  const history = [watered(first, { at: '2026-11-23 05:15', litres: 1500, agoSeconds: 900 })];
  const soaking = plan({ ...program, cycles, runSeconds: 1800 }, conditions('2026-11-23 05:30', { history }));
  expect(soaking.reason).toMatchObject({ key: 'program_soaking', figures: { soakSeconds: 1800 } });
});

it('counts a cycle that was cut off by what was measured, and one that nobody measured as planned', () => {
  const volume: VolumeProgram = { id: 'dawn', kind: 'volume', starts: [{ at: '05:00' }], litres: 3000 };
  const first = plan(volume, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  expect(first).toMatchObject({ litres: 3000, decisionLitres: 3000, seconds: 2250 });
  const cut = (litres: number | null, seconds: number) => [
    watered(first, { at: '2026-11-23 05:10', litres, seconds, outcome: 'interrupted' }),
  ];
  const measured = plan(volume, conditions('2026-11-23 05:20', { history: cut(800, 500) }));
  expect(measured.wanted).toMatchObject({ cycle: 2, litres: 2200 });
  const unknown = [{ ...watered(first, { at: '2026-11-23 05:10', litres: null }) }];
  expect(plan(volume, conditions('2026-11-23 05:20', { history: unknown })).reason.key).toBe(
    'program_done_litres',
  );
});

it('waters by litres, by litres a plant or by depth', () => {
  const volume: VolumeProgram = { id: 'dawn', kind: 'volume', starts: [{ at: '05:00' }] };
  const now = conditions('2026-11-23 05:00');
  expect(plan({ ...volume, litresPerPlant: 20 }, now).wanted?.decisionLitres).toBe(2200);
  expect(plan({ ...volume, mm: 4 }, now).wanted?.decisionLitres).toBe(4000);
  const unknown = { ...now, zone: { ...now.zone, plants: null } };
  expect(plan({ ...volume, litresPerPlant: 20 }, unknown).reason).toEqual({
    ...{ key: 'program_zone_incomplete', figures: { field: 'plants' } },
  });
});

it('follows the season: by the month, or by the weather where it is known', () => {
  const percentByMonth = [100, 100, 100, 100, 60, 30, 20, 20, 0, 50, 80, 100];
  const byMonth = { ...program, season: { percentByMonth } };
  expect(plan(byMonth, conditions('2026-11-23 05:00')).wanted?.seconds).toBe(960);
  expect(plan(byMonth, conditions('2026-09-23 05:00')).reason).toEqual({
    ...{ key: 'program_season_off', figures: { month: 9 } },
  });
  const byWeather = { ...program, season: { et0MmPerDay: 5, percentByMonth } };
  expect(plan(byWeather, conditions('2026-11-23 05:00', { et0MmPerDay: 3 })).wanted?.seconds).toBe(720);
  expect(plan(byWeather, conditions('2026-11-23 05:00', { et0MmPerDay: 0 })).reason).toEqual({
    ...{ key: 'program_season_et0_off', figures: { et0MmPerDay: 0 } },
  });
  const without = plan(byWeather, conditions('2026-11-23 05:00'));
  expect(without.wanted?.seconds).toBe(960);
  expect(without.notes).toEqual([{ key: 'program_et0_unknown', figures: {} }]);
});

it('waters nothing on a holiday, once or every year', () => {
  expect(watersOn(tet, ['2027-02-05', '2027-02-06', '2027-02-07', '2026-09-02', '2030-09-02'])).toEqual([
    ...['2027-02-05', '2027-02-07'],
  ]);
  expect(plan(tet, conditions('2027-02-06 05:00'))).toMatchObject({
    ...{ reason: { key: 'program_holiday', figures: { date: '2027-02-06' } } },
    nextAtMs: at('2027-02-07 00:00'),
  });
});

it('ends a night window when a holiday begins', () => {
  const night: ClockProgram = {
    ...program,
    starts: [{ at: '23:30' }],
    runSeconds: 3600,
    holidays: ['2027-02-06'],
  };
  const { wanted } = plan(night, conditions('2027-02-05 23:30'));
  expect(wanted?.seconds).toBe(1740);
  expect(Number(wanted?.openBeforeMs) + 1_740_000).toBe(at('2027-02-06 00:00'));
});

it('goes by the clock of a place where clocks are set: once in a repeated hour, and in a missing one later', () => {
  const site = { timeZone: 'Europe/Paris', location: null };
  const night: ClockProgram = { ...program, starts: [{ at: '02:30' }], runSeconds: 600 };
  const repeated = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map(
    (text) =>
      plan(night, { ...conditions('2026-11-23 05:00', { site }), nowMs: Date.parse(text) }).wanted
        ?.decisionId,
  );
  expect(new Set(repeated)).toEqual(new Set(['a3/dawn/2026-10-25T02:30']));
  const missing = (text: string) =>
    plan(night, { ...conditions('2026-11-23 05:00', { site }), nowMs: Date.parse(text) }).wanted?.decisionId;
  expect(missing('2026-03-29T01:29:00Z')).toBeUndefined();
  expect(missing('2026-03-29T01:30:00Z')).toBe('a3/dawn/2026-03-29T02:30');
});

it('gives up after parts have failed again and again', () => {
  const first = plan(program, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  const history = [1, 2, 3, 4].map((cycle) =>
    watered({ ...first, cycle }, { at: '2026-11-23 05:10', litres: 0, seconds: 0, outcome: 'no_answer' }),
  );
  expect(plan(program, conditions('2026-11-23 05:20', { history: history.slice(0, 3) })).wanted?.cycle).toBe(
    4,
  );
  expect(plan(program, conditions('2026-11-23 05:20', { history })).reason).toMatchObject({
    ...{ key: 'program_gave_up', figures: { cycles: 4 } },
  });
});

it('does not go on with what a person has stopped, nor while it runs', () => {
  const first = plan(program, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  const stopped = watered(first, { at: '2026-11-23 05:05', litres: 300, seconds: 200, outcome: 'stopped' });
  expect(plan(program, conditions('2026-11-23 05:30', { history: [stopped] })).reason.key).toBe(
    'program_stopped_by_person',
  );
  const running = { ...stopped, ended: null };
  expect(plan(program, conditions('2026-11-23 05:05', { history: [running] })).reason.key).toBe(
    'program_running',
  );
});

it('a start is not lost to one before it that is over but could have been late', () => {
  const twice: ClockProgram = { ...program, starts: [{ at: '05:00' }, { at: '06:00' }] };
  const first = plan(twice, conditions('2026-11-23 05:00')).wanted;
  if (!first) throw new Error('not wanted');
  const history = [watered(first, { at: '2026-11-23 05:20', litres: 2000 })];
  expect(plan(twice, conditions('2026-11-23 06:00', { history })).wanted?.decisionId).toBe(
    'a3/dawn/2026-11-23T06:00',
  );
});
