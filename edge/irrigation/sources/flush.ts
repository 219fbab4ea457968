import { reasonOf } from '../reason.ts';
import { elapsed, type Instant } from '../time.ts';
import {
  alarm,
  clear,
  isSurelyOff,
  isUnanswered,
  marginMs,
  type SourceTurn,
  tellOff,
  tellOn,
} from './part.ts';
import type { ControlledFilter, Demand, FilterState, Gauged, PartState, SourceState } from './state.ts';

/**
 * A filter is flushed while water is delivered, because the pressure that cleans it is there only then.
 *
 *   waiting ── litres or pressure, while it delivers ──► opening ── it says open ──► flushing
 *      ▲                                                    │ no answer                 │ time over, or no delivery any more
 *      └──────────────── off for certain ──────────── closing ◄─────────────────────────┘
 *
 * Its valve is opened with a duration as every other one, and is one more way for the water, never one less.
 */
export function beginFilter(filter: ControlledFilter | null, now: Instant): FilterState | null {
  if (filter === null) return null;
  return {
    ...{ stage: 'waiting', since: now, endedAt: now, cause: null, before: null, after: null },
    // How much ran before this start nobody knows any more.
    ...{ litres: filter.everyLitres ?? 0, tries: 0, blocked: null },
  };
}

/**
 * While the flush takes water, and a little longer, zones have less of it, and gauges show less. Never longer than a flush lasts,
 * whatever its valve has said last: what guards pump and zones is off meanwhile.
 */
export function isFlushing({ flushValve }: Pick<SourceState, 'flushValve'>, now: Instant): boolean {
  return flushValve !== null && now.farmMs < flushValve.offByFarmMs;
}

/** Opened by hand, it counts as a flush, but not for longer than one. */
export function flushedByHand(
  flushValve: PartState,
  { filter, flushValve: was }: SourceState,
  turn: SourceTurn,
) {
  const isByHand = filter?.stage === 'waiting' && was?.isOn !== true && flushValve.isOn === true;
  if (!isByHand) return flushValve;
  const { now, config } = turn;
  const untilFarmMs = now.farmMs + (config.filter?.flushSeconds ?? 0) * 1000 + marginMs(turn);
  return { ...flushValve, offByFarmMs: Math.max(flushValve.offByFarmMs, untilFarmMs) };
}

/** kPa that the filter takes, by what both gauges have said since this source delivers undisturbed; null: not known. */
function differenceOf(source: SourceState, { now, limits }: SourceTurn): number | null {
  const { filter } = source;
  if (filter === null || source.stage !== 'delivering' || isFlushing(source, now)) return null;
  const { before, after, endedAt } = filter;
  const from = endedAt.realMs > source.since.realMs ? endedAt : source.since;
  const isSettled = [before, after].every(
    (gauge) => gauge && elapsed(from, gauge.seen, limits.pressureSettling),
  );
  return isSettled ? (differenceBetween(before, after)?.kilopascals ?? null) : null;
}

/** Farther apart than this, what two gauges have said is of different waters. */
const SAME_TIME_FARM_MS = 600_000;

/** What one gauge says more than the other, as old as the older word. */
export function differenceBetween(
  before: Gauged | null,
  after: Gauged | null,
): { kilopascals: number; atMs: number } | null {
  if (before === null || after === null) return null;
  if (Math.abs(before.seen.farmMs - after.seen.farmMs) > SAME_TIME_FARM_MS) return null;
  return {
    kilopascals: before.value - after.value,
    atMs: Math.min(before.seen.atMs, after.seen.atMs),
  };
}

export function stepFilter(source: SourceState, demand: Demand, turn: SourceTurn): SourceState {
  const { filter } = source;
  const { filter: config } = turn.config;
  if (filter === null || config === null || source.flushValve === null) return source;
  switch (filter.stage) {
    case 'waiting':
      return wait(source, filter, config, demand, turn);
    case 'opening':
      return open(source, filter, turn);
    case 'flushing':
      return flush(source, filter, config, turn);
    case 'closing':
      return isSurelyOff(source.flushValve, turn.now) ? end(source, filter, source.flushValve, turn) : source;
  }
}

function end(source: SourceState, filter: FilterState, flushValve: PartState, turn: SourceTurn): SourceState {
  const { now } = turn;
  const waiting = { ...filter, stage: 'waiting', since: now, endedAt: now, cause: null } as const;
  if (flushValve.isOn !== true) return withFilter(source, waiting);
  // It fell silent while it was open: its time is over, and its last word says nothing any more.
  const { attempts } = flushValve;
  alarm(source, 'low', reasonOf('flush_valve_silent', { source: source.id, attempts }), turn);
  return withFilter({ ...source, flushValve: { ...flushValve, isOn: null } }, waiting);
}

function withFilter(source: SourceState, filter: FilterState): SourceState {
  return { ...source, filter };
}

function wait(
  source: SourceState,
  filter: FilterState,
  config: ControlledFilter,
  demand: Demand,
  turn: SourceTurn,
): SourceState {
  const { now, limits } = turn;
  const difference = differenceOf(source, turn);
  const judged = judgedBy(source, filter, config, difference, turn);
  const rest = { farmSeconds: config.minMinutes * 60, realSeconds: 0 };
  const isQuiet = demand.losses.length === 0 && !demand.isTest && source.suspicion === null;
  const isSettled = source.stage === 'delivering' && elapsed(source.since, now, limits.pressureSettling);
  if (!isSettled || !isQuiet || !elapsed(filter.endedAt, now, rest)) return judged;
  const untilFarmMs = now.farmMs + config.flushSeconds * 1000;
  // What is not over before the water is, would clean nothing.
  if (demand.leaseFarmMs === null || demand.leaseFarmMs < untilFarmMs + SPARE_MS) return judged;
  const cause = causeOf(judged.filter ?? filter, config, difference);
  if (cause === null) return judged;
  const opening = { ...(judged.filter ?? filter), stage: 'opening', since: now, cause } as const;
  return tellOn(withFilter(judged, opening), 'flushValve', untilFarmMs, turn);
}

const SPARE_MS = 30_000;

function causeOf(
  { litres, tries }: FilterState,
  { everyLitres, difference: limit, tries: most }: ControlledFilter,
  difference: number | null,
): FilterState['cause'] {
  if (limit !== null && difference !== null && difference >= limit.maxKilopascals && tries < most)
    return 'pressure';
  return everyLitres !== null && litres >= everyLitres ? 'litres' : null;
}

/** Whether the last flushes have helped. */
function judgedBy(
  source: SourceState,
  filter: FilterState,
  { difference: limit, tries: most }: ControlledFilter,
  difference: number | null,
  turn: SourceTurn,
): SourceState {
  if (limit === null || difference === null) return source;
  const isClean = difference < limit.maxKilopascals;
  if (isClean && (filter.tries > 0 || filter.blocked)) {
    clear(source, 'filter_blocked', turn);
    return withFilter(source, { ...filter, tries: 0, blocked: null });
  }
  if (isClean || filter.blocked || filter.tries < most) return source;
  const reason = reasonOf('filter_blocked', {
    ...{
      source: source.id,
      kilopascals: difference,
      maxKilopascals: limit.maxKilopascals,
      tries: filter.tries,
    },
  });
  alarm(source, 'high', reason, turn);
  return withFilter(source, { ...filter, blocked: reason });
}

function open(source: SourceState, filter: FilterState, turn: SourceTurn): SourceState {
  const { flushValve } = source;
  if (flushValve === null || source.stage !== 'delivering') return close(source, filter, turn);
  if (flushValve.isOn === true && flushValve.isConfirmed) {
    clear(source, 'flush_valve_no_answer', turn);
    return withFilter(source, { ...filter, stage: 'flushing', since: turn.now });
  }
  if (!isUnanswered(flushValve, turn)) return source;
  // A repetition never asks for more than was asked at first.
  const mayRepeat = flushValve.attempts < turn.limits.attempts;
  const told = mayRepeat ? tellOn(source, 'flushValve', flushValve.leaseFarmMs, turn) : source;
  if (told !== source) return told;
  const { attempts } = flushValve;
  alarm(source, 'high', reasonOf('flush_valve_no_answer', { source: source.id, attempts }), turn);
  return close(source, filter, turn);
}

function flush(
  source: SourceState,
  filter: FilterState,
  { flushSeconds }: ControlledFilter,
  turn: SourceTurn,
): SourceState {
  const { now } = turn;
  const isOver = now.farmMs - filter.since.farmMs >= flushSeconds * 1000;
  // Its own time began when it was told; it may be over a moment before ours.
  const isClosed = source.flushValve?.isOn !== true;
  if (!isOver && !isClosed && source.stage === 'delivering') return source;
  const isDone = now.farmMs - filter.since.farmMs >= flushSeconds * 500;
  if (!isDone) return close(source, filter, turn);
  const tries = filter.cause === 'pressure' ? filter.tries + 1 : filter.tries;
  return close(source, { ...filter, litres: 0, tries }, turn);
}

function close(source: SourceState, filter: FilterState, turn: SourceTurn): SourceState {
  return tellOff(withFilter(source, { ...filter, stage: 'closing', since: turn.now }), 'flushValve', turn);
}
