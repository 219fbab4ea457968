import type { PestSeenRecord } from '@nongtin/broker/wire';
import type { WeatherHour } from '../farm-weather/farm-weather.ts';
import { reasonOf } from '../irrigation/reason.ts';
import type { TrapDay } from './catches.ts';
import { type HeatDay, type HeatSum, heatSum } from './heat-sum.ts';
import { type InfectionPeriod, wetPeriods } from './infection.ts';
import { type Development, developmentAfter, type LifeCycle } from './life-cycle.ts';
import { type NeighbourCatch, neighbourRisk, withNeighbours } from './neighbour-risk.ts';
import type { PestProfile } from './profile.ts';
import {
  beforeFlight,
  gravest,
  heatNotes,
  nextFlight,
  type Risk,
  recent,
  scoutRisk,
  type TrapPicture,
  trapRisk,
  wetRisk,
} from './risk.ts';
import { wetHours } from './weather-days.ts';

/** What is known of one pest in one plot. Days are local, as days since 1970-01-01. */
export interface Known {
  readonly today: number;
  readonly dayOf: (atMs: number) => number;
  /** Trap by trap. */
  readonly traps: readonly (readonly TrapDay[])[];
  /** Of this plot and pest, the latest first. */
  readonly seen: readonly PestSeenRecord[];
  readonly heat: readonly HeatDay[];
  /** The day that a person has told; null: none. */
  readonly toldBiofix: number | null;
  /** Catches of the cooperative's other farms. */
  readonly neighbours: readonly NeighbourCatch[];
  /** Hours of the last days, oldest first, and their own today: a time-lapse has its days on a calendar of its own. */
  readonly wet: { readonly hours: readonly WeatherHour[]; readonly today: number };
  /** When the last spray against it was over; null: there is none. */
  readonly sprayedDay: number | null;
}

export interface Assessment extends Risk {
  readonly perTrapPerDay: number | null;
  readonly seen: PestSeenRecord | null;
  readonly development: DevelopmentSeen | null;
  readonly infection: (InfectionPeriod & { readonly estimatedHours: number }) | null;
}

interface DevelopmentSeen extends Development {
  readonly biofixDay: number;
  readonly biofixKind: 'first_catch' | 'person';
  readonly heat: HeatSum;
  readonly flightDay: number | null;
}

/** Where nobody has published how long after an infection a spray still helps. */
const LOOKED_BACK_DAYS = 2;

/** What to do about one pest in one plot, and what it is told by. */
export function assess(profile: PestProfile, known: Known): Assessment {
  const { today, dayOf, traps, neighbours } = known;
  const grown = developed(profile, known);
  const picture: TrapPicture = { today, traps, heat: grown?.heat ?? null };
  const cycle = cycleOf(profile);
  const action = thresholdOf(profile, 'per_trap_day');
  const { windowDays } = profile;
  const caught = recent(picture, windowDays);
  const risks: Risk[] = [];
  if (traps.length > 0) risks.push(trapRisk({ actionPerTrapAndDay: action, windowDays, cycle }, picture));
  const wet = wetness(profile, known);
  if (wet !== null) risks.push(wet.risk);
  const seen = known.seen.find(({ unit }) => thresholdOf(profile, unit) !== null) ?? known.seen[0] ?? null;
  const judged = scoutRisk(
    { action: seen === null ? null : thresholdOf(profile, seen.unit, seen.cropStage), windowDays },
    seen === null ? null : { value: seen.value, day: dayOf(seen.seenAtMs) },
    today,
  );
  const isLowest = seen !== null && judged.advice === 'act' && isOfUnknownStage(profile, seen);
  const scouted = isLowest
    ? { ...judged, notes: [...judged.notes, reasonOf('pest_lowest_threshold')] }
    : judged;
  // Where nothing else tells, people have to look.
  if (risks.length === 0) risks.push(scouted);
  const forecast = traps.length > 0 || grown === null ? null : { cycle, heat: grown.heat };
  const here = { pest: profile.id, actionPerTrapAndDay: action, caught };
  const risk = gravest(risks, seen === null ? null : scouted, today);
  return {
    ...withNeighbours(withForecast(risk, forecast, today), neighbourRisk(here, neighbours, today), today),
    ...{ perTrapPerDay: caught, seen, development: grown },
    infection: wet?.period ?? null,
  };
}

/** Of a pest without traps, heat tells beside what people have seen: it counts from the day that they told. */
function withForecast(
  risk: Risk,
  forecast: { readonly cycle: ReturnType<typeof cycleOf>; readonly heat: HeatSum } | null,
  today: number,
): Risk {
  if (forecast === null) return risk;
  const flight = nextFlight(forecast, { ...forecast, today });
  return {
    ...risk,
    lookAgainDay: beforeFlight(risk.lookAgainDay, flight, today),
    notes: [...risk.notes, ...heatNotes(forecast, { ...forecast, today }, flight)],
  };
}

/** Of the crop's stage, where people have said it; else the lowest in this unit, which is the most cautious one; null: there is none. */
function thresholdOf({ thresholds }: PestProfile, unit: string, stage?: string): number | null {
  const ofUnit = thresholds.filter((one) => one.unit === unit);
  const ofStage = ofUnit.filter(({ cropStage }) => stage !== undefined && cropStage?.en === stage);
  const values = (ofStage.length > 0 ? ofStage : ofUnit).map(({ value }) => value);
  return values.length === 0 ? null : Math.min(...values);
}

/** There are several thresholds, and nobody has said which one counts. */
function isOfUnknownStage({ thresholds }: PestProfile, { unit, cropStage }: PestSeenRecord): boolean {
  return cropStage === undefined && thresholds.filter((one) => one.unit === unit).length > 1;
}

function cycleOf({ development }: PestProfile): (LifeCycle & { trapped: string }) | null {
  const first = development?.stages[0];
  if (development === null || first === undefined) return null;
  // A turn begins when adults fly.
  return { thresholds: development, stages: development.stages, trapped: first.stage };
}

function developed(profile: PestProfile, known: Known): DevelopmentSeen | null {
  const { development } = profile;
  const cycle = cycleOf(profile);
  const biofix = biofixOf(profile, known);
  const { today } = known;
  if (development === null || cycle === null || biofix === null || biofix.day > today) return null;
  // Today is not over.
  const span = { fromDay: biofix.day, toDay: today - 1 };
  const heat = heatSum(known.heat, span, development, development.method);
  const flight = nextFlight({ cycle }, { heat, today });
  return {
    ...developmentAfter(cycle, heat.degreeDays),
    ...{ biofixDay: biofix.day, biofixKind: biofix.kind, heat, flightDay: flight?.day ?? null },
  };
}

function biofixOf({ biofix }: PestProfile, { toldBiofix, traps, today }: Known) {
  if (toldBiofix !== null) return { day: toldBiofix, kind: 'person' as const };
  if (biofix?.kind !== 'first_catch') return null;
  const day = firstCatch(traps, biofix.quietDays, today);
  return day === null ? null : { day, kind: 'first_catch' as const };
}

/** The day of the latest first catch: one before which, over so many days, traps were looked at and had caught none. */
function firstCatch(traps: Known['traps'], quietDays: number, today: number): number | null {
  const caught = new Map<number, number>();
  for (const { day, caught: count } of traps.flat())
    if (count !== null && day <= today) caught.set(day, (caught.get(day) ?? 0) + count);
  let first: number | null = null;
  let quiet = 0;
  for (const [day, count] of [...caught].sort(([a], [b]) => a - b)) {
    if (count > 0) {
      if (first === null || quiet >= quietDays) first = day;
      quiet = 0;
    } else quiet += 1;
  }
  return first;
}

function wetness({ infection }: PestProfile, { wet: known, today, dayOf, sprayedDay }: Known) {
  if (infection === null) return null;
  const { needs, dryHours, curativeDays, protectionDays } = infection;
  const wet = wetHours(known.hours);
  const ahead = known.today - today;
  const periods = wetPeriods(wet.hours, { needs, dryHours: dryHours ?? 0 });
  const protectedUntilDay =
    sprayedDay === null || protectionDays === null ? null : sprayedDay + protectionDays + ahead;
  const judged = wetRisk({ curativeDays: curativeDays ?? LOOKED_BACK_DAYS }, periods, {
    ...{ today: known.today, dayOf, protectedUntilDay },
  });
  const risk = { ...judged, lookAgainDay: judged.lookAgainDay - ahead };
  const unmeasured = wet.hours.every(({ isWet, celsius }) => isWet === null || celsius === null);
  const notes = [...risk.notes];
  if (wet.estimated > 0) notes.push(reasonOf('pest_wetness_estimated', { hours: wet.estimated }));
  const share = (period: InfectionPeriod) =>
    period.neededHours === null ? 0 : period.wetHours / period.neededHours;
  const worst = periods.toSorted((a, b) => share(b) - share(a))[0];
  return {
    risk: unmeasured
      ? {
          ...risk,
          advice: 'look' as const,
          lookAgainDay: today,
          reason: reasonOf('pest_wetness_unmeasured'),
          notes,
        }
      : { ...risk, notes },
    period: worst === undefined ? null : { ...worst, estimatedHours: wet.estimated },
  };
}
