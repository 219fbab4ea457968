import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../irrigation/reason.ts';
import { perTrapAndDay, type TrapDay } from './catches.ts';
import type { HeatSum } from './heat-sum.ts';
import type { InfectionPeriod } from './infection.ts';
import { daysUntil, developmentAfter, type LifeCycle } from './life-cycle.ts';

/** What a plot should do about one pest, and why. Days are local, as days since 1970-01-01. */
export interface Risk {
  readonly advice: 'act' | 'wait' | 'look';
  /** When to look again; today where nobody has looked. */
  readonly lookAgainDay: number;
  readonly reason: Reason;
  /** What else led to it or limits it: neighbours, forecast, days that nobody knows. */
  readonly notes: readonly Reason[];
}

/** An insect that traps show. */
export interface TrappedPest {
  /** Insects a trap and day at which something is done; the library says where it was found. Null: nobody has published one. */
  readonly actionPerTrapAndDay: number | null;
  /** Over so many days a mean is taken, and after so many somebody has to look again. */
  readonly windowDays: number;
  /** Null: no study of its degree-days is at hand. */
  readonly cycle: (LifeCycle & { readonly trapped: string }) | null;
}

export interface TrapPicture {
  readonly today: number;
  /** Trap by trap, day by day. */
  readonly traps: readonly (readonly TrapDay[])[];
  /** From the biofix to today; null: there is none. */
  readonly heat: HeatSum | null;
}

/** From so much of the threshold on it is watched more closely. */
const WATCHED_FRACTION = 0.5;
const CLOSELY_DAYS = 2;
/** So long before a generation flies somebody looks. */
const AHEAD_DAYS = 2;
/** From so many times the catch of the window before on, people look at the plants, where no threshold is known. */
const RISING_FACTOR = 2;
/** Later generations overlap so much that a day says nothing: each insect has its own heat and food. */
const LAST_FORECAST_GENERATION = 3;

export function trapRisk(pest: TrappedPest, picture: TrapPicture): Risk {
  const { today } = picture;
  const caught = recent(picture, pest.windowDays);
  const flight = nextFlight(pest, picture);
  const notes = heatNotes(pest, picture, flight);
  const action = pest.actionPerTrapAndDay;
  if (caught === null)
    return {
      advice: 'look',
      lookAgainDay: today,
      reason: reasonOf('pest_not_looked', { days: pest.windowDays }),
      notes,
    };
  const lookAgain = (days: number) => beforeFlight(today + days, flight, today);
  if (action === null) {
    const before = recent({ ...picture, today: today - pest.windowDays }, pest.windowDays);
    if (before !== null && caught > 0 && caught >= RISING_FACTOR * before)
      return {
        advice: 'look',
        lookAgainDay: today,
        reason: reasonOf('pest_catch_rising', { caught, before }),
        notes,
      };
    return {
      advice: 'wait',
      lookAgainDay: lookAgain(pest.windowDays),
      reason: reasonOf('pest_no_threshold', { caught }),
      notes,
    };
  }
  const figures = { caught, action };
  if (caught >= action)
    return {
      advice: 'act',
      lookAgainDay: today + CLOSELY_DAYS,
      reason: reasonOf('pest_above_threshold', figures),
      notes,
    };
  const isNear = caught >= WATCHED_FRACTION * action;
  const days = isNear ? CLOSELY_DAYS : pest.windowDays;
  const key = isNear ? 'pest_near_threshold' : 'pest_below_threshold';
  return { advice: 'wait', lookAgainDay: lookAgain(days), reason: reasonOf(key, figures), notes };
}

/** Insects a trap and day over so many days up to today; null: no day of them is known. */
export function recent({ traps, today }: TrapPicture, days: number): number | null {
  return perTrapAndDay(traps.map((trap) => trap.filter(({ day }) => day <= today && day > today - days)));
}

/** When the next generation of what traps catch begins to fly; null where it cannot be said, or said no more. */
export function nextFlight(
  { cycle }: Pick<TrappedPest, 'cycle'>,
  { heat, today }: Pick<TrapPicture, 'heat' | 'today'>,
): { day: number; generation: number } | null {
  if (cycle === null || heat === null) return null;
  const { ahead, generation } = developmentAfter(cycle, heat.degreeDays);
  if (generation >= LAST_FORECAST_GENERATION) return null;
  const next = ahead.find(({ stage }) => stage === cycle.trapped);
  const days = next === undefined ? null : daysUntil(next.degreeDays, heat.recentPerDay);
  return next === undefined || days === null ? null : { day: today + days, generation: next.generation };
}

/** The day on which somebody looks again: as it was to be, or some days before the next flight where that is sooner. */
export function beforeFlight(day: number, flight: { readonly day: number } | null, today: number): number {
  return flight === null ? day : Math.min(day, Math.max(today + 1, flight.day - AHEAD_DAYS));
}

/** What heat says of the days to come, and what limits that. */
export function heatNotes(
  pest: Pick<TrappedPest, 'cycle'>,
  { heat, today }: Pick<TrapPicture, 'heat' | 'today'>,
  flight: { day: number; generation: number } | null,
): Reason[] {
  const notes: Reason[] = [];
  if (flight !== null)
    notes.push(reasonOf('pest_next_flight', { days: flight.day - today, generation: flight.generation }));
  const { cycle } = pest;
  if (
    cycle !== null &&
    heat !== null &&
    developmentAfter(cycle, heat.degreeDays).generation >= LAST_FORECAST_GENERATION
  )
    notes.push(reasonOf('pest_generations_overlap'));
  if (heat !== null && heat.missingDays.length > 0)
    notes.push(reasonOf('pest_heat_unknown', { days: heat.missingDays.length }));
  return notes;
}

/** What people have found by looking at plants, against the threshold of the same unit; null: there is none. */
export function scoutRisk(
  { action, windowDays }: { readonly action: number | null; readonly windowDays: number },
  seen: { readonly value: number; readonly day: number } | null,
  today: number,
): Risk {
  if (seen === null || seen.day <= today - windowDays)
    return {
      advice: 'look',
      lookAgainDay: today,
      reason: reasonOf('pest_not_scouted', { days: windowDays }),
      notes: [],
    };
  const figures = { seen: seen.value, action };
  if (action === null)
    return {
      advice: 'wait',
      lookAgainDay: Math.max(today + 1, seen.day + windowDays),
      reason: reasonOf('pest_seen_no_threshold', figures),
      notes: [],
    };
  if (seen.value >= action)
    return {
      advice: 'act',
      lookAgainDay: today + CLOSELY_DAYS,
      reason: reasonOf('pest_seen_above', figures),
      notes: [],
    };
  const isNear = seen.value >= WATCHED_FRACTION * action;
  return {
    advice: 'wait',
    lookAgainDay: Math.max(today + 1, seen.day + (isNear ? CLOSELY_DAYS : windowDays)),
    reason: reasonOf(isNear ? 'pest_seen_near' : 'pest_seen_below', figures),
    notes: [],
  };
}

const ORDER = { act: 0, look: 1, wait: 2 } as const;

/**
 * One answer from several: the gravest tells, the others stand among its notes. Where people have just looked at the plants (`scouted`)
 * what traps only hint at asks nobody to look again. Throws a RangeError without a risk.
 */
export function gravest(risks: readonly Risk[], scouted: Risk | null, today: number): Risk {
  const isAnswered = scouted !== null && scouted.advice !== 'look';
  const isMoot = ({ advice, lookAgainDay }: Risk) => isAnswered && advice === 'look' && lookAgainDay <= today;
  const all = new Set([...(isAnswered ? [scouted] : []), ...risks]);
  const standing = [...all].filter((risk) => !isMoot(risk));
  const [first, ...others] = standing.toSorted(
    (a, b) => ORDER[a.advice] - ORDER[b.advice] || Number(b === scouted) - Number(a === scouted),
  );
  if (first === undefined) throw new RangeError('a pest is judged by traps, by looking, or by wetness');
  const beside = [...others, ...[...all].filter(isMoot)];
  return {
    ...first,
    lookAgainDay: Math.min(first.lookAgainDay, ...others.map(({ lookAgainDay }) => lookAgainDay)),
    notes: [...first.notes, ...beside.flatMap(({ reason, notes }) => [reason, ...notes])],
  };
}

/** A fungus that wetness lets in. */
export interface WetPest {
  /** A protectant sprayed so long after an infection still helps, at most; days. */
  readonly curativeDays: number;
}

/** How near a wet period that goes on has come before people are told to look tomorrow. */
const NEARLY_FRACTION = 0.7;
const CALM_DAYS = 3;

/** By the infections of the days past; `protectedUntilDay` is when the last spray against it ends to protect, null: there is none. */
export function wetRisk(
  { curativeDays }: WetPest,
  periods: readonly InfectionPeriod[],
  at: {
    readonly today: number;
    readonly dayOf: (atMs: number) => number;
    readonly protectedUntilDay: number | null;
  },
): Risk {
  const { today, dayOf, protectedUntilDay } = at;
  const late = periods.filter(
    ({ toMs }) => dayOf(toMs - 1) >= today - curativeDays && dayOf(toMs - 1) <= today,
  );
  const share = ({ wetHours, neededHours }: InfectionPeriod) =>
    neededHours === null ? 0 : wetHours / neededHours;
  const worst = late.toSorted((a, b) => share(b) - share(a))[0];
  const unknownHours = late.reduce((sum, period) => sum + period.unknownHours, 0);
  const notes = unknownHours > 0 ? [reasonOf('pest_wetness_unknown', { hours: unknownHours })] : [];
  if (worst === undefined || share(worst) < NEARLY_FRACTION)
    return {
      advice: 'wait',
      lookAgainDay: today + CALM_DAYS,
      reason: reasonOf('pest_not_wet_enough', { wetHours: worst?.wetHours ?? 0 }),
      notes,
    };
  const figures = { wetHours: worst.wetHours, neededHours: worst.neededHours ?? 0, celsius: worst.celsius };
  if (share(worst) < 1)
    return {
      advice: 'look',
      lookAgainDay: today + 1,
      reason: reasonOf('pest_nearly_wet_enough', figures),
      notes,
    };
  if (protectedUntilDay !== null && protectedUntilDay >= dayOf(worst.fromMs))
    return {
      advice: 'wait',
      lookAgainDay: today + 1,
      reason: reasonOf('pest_infection_protected', figures),
      notes,
    };
  return { advice: 'act', lookAgainDay: today + 1, reason: reasonOf('pest_infection', figures), notes };
}
