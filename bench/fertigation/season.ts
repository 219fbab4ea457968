import { seededRandom } from '@nongtin/service';

/** A plot of the season, as it really is and as the gateway knows it. */
export interface Plot {
  readonly id: string;
  readonly hectares: number;
  readonly litresPerMinute: number;
}

export interface Stage {
  readonly id: string;
  /** First day and the one after the last, from planting. */
  readonly fromDay: number;
  readonly toDay: number;
  readonly nitrogenKilogramsPerHectare: number;
  readonly ecTarget: number;
  /** Of water, on a day without rain. */
  readonly millimetresPerDay: number;
}

export const plots: readonly Plot[] = [
  { id: 'north', hectares: 0.12, litresPerMinute: 60 },
  { id: 'middle', hectares: 0.08, litresPerMinute: 42 },
  { id: 'south', hectares: 0.1, litresPerMinute: 52 },
  { id: 'slope', hectares: 0.07, litresPerMinute: 36 },
];

/** 210 kg/ha of N on melons in about 260 mm of water; what is fed is two thirds of the water at these targets. */
export const stages: readonly Stage[] = [
  {
    ...{ id: 'rooting', fromDay: 0, toDay: 20, nitrogenKilogramsPerHectare: 20, ecTarget: 1.3 },
    millimetresPerDay: 2.4,
  },
  {
    ...{ id: 'leaf', fromDay: 20, toDay: 50, nitrogenKilogramsPerHectare: 70, ecTarget: 1.7 },
    millimetresPerDay: 3.6,
  },
  {
    ...{ id: 'fruit', fromDay: 50, toDay: 80, nitrogenKilogramsPerHectare: 85, ecTarget: 1.9 },
    millimetresPerDay: 4.4,
  },
  {
    ...{ id: 'ripening', fromDay: 80, toDay: 100, nitrogenKilogramsPerHectare: 35, ecTarget: 1.6 },
    millimetresPerDay: 3.4,
  },
];
export const SEASON_DAYS = 100;

export interface PlannedRun {
  readonly plot: Plot;
  readonly stage: Stage;
  readonly day: number;
  readonly litres: number;
}

/** Litres that a dry day of a stage would take on a plot. */
export function litresPerDay({ hectares }: Plot, { millimetresPerDay }: Stage): number {
  return millimetresPerDay * 10_000 * hectares;
}

/**
 * What irrigation makes of the season's weather: each plot is watered when it has used as much as a dry day and a half take;
 * rain takes runs away, now and then for days. Nobody knows it before.
 */
export function runsOf(seed: number, days: number): PlannedRun[] {
  const random = seededRandom(seed ^ 0x5ea5);
  const owed = new Map(plots.map(({ id }) => [id, 0]));
  const runs: PlannedRun[] = [];
  for (let day = 0; day < days; day++) {
    const stage = stageOf(day);
    const demand = 0.7 + 0.6 * random();
    const rainMillimetres = random() < 0.15 ? 25 * random() * random() : 0;
    for (const plot of plots) {
      const full = litresPerDay(plot, stage);
      const dry = (owed.get(plot.id) ?? 0) + full * demand - rainMillimetres * 10_000 * plot.hectares * 0.7;
      owed.set(plot.id, Math.max(-2 * full, dry));
      if (dry < 1.3 * full) continue;
      runs.push({ plot, stage, day, litres: dry });
      owed.set(plot.id, 0);
    }
  }
  return runs;
}

function stageOf(day: number): Stage {
  const found = stages.find(({ fromDay, toDay }) => day >= fromDay && day < toDay);
  if (found === undefined) throw new RangeError(`day ${day} is not in the season`);
  return found;
}
