import { type PestSeenRecord, pestUnits, type Reason, type TrapCountRecord } from '@nongtin/broker/wire';
import { type Answer, refuse } from '../crop-protection/answer.ts';
import type { Farm } from '../farm/layout.ts';
import { momentOfText, whenOf } from '../irrigation/programs/bans.ts';
import type { PestLibrary } from './library.ts';

/** What a person says of a trap; times are the farm's own, 'YYYY-MM-DDTHH:MM'. */
export interface CountWish {
  readonly countId?: string | undefined;
  readonly trap: string;
  readonly count: number;
  readonly countedAt: string;
  /** Absent: since the last count of this trap. */
  readonly since?: string | undefined;
}

/** What a person has found by looking at plants. */
export interface SeenWish {
  readonly seenId?: string | undefined;
  readonly plot: string;
  readonly pest: string;
  readonly seenAt: string;
  readonly unit: string;
  readonly value: number;
  readonly sampleSize: number;
  /** One that the library's thresholds of the unit name, in English. */
  readonly cropStage?: string | undefined;
}

export interface CheckContext {
  readonly farm: Pick<Farm, 'plots' | 'traps'>;
  readonly library: PestLibrary;
  readonly timeZone: string;
  readonly nowMs: number;
  /** All of a trap but what is said anew. */
  readonly countsOf: (trap: string) => readonly TrapCountRecord[];
}

export type CountFacts = Pick<
  TrapCountRecord,
  'trapId' | 'plot' | 'pest' | 'count' | 'fromMs' | 'untilMs' | 'since'
>;
type SeenFacts = Pick<
  PestSeenRecord,
  'plot' | 'pest' | 'seenAtMs' | 'unit' | 'value' | 'sampleSize' | 'cropStage'
>;

const MOST_CAUGHT = 100_000;
const MOST_SEEN = 100_000;
/** Clocks differ. */
const AHEAD_MS = 2 * 60_000;
/** Of what is older no risk is reckoned any more. */
export const KEPT_MS = 180 * 86_400_000;

/** Two people before one trap at nearly the same time have counted the same insects. */
const SAME_LOOK_MS = 30 * 60_000;

/**
 * A count as it would be recorded, or the first thing that is wrong with it. `late`: it comes from a phone that was out of reach, so
 * other looks of the same time may be known by now; each of them divides the time, and none is refused for it.
 */
export function checkCount(
  wish: CountWish,
  context: CheckContext,
  when: 'now' | 'late' = 'now',
): Answer<CountFacts> {
  const { farm, timeZone, countsOf } = context;
  const traps = farm.traps ?? [];
  const trap = traps.find(({ id }) => id === wish.trap);
  if (trap === undefined) {
    const known = traps.map(({ id }) => id).join(', ');
    return refuse('wrong', known === '' ? 'pest_no_traps' : 'pest_trap_unknown', { trap: wish.trap, known });
  }
  const { count } = wish;
  if (!(count >= 0)) return refuse('wrong', 'pest_count_negative', { count });
  if (!Number.isInteger(count)) return refuse('wrong', 'pest_count_fraction', { count });
  if (count > MOST_CAUGHT) return refuse('wrong', 'pest_count_too_many', { count, most: MOST_CAUGHT });
  const untilMs = moment(wish.countedAt, context);
  if (typeof untilMs !== 'number') return untilMs;
  const its = countsOf(trap.id).filter(({ state }) => state === 'standing');
  const before = lookBefore(its, untilMs);
  const isLate = when === 'late';
  // Of a look without one before it nobody knows since when; it still ends what the next one counts.
  const sinceLook = before ?? (isLate ? untilMs : null);
  const fromMs = wish.since === undefined ? sinceLook : moment(wish.since, context);
  if (fromMs === null) return refuse('wrong', 'pest_count_since_missing', { trap: trap.name });
  if (typeof fromMs !== 'number') return fromMs;
  if (wish.since !== undefined && fromMs >= untilMs)
    return refuse('wrong', 'pest_time_backwards', { since: wish.since, countedAt: wish.countedAt });
  const isSameLook = (one: TrapCountRecord) =>
    one.countedBy === 'person' && Math.abs(one.untilMs - untilMs) < SAME_LOOK_MS;
  const from = isLate ? Math.max(fromMs, before ?? fromMs) : fromMs;
  const other = its.find(
    (one) =>
      isSameLook(one) ||
      (one.fromMs < untilMs && one.untilMs > from && !(isLate && one.countedBy === 'person')),
  );
  if (other !== undefined)
    return refuse('conflict', 'pest_count_overlaps', {
      ...{ trap: trap.name, by: other.by, count: other.count },
      ...{ fromDate: date(other.fromMs, timeZone), untilDate: date(other.untilMs, timeZone) },
    });
  return {
    ...{ trapId: trap.id, plot: trap.plot, pest: trap.pest, count, fromMs, untilMs },
    ...(wish.since === undefined ? { since: 'look_before' } : {}),
  };
}

/** A scouting as it would be recorded, or the first thing that is wrong with it. */
export function checkSeen(wish: SeenWish, context: CheckContext): Answer<SeenFacts> {
  const { farm, library } = context;
  const { plot, pest, unit, value, sampleSize } = wish;
  const place = placeProblem({ plot, pest }, farm, library);
  if (place !== null) return { refused: place, kind: 'wrong' };
  const units = pestUnits.filter((one) => one !== 'per_trap_day');
  if (!units.some((one) => one === unit))
    return refuse('wrong', 'pest_seen_unit', { unit, known: units.join(', ') });
  const most = unit.startsWith('percent_') ? 100 : MOST_SEEN;
  if (!(value >= 0 && value <= most)) return refuse('wrong', 'pest_seen_value', { value, most });
  if (!(Number.isInteger(sampleSize) && sampleSize >= 1 && sampleSize <= MOST_SEEN))
    return refuse('wrong', 'pest_seen_sample', { sample: sampleSize, most: MOST_SEEN });
  const { cropStage } = wish;
  const stages = (library.get(pest)?.thresholds ?? []).flatMap((one) =>
    one.unit === unit && one.cropStage !== undefined ? [one.cropStage.en] : [],
  );
  if (cropStage !== undefined && !stages.includes(cropStage))
    return refuse('wrong', 'pest_seen_stage', { stage: cropStage, known: stages.join(', ') });
  const seenAtMs = moment(wish.seenAt, context);
  if (typeof seenAtMs !== 'number') return seenAtMs;
  return {
    ...{ plot, pest, seenAtMs, unit, value, sampleSize },
    ...(cropStage === undefined ? {} : { cropStage }),
  };
}

/** What is wrong with a plot and a pest of it; null: nothing. */
export function placeProblem(
  { plot, pest }: { readonly plot: string; readonly pest: string },
  { plots }: Pick<Farm, 'plots'>,
  library: PestLibrary,
): Reason | null {
  if (!plots.some(({ id }) => id === plot))
    return { key: 'pest_plot_unknown', figures: { plot, known: plots.map(({ id }) => id).join(', ') } };
  if (!library.has(pest))
    return { key: 'pest_not_in_library', figures: { pest, known: [...library.keys()].join(', ') } };
  return null;
}

/** UTC ms, or why it cannot be. */
function moment(text: string, { timeZone, nowMs }: CheckContext): Answer<number> {
  const atMs = momentOfText(text, { timeZone });
  if (atMs === null) return refuse('wrong', 'pest_time_unreadable', { time: text });
  if (atMs > nowMs + AHEAD_MS) return refuse('wrong', 'pest_time_future', { time: text });
  if (atMs < nowMs - KEPT_MS)
    return refuse('wrong', 'pest_time_too_old', { time: text, days: KEPT_MS / 86_400_000 });
  return atMs;
}

/** When the trap was looked at before; null: never. */
function lookBefore(counts: readonly TrapCountRecord[], untilMs: number): number | null {
  const before = counts.flatMap((one) => (one.untilMs < untilMs ? [one.untilMs] : []));
  return before.length === 0 ? null : Math.max(...before);
}

function date(atMs: number, timeZone: string): string {
  return whenOf(atMs, { timeZone, location: null }).nextDate;
}
