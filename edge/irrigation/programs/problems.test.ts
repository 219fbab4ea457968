import { expect, it } from 'vitest';
import { at, conditions, zone } from './conditions.suite.ts';
import { type ProgramContext, programProblems } from './index.ts';

const { site } = conditions('2026-11-23 05:00');
const context: ProgramContext = {
  ...{ nowMs: at('2026-11-23 05:00'), site, turn: null },
  zone: { ...zone, hasSoilProbe: true, hasCropModel: true, isFlooded: false },
  ...{ hasRainGauge: true, hasWindGauge: true, hasForecast: true },
};
const without = (zoneFacts: object, other: Partial<ProgramContext> = {}): ProgramContext => ({
  ...{ ...context, ...other },
  zone: { ...context.zone, ...zoneFacts },
});
const clock = { id: 'dawn', kind: 'clock', starts: [{ at: '05:00' }], runSeconds: 1200 };
const volume = { id: 'dawn', kind: 'volume', starts: [{ at: '05:00' }], litres: 500 };
const probe = {
  id: 'probe',
  kind: 'soil_moisture',
  openBelowFraction: 0.2,
  targetFraction: 0.3,
  maxSeconds: 900,
};
const need = { id: 'need' };
const window = { start: '04:00', end: '07:00' };
const everyDay = Array.from({ length: 366 }, (_, day) =>
  new Date(Date.UTC(2028, 0, 1 + day)).toISOString().slice(5, 10),
);

it('finds nothing wrong with programs of each kind', () => {
  const night = { ...clock, windows: [{ start: '22:00', end: '06:00' }], holidays: ['2027-02-06', '02-29'] };
  const finish = {
    ...clock,
    anchor: 'finish',
    starts: [{ at: '00:30' }],
    windows: [{ start: '23:00', end: '01:00' }],
  };
  const every = { ...volume, days: { everyDays: 2, from: '2020-01-01' }, season: { et0MmPerDay: 5 } };
  const turn = { member: 'Bà Sáu', times: [{ weekday: 1, startMinute: 300, minutes: 90 }] };
  for (const program of [clock, volume, probe, need, night, finish, every, { ...need, windows: [window] }])
    expect(programProblems(program, 'program', context)).toEqual([]);
  const inTurn = { ...need, windows: [window] };
  expect(programProblems(inTurn, 'program', { ...context, turn })).toEqual([]);
});

it.each<[object, string, ProgramContext?]>([
  [{ ...need, kind: 'moon' }, 'program.kind must be one of depletion, soil_moisture, clock, volume'],
  [{ ...clock, runSeconds: 0 }, 'program.runSeconds must be >= 1'],
  [{ ...volume, litres: -5 }, 'program.litres must be > 0'],
  [{ ...volume, litres: 0 }, 'program.litres must be > 0'],
  [{ ...volume, mm: 4 }, 'exactly one of litres, litresPerPlant and mm'],
  [{ ...clock, colour: 'red' }, 'program.colour is not known, remove it'],
  [{ kind: 'clock', starts: [{ at: '05:00' }], runSeconds: 60 }, 'program lacks id, add it'],
  [{ ...clock, days: { weekdays: ['monday'] } }, 'program.days.weekdays[0]'],
  [{ ...clock, days: { everyDays: 3 } }, 'program.days lacks from'],
  [{ ...clock, days: { everyDays: 3, from: '2026-02-30' } }, 'program.days.from must be a day'],
  [{ ...clock, days: { parity: 'odd', weekdays: ['mon'] } }, 'exactly one of weekdays, everyDays and parity'],
  [{ ...clock, starts: [] }, 'program.starts'],
  [{ ...clock, starts: [{ at: '25:00' }] }, 'program.starts[0].at must be a time'],
  [{ ...clock, starts: [{ at: '05:00' }, { at: '05:00' }] }, 'program.starts[1] is the same as starts[0]'],
  [
    { ...clock, starts: [{ at: '05:00', sunriseMinutes: 0 }] },
    'exactly one of at, sunriseMinutes and sunsetMinutes',
  ],
  [
    { ...clock, starts: [{ sunriseMinutes: -30 }] },
    'program.starts[0] goes by the sun, and nobody has said where the farm is: add its location',
    { ...context, site: { ...site, location: null } },
  ],
  [{ ...clock, runSeconds: 86_000, cycles: { maxSeconds: 600, minSoakSeconds: 600 } }, 'more than a day'],
  [
    { ...clock, runSeconds: 43_200, season: { percentByMonth: [300, ...Array(11).fill(100)] } },
    'program.runSeconds with its soaks and season lasts up to 36 h, more than a day: shorten it',
  ],
  [{ ...volume, litres: 10_000_000 }, 'program.litres with its soaks and season lasts up to 1667 h'],
  [
    { ...volume, litres: undefined, litresPerPlant: 2_000 },
    'program.litresPerPlant with its soaks and season lasts up to 37 h',
  ],
  [
    { ...clock, days: { weekdays: ['tue'] }, windows: [{ ...window, days: ['mon'] }] },
    'program would never water anything',
  ],
  [
    { ...clock, starts: [{ sunriseMinutes: -30 }], windows: [{ start: '12:00', end: '13:00' }] },
    'program would never water anything',
  ],
  [
    {
      ...need,
      windows: [{ ...window, days: ['mon'], firstDate: '2026-12-01', lastDate: '2026-12-02' }],
    },
    'program would never water anything',
  ],
  [{ ...need, holidays: everyDay }, 'program would never water anything'],
  [{ ...clock, holidays: everyDay }, 'program would never water anything', { ...context, nowMs: null }],
  [
    { ...clock, windows: [{ start: '06:00', end: '07:00' }] },
    'program.starts[0] 05:00 lies in none of its windows',
  ],
  [{ ...clock, anchor: 'finish', windows: [{ start: '04:50', end: '07:00' }] }, 'cannot be over by 05:00'],
  [
    { ...clock, windows: [{ start: '04:50', end: '05:10' }] },
    'program.starts[0] 05:00 lasts 20 min, and its window ends',
  ],
  [{ ...clock, season: {} }, 'program.season must say percentByMonth or et0MmPerDay'],
  [
    { ...clock, season: { percentByMonth: Array(12).fill(0) } },
    'program.season.percentByMonth is 0 in every month',
  ],
  [{ ...need, windows: [{ start: '04:00', end: '04:00' }] }, 'program.windows[0] is of no length'],
  [
    { ...need, windows: [{ start: '4:00', end: '07:00' }] },
    'program.windows[0].start must be a time such as 04:30',
  ],
  [{ ...need, windows: [{ ...window, lastDate: '2026-11-22' }] }, 'program.windows[0] lies in the past'],
  [
    { ...need, windows: [{ ...window, firstDate: '2027-03-01', lastDate: '2027-01-01' }] },
    'must not be before firstDate',
  ],
  [
    { ...need, windows: [window, { start: '06:30', end: '08:00' }] },
    'program.windows[1] overlaps with windows[0]',
  ],
  [
    { ...need, windows: [{ start: '22:00', end: '05:00' }, window] },
    'program.windows[1] overlaps with windows[0]',
  ],
  [
    { ...need, cycles: { maxSeconds: 7200, minSoakSeconds: 60 } },
    "must not be above the zone's maxRunSeconds (3600)",
  ],
  [{ ...need, cycles: { maxSeconds: 600 } }, 'program.cycles lacks minSoakSeconds'],
  [
    { ...need, cycles: { infiltrationMmPerHour: 5 } },
    'needs both infiltrationMmPerHour and surfaceStorageMm',
  ],
  [
    { ...need, cycles: { infiltrationMmPerHour: 5, surfaceStorageMm: 2 } },
    'add areaSquareMetres to the zone',
    without({ areaSquareMetres: null }),
  ],
  [{ ...need, pausedUntil: '2026-11-22T06:00' }, 'program.pausedUntil 2026-11-22T06:00 is over: remove it'],
  [{ ...need, pausedUntil: 'tomorrow' }, 'program.pausedUntil must be a local time'],
  [{ ...need, holidays: ['2026-02-06'] }, 'program.holidays[0] 2026-02-06 is over: remove it'],
  [{ ...need, holidays: ['30-02'] }, "program.holidays[0] '30-02' is no day"],
  [{ ...need, triggerRawFraction: 1, allowedDepletionFraction: 0.4 }, 'keep one'],
  [need, "the zone's crop stands in water: use the kind clock or volume", without({ isFlooded: true })],
  [need, "needs the zone's crop, soil and area", without({ hasCropModel: false })],
  [probe, 'program goes by a soil probe, and the zone has none', without({ hasSoilProbe: false })],
  [{ ...probe, targetFraction: 0.1 }, 'program.targetFraction must be above openBelowFraction (0.2)'],
  [{ ...probe, maxLitres: 100 }, 'either maxSeconds or maxLitres'],
  [volume, 'for a zone without a flow meter', without({ isMetered: false })],
  [{ ...volume, litres: undefined, litresPerPlant: 5 }, 'add plants to the zone', without({ plants: null })],
  [
    { ...need, rainSkip: { mm: 5, hours: 24 } },
    'program.rainSkip needs a rain gauge',
    { ...context, hasRainGauge: false },
  ],
  [{ ...need, rainSkip: { mm: 0, hours: 24 } }, 'program.rainSkip.mm must be above 0'],
  [
    { ...need, windSkip: { metresPerSecond: 5 } },
    'program.windSkip needs a wind gauge',
    { ...context, hasWindGauge: false },
  ],
  [
    { ...need, forecastSkip: { mm: 5, hours: 24 } },
    'program.forecastSkip needs a forecast',
    { ...context, hasForecast: false },
  ],
  [
    { ...need, windows: [window] },
    'program.windows never meet the water turns of Bà Sáu',
    { ...context, turn: { member: 'Bà Sáu', times: [{ weekday: 1, startMinute: 600, minutes: 60 }] } },
  ],
])('refuses %j: %s', (program, words, where = context) => {
  expect(programProblems(JSON.parse(JSON.stringify(program)), 'program', where).join('; ')).toContain(words);
});

it('holds nothing against dates that are over when it is not told what day it is', () => {
  const old = { ...need, holidays: ['2026-02-06'], windows: [{ ...window, lastDate: '2026-05-01' }] };
  expect(programProblems(old, 'program', { ...context, nowMs: null })).toEqual([]);
});

it('lets a program wait for its season, however far away that is', () => {
  const late = { ...window, firstDate: '2029-03-05', lastDate: '2029-03-06' };
  const summer = { start: '05:25', end: '05:29' };
  for (const program of [
    { ...need, windows: [late] },
    { ...clock, windows: [late] },
    { ...clock, days: { everyDays: 365, from: '2031-01-01' } },
    // Only in some months the sun rises then.
    { ...clock, starts: [{ sunriseMinutes: 0 }], windows: [summer] },
    { ...need, holidays: everyDay.slice(1) },
  ])
    expect(programProblems(program, 'program', context)).toEqual([]);
});

it('lets a zone without a meter be watered where a technician has said so', () => {
  expect(
    programProblems({ ...volume, allowUnproven: true }, 'program', without({ isMetered: false })),
  ).toEqual([]);
});
