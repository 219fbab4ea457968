import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assimilate, resetToProbe } from './assimilation.ts';
import { type DayReport, initialSoil, stepDay } from './balance.ts';
import { loadLibrary } from './library.ts';
import type { SoilState } from './state.ts';
import { zoneModel } from './zone-model.ts';

const zone = zoneModel(
  {
    ...{ crop: 'tomato-trellised', soil: 'loam', areaSquareMetres: 400, method: 'sprinkler' },
    ...{ plantedOn: '2026-01-01', rootDepthMetres: 0.5 },
  },
  loadLibrary(),
);
const dateOf = (day: number) => new Date(Date.UTC(2026, 2, 20 + day)).toISOString().slice(0, 10);

interface Field {
  /** How the real crop's water use differs from what the model thinks. */
  readonly useFactor?: number;
  readonly startMm?: number;
  readonly days?: number;
  readonly seed?: number;
  /** Real rain of a day, of which the model knows nothing. */
  readonly unknownRainMm?: (day: number) => number;
}

/** A field beside its model: ETc, irrigation every fifth day, and a probe that tells `told(true moisture, day)`. */
function season(told: (moisture: number, day: number) => number | null, field: Field = {}) {
  const { useFactor = 1, startMm = 0, days = 60, seed = 1, unknownRainMm = () => 0 } = field;
  let state: SoilState = initialSoil(zone, dateOf(0), 10);
  let trueMm = 10 + startMm;
  const story: { modelMm: number; trueMm: number; key: string | null; step: number; taw: number }[] = [];
  let random = seed;
  const noise = () => {
    random = (random * 48_271) % 2_147_483_647;
    return (random / 2_147_483_647 - 0.5) * 0.02;
  };
  for (let day = 1; day <= days; day += 1) {
    const irrigationMm = day % 5 === 0 ? 25 : 0;
    const stepped = stepDay(
      state,
      { date: dateOf(day), et0Mm: 4.5, rainMm: 0, irrigationMm, climate: null },
      zone,
    );
    const { report } = stepped;
    const use = useFactor * report.etcMm;
    trueMm = Math.min(report.tawMm, Math.max(0, trueMm + use - irrigationMm - unknownRainMm(day)));
    const moisture = zone.soil.fieldCapacity - trueMm / (1000 * report.rootDepthMetres) + noise();
    const soilMoisture = told(moisture, day);
    state = stepped.state;
    let key: string | null = null;
    if (soilMoisture !== null) {
      const result = assimilate(state, { soilMoisture, day: report }, zone);
      key = result.disagreement?.key ?? null;
      state = result.state;
    }
    const step = state.depletionMm - stepped.state.depletionMm;
    story.push({ modelMm: state.depletionMm, trueMm, key, step, taw: report.tawMm });
  }
  return story;
}

const errors = (story: ReturnType<typeof season>) =>
  story.map(({ modelMm, trueMm }) => Math.abs(modelMm - trueMm));
const firstAlarm = (story: ReturnType<typeof season>) => story.findIndex(({ key }) => key !== null) + 1;
const lastOf = (story: ReturnType<typeof season>) => story.at(-1) as ReturnType<typeof season>[number];

describe('a probe that can be believed', () => {
  it('raises no alarm, and leaves a good model as it is', () => {
    const story = season((moisture) => moisture);
    expect(firstAlarm(story)).toBe(0);
    expect(Math.max(...errors(story))).toBeLessThan(4);
  });

  it('corrects a model that began with the wrong soil', () => {
    const story = season((moisture) => moisture, { startMm: 15 });
    expect(firstAlarm(story)).toBe(0);
    expect(errors(story).at(-1)).toBeLessThan(4);
  });

  it('corrects a crop that draws a quarter more than the book says', () => {
    const alone = season(() => null, { useFactor: 1.25 });
    const together = season((moisture) => moisture, { useFactor: 1.25 });
    const mean = (story: ReturnType<typeof season>) => errors(story).reduce((a, b) => a + b) / story.length;
    expect(firstAlarm(together)).toBe(0);
    expect(mean(together)).toBeLessThan(0.6 * mean(alone));
  });

  it('counts for more after a storm, of which nobody knows how much ran off, than after as much metered water', () => {
    const after = (water: { rainMm: number; irrigationMm: number }) => {
      const dry = initialSoil(zone, dateOf(0), 50);
      const first = stepDay(
        dry,
        { date: dateOf(1), et0Mm: 4, rainMm: 0, irrigationMm: 0, climate: null },
        zone,
      );
      const known = assimilate(
        first.state,
        { soilMoisture: first.report.soilMoisture, day: first.report },
        zone,
      );
      const { state, report } = stepDay(
        known.state,
        { date: dateOf(2), et0Mm: 4, climate: null, ...water },
        zone,
      );
      const soilMoisture = report.soilMoisture - 0.04;
      return assimilate(state, { soilMoisture, day: report }, zone).state.depletionMm - state.depletionMm;
    };
    expect(after({ rainMm: 25, irrigationMm: 0 })).toBeGreaterThan(
      1.3 * after({ rainMm: 0, irrigationMm: 25 }),
    );
  });

  it('counts for no more than half of the difference, nor a quarter of TAW a day', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.2, max: 1, noNaN: false }), { minLength: 20, maxLength: 20 }),
        (readings) => {
          for (const { step, taw, modelMm } of season((_, day) => readings[day - 1] ?? null, { days: 20 })) {
            expect(Math.abs(step)).toBeLessThanOrEqual(taw / 4 + 1e-9);
            expect(modelMm >= 0 && modelMm <= taw + 1e-9).toBe(true);
          }
        },
      ),
    );
  });
});

describe('a probe that drifts slowly', () => {
  const drifting = (perDay: number) => (m: number, day: number) => m + perDay * Math.max(0, day - 10);
  /** Days after the drift began; undefined: never. */
  const foundAfter = (perDay: number, seed: number) => {
    const found = firstAlarm(season(drifting(perDay), { seed, days: 50 }));
    return found === 0 ? undefined : found - 10;
  };
  const seeds = Array.from({ length: 40 }, (_, index) => 1 + index * 7_919);

  it.each([
    [0.01, 14],
    [-0.01, 20],
    [0.006, 24],
    [-0.006, 32],
  ])('by %f m³/m³ a day is found within %i days, and not before it has begun', (perDay, days) => {
    const found = seeds.map((seed) => foundAfter(perDay, seed));
    expect(found.filter((after) => after === undefined || after <= 0 || after > days)).toEqual([]);
  });

  it.each([0.85, 0.9, 1.1, 1.15, 1.25])(
    'is told apart from a crop that draws %f times what the book says, which it corrects',
    (useFactor) => {
      const told = seeds.flatMap((seed) => season((m) => m, { useFactor, seed, days: 90 }));
      expect(told.filter(({ key }) => key === 'probe_drifts')).toEqual([]);
    },
  );

  it.each([-0.02, 0.02])('is told apart from one that was always off by %f', (offset) => {
    const told = seeds.flatMap((seed) => season((m) => m + offset, { seed, days: 90 }));
    expect(told.filter(({ key }) => key === 'probe_drifts')).toEqual([]);
  });
});

describe('a probe that lies', () => {
  it.each([
    ['a wire that broke', (_: number, day: number) => (day < 20 ? null : 0), 'probe_out_of_range', 20],
    ['a unit ten times too large', (moisture: number) => moisture * 10, 'probe_out_of_range', 1],
    ['one that hangs', (moisture: number, day: number) => (day < 20 ? moisture : 0.21), 'probe_flat', 26],
    ['one pulled out of the ground', (m: number, day: number) => (day < 20 ? m : 0.05), 'probe_', 24],
    ['one 15 % too dry', (moisture: number, day: number) => moisture - (day < 20 ? 0 : 0.15), 'probe_', 24],
    [
      'one that leaps about',
      (m: number, day: number) => (day < 20 ? m : m + (day % 2 ? 0.12 : -0.08)),
      'probe_',
      24,
    ],
    [
      'one that drifts by 1 % a day',
      (m: number, day: number) => m - 0.01 * Math.max(0, day - 20),
      'probe_',
      40,
    ],
  ] as const)('%s is found out, and the model goes on without it', (_, told, key, latest) => {
    const story = season(told);
    const found = firstAlarm(story);
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThanOrEqual(latest);
    expect(story[found - 1]?.key).toContain(key);
    expect(lastOf(story).key).not.toBeNull();
    expect(errors(story).at(-1)).toBeLessThan(8);
    expect(story.slice(found).every(({ step }) => step === 0)).toBe(true);
  });

  it('is believed again after it has agreed for three days', () => {
    const story = season((moisture, day) => (day >= 20 && day < 30 ? 0.6 : moisture));
    const doubted = story.flatMap(({ key }, i) => (key === null ? [] : [i + 1]));
    expect(doubted[0]).toBeGreaterThanOrEqual(20);
    expect(doubted[0]).toBeLessThanOrEqual(22);
    expect(doubted.at(-1)).toBeLessThanOrEqual(38);
    expect(lastOf(story).key).toBeNull();
  });

  it('for a day or two is passed over without an alarm', () => {
    const story = season((moisture, day) => (day === 20 || day === 30 ? moisture - 0.15 : moisture));
    expect(firstAlarm(story)).toBe(0);
    expect(story[19]?.step).toBe(0);
    expect(errors(story).at(-1)).toBeLessThan(4);
  });
});

describe('a probe that is right where the model is wrong', () => {
  it('tells of rain that no gauge has seen: an alarm, until a person believes the probe', () => {
    const story = season((moisture) => moisture, {
      days: 29,
      unknownRainMm: (day) => (day % 5 === 4 ? 60 : 0),
    });
    // Irrigated as well, so field and model are both wet again and again: nothing worse than a passing doubt.
    expect(lastOf(story).modelMm).toBeGreaterThanOrEqual(lastOf(story).trueMm - 1e-9);
  });

  it('sets the model, when a person has looked and says so', () => {
    const state = initialSoil(zone, dateOf(0), 50);
    const { report, state: after } = stepDay(
      state,
      { date: dateOf(1), et0Mm: 4, rainMm: 0, irrigationMm: 0, climate: null },
      zone,
    );
    const reset = resetToProbe(after, { soilMoisture: 0.23, day: report }, zone);
    expect(reset.depletionMm).toBeCloseTo(1000 * 0.02 * report.rootDepthMetres, 6);
    expect(reset.probe).toBeNull();
  });
});

it.each(['vi', 'en', 'zh'])('each doubt has a sentence for people: %s', (language) => {
  const file = new URL(`../../../dashboards/field/messages/${language}.json`, import.meta.url);
  const { reason } = JSON.parse(readFileSync(file, 'utf8')) as { reason: Record<string, string> };
  const keys = ['out_of_range', 'flat', 'jumps', 'disagrees', 'drifts'].map((doubt) => `probe_${doubt}`);
  const others = [
    'zone_water_assumed',
    'water_too_salty',
    'rice_wet_enough',
    'rice_dry_enough',
    'rice_keeps_standing',
  ];
  expect([...keys, ...others].filter((key) => reason[key] === undefined)).toEqual([]);
});

it('a state survives being kept as JSON', () => {
  const state = initialSoil(zone, dateOf(0), 5);
  const { report, state: after } = stepDay(
    state,
    { date: dateOf(1), et0Mm: 4, rainMm: 0, irrigationMm: 0, climate: null },
    zone,
  );
  const kept = assimilate(after, { soilMoisture: 0.22, day: report as DayReport }, zone).state;
  expect(JSON.parse(JSON.stringify(kept))).toEqual(kept);
});
