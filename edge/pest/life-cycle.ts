import type { Thresholds } from './degree-days.ts';

/** One stage and the degree-days that it takes (thermal constant K), K·d. */
interface Stage {
  readonly stage: string;
  readonly degreeDays: number;
}

/**
 * How an insect goes round, by the degree-days of one study: thresholds and constants of two studies are never mixed. The first stage is
 * the one that the biofix sees: what a trap catches is adults.
 */
export interface LifeCycle {
  readonly thresholds: Thresholds;
  readonly stages: readonly Stage[];
}

export interface Development {
  /** 1 is what the biofix saw. */
  readonly generation: number;
  readonly stage: string;
  /** How much of the stage is over, 0 to below 1. */
  readonly fraction: number;
  /** K·d until the stages that follow begin, the nearest first; one whole turn, so every stage is in it once. */
  readonly ahead: readonly {
    readonly generation: number;
    readonly stage: string;
    readonly degreeDays: number;
  }[];
}

/** Where the first of them stand after so many degree-days from the biofix. Throws a RangeError on a cycle that takes none. */
export function developmentAfter({ stages }: LifeCycle, degreeDays: number): Development {
  const turn = stages.reduce((sum, stage) => sum + stage.degreeDays, 0);
  if (!(turn > 0) || stages.some((stage) => !(stage.degreeDays > 0)))
    throw new RangeError('every stage of a life cycle takes more than 0 degree-days');
  const gone = Math.max(0, degreeDays);
  const turns = Math.floor(gone / turn);
  let rest = gone - turns * turn;
  let index = 0;
  for (; index < stages.length - 1 && rest >= (stages[index]?.degreeDays ?? 0); index++)
    rest -= stages[index]?.degreeDays ?? 0;
  const { stage, degreeDays: needed } = stages[index] as Stage;
  let untilNext = needed - rest;
  const ahead = stages.map((_, step) => {
    const place = index + 1 + step;
    const next = stages[place % stages.length] as Stage;
    const found = {
      generation: turns + 1 + Math.floor(place / stages.length),
      stage: next.stage,
      degreeDays: untilNext,
    };
    untilNext += next.degreeDays;
    return found;
  });
  return { generation: turns + 1, stage, fraction: Math.min(rest / needed, 1 - Number.EPSILON), ahead };
}

/** Whole days until so many degree-days are there, at so many a day; null where it is too cold to say. */
export function daysUntil(degreeDays: number, perDay: number | null): number | null {
  return perDay === null || perDay <= 0 ? null : Math.ceil(degreeDays / perDay);
}
