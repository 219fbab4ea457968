import { oneZone, slowSoil } from './farms.ts';
import { atDawn, byNeedAtDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';

const RAINY = '2026-09-12T00:00:00+07:00';

/** What programs decide when nothing is broken. */
export const wishes: readonly FarmScenario[] = [
  {
    name: 'normal-month',
    title: 'A month without faults: water by need at dawn, nothing raised',
    farm: oneZone({ firstMoisture: 0.22 }, 'binh-thuan'),
    own: { program: { ...byNeedAtDawn, triggerRawFraction: 0.88 } },
    length: 'P30DT6H',
    tickSeconds: 20,
    expect: {
      litres: { z1: [45_000, 70_000] },
      stressDays: 1,
      reasons: ['program_depletion', 'program_enough'],
    },
    fallsShort: 'one of thirty days of slight stress, the day before a watering',
  },
  {
    name: 'rainy-fortnight',
    title: 'The rainy season: what falls is not watered',
    start: RAINY,
    farm: oneZone({}, 'red-river-delta'),
    length: 'P14D',
    tickSeconds: 20,
    own: { program: { ...byNeedAtDawn, rainSkip: { mm: 10, hours: 24 } } },
    expect: { litres: { z1: [0, 12_000] } },
  },
  {
    name: 'rain-skip',
    title: 'A clock program that skips after 5 mm of rain',
    start: RAINY,
    farm: oneZone({}, 'red-river-delta'),
    length: 'P10D',
    tickSeconds: 20,
    own: { program: { ...atDawn, rainSkip: { mm: 5, hours: 24 } } },
    expect: { litres: { z1: [1_000, 11_000] }, reasons: ['program_rain_soil'] },
  },
  {
    name: 'slow-soil-in-parts',
    title: 'A heavy soil gets its water in parts, with soaks',
    farm: oneZone({ soil: slowSoil, areaM2: 200 }),
    length: 'PT12H',
    own: {
      program: {
        id: 'parts',
        kind: 'volume',
        litres: 2_000,
        starts: [{ at: '05:10' }],
        cycles: { infiltrationMmPerHour: 6, surfaceStorageMm: 1 },
      },
    },
    expect: {
      litres: { z1: [1_950, 2_150] },
      starts: { z1: [5, 15] },
      runoffMm: 0.5,
      reasons: ['program_soaking'],
    },
  },
  {
    name: 'holiday',
    title: 'No water on a holiday',
    farm: oneZone(),
    length: 'P3D',
    tickSeconds: 5,
    own: { program: { ...atDawn, holidays: ['2026-02-11'] } },
    expect: { litres: { z1: [2_300, 2_700] }, starts: { z1: [2, 2] }, reasons: ['program_holiday'] },
  },
  {
    name: 'stop-all',
    title: 'Somebody stops all programs before dawn, and lets them go on the next day',
    farm: oneZone(),
    own: { program: atDawn },
    length: 'P2DT6H',
    tickSeconds: 5,
    people: [
      { atSeconds: 300, act: ({ planning }) => planning.holds.hold(null, { untilMs: null, by: 'lan' }) },
      { atSeconds: 86_400, act: ({ planning }) => planning.holds.release(null, 'lan') },
    ],
    expect: { litres: { z1: [2_300, 2_700] }, starts: { z1: [2, 2] }, reasons: ['program_stop_all'] },
  },
  {
    name: 'stopped-by-hand',
    title: 'A person stops a run; nothing opens again that morning',
    farm: oneZone(),
    own: { program: atDawn },
    length: 'PT6H',
    people: [{ atSeconds: 900, act: ({ irrigation }) => irrigation.request('z1', { kind: 'stop' }) }],
    expect: { litres: { z1: [250, 400] }, starts: { z1: [1, 1] }, reasons: ['program_stopped_by_person'] },
  },
  {
    name: 'forecast-skip',
    title: 'A forecast of rain: not watered',
    farm: oneZone(),
    length: 'PT6H',
    own: { program: { ...atDawn, forecastSkip: { mm: 8, hours: 12 } } },
    forecast: { ageHours: 2, rainMmPerHour: 2 },
    expect: { litres: { z1: [0, 0] }, reasons: ['program_forecast_rain'] },
  },
  {
    name: 'forecast-stale',
    title: 'The same forecast, thirty hours old: ignored',
    farm: oneZone(),
    length: 'PT6H',
    own: { program: { ...atDawn, forecastSkip: { mm: 8, hours: 12 } } },
    forecast: { ageHours: 30, rainMmPerHour: 2 },
    expect: { litres: { z1: [1_150, 1_350] }, neverReasons: ['program_forecast_rain'] },
  },
  {
    name: 'by-the-probe',
    title: 'On and off by the soil probe, at most an hour a day',
    length: 'P5D',
    farm: oneZone({ firstMoisture: 0.19 }),
    tickSeconds: 20,
    own: {
      program: {
        id: 'probe',
        kind: 'soil_moisture',
        openBelowFraction: 0.21,
        targetFraction: 0.24,
        maxSeconds: 3_600,
      },
    },
    expect: { litres: { z1: [3_000, 19_000] }, stressDays: 2 },
  },
];
