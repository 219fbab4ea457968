import type { Reason } from '@nongtin/broker/wire';
import { isFitForControl } from '../../ingest/quality.ts';
import { reasonOf } from '../reason.ts';
import { elapsed, type Instant } from '../time.ts';
import { beginFilter, flushedByHand, isFlushing, stepFilter } from './flush.ts';
import { isLevelOld, judge, type SourceStep } from './judge.ts';
import { behindMaster, hasLagged, leaseUntil, longest, masterUntil } from './lease.ts';
import {
  alarm,
  at,
  clear,
  doesNotStop,
  heard,
  isOurs,
  isSurelyOff,
  isUnanswered,
  locked,
  marginMs,
  type SourceTurn,
  stoppedAtOnce,
  stoppedReason,
  tellAllOff,
  tellableSeconds,
  tellOff,
  tellOn,
} from './part.ts';
import type { PastSource } from './past.ts';
import {
  type ControlledPart,
  type Demand,
  type Gauge,
  type PartName,
  type PartState,
  type SourceState,
  sourceLockKeys,
} from './state.ts';

/**
 * A pump and a master valve, driven by who wants water. Values in, values out, as the controller is.
 *
 *   unknown ── both say off ──► resting ── a valve is open ──► starting ── master open, lead, pump on ──► delivering
 *                                  ▲                              │                                          │
 *                                  └── off; lag; closed ──── stopping ◄────────── nobody wants water ────────┘
 *   a fault, in any of them: pump and master valve off at once ──► locked ── a person ──► unknown
 *
 * The law: a pump never runs against closed valves. So it is on only behind an open valve, its lease ends before the lease of the
 * last of them, and no valve is closed in good order before the pump is off for certain.
 */
export type SourceEvent = { readonly now: Instant } & (
  | { readonly kind: 'look' }
  | {
      readonly kind: 'part';
      readonly part: PartName;
      readonly isOn: boolean;
      readonly commandId?: string | undefined;
    }
  | {
      readonly kind: 'measured';
      readonly what: Gauge;
      readonly value: number;
      readonly quality: number;
    }
  | { readonly kind: 'online'; readonly part: PartName }
  | { readonly kind: 'unlock' }
);

/** What an earlier start has left behind. */
export interface KnownSource {
  readonly lock: Reason | null;
  readonly past: PastSource | null;
  /** As in SourceState; the present when nothing was cut off. */
  readonly heldUntilFarmMs: number;
}

/** After a start: what it is doing is not known, so the pump is told to stop first, then the master valve to close. */
export function beginSource({ lock, past, heldUntilFarmMs }: KnownSource, turn: SourceTurn): SourceState {
  const { config, now } = turn;
  const unheard = (part: ControlledPart | null): PartState | null =>
    part && {
      ...{ isOn: null, seen: null, told: 'off', since: now, sentAt: now, attempts: 0, commandId: '' },
      // What an earlier start has sent may last so long.
      offByFarmMs: now.farmMs + longest(part, turn.limits.leaseSeconds) * 1000 + 3 * marginMs(turn),
      ...{ leaseFarmMs: now.farmMs, turnedAt: null, isConfirmed: false },
      ...{ isNamed: false, isDefiant: false, claim: null },
    };
  const source: SourceState = {
    ...{ id: config.id, stage: lock === null ? 'unknown' : 'locked', since: now, lock },
    pump: unheard(config.pump),
    masterValve: unheard(config.masterValve),
    // It is told no more than a flush.
    flushValve: unheard(config.flushValve && { ...config.flushValve, isRearmed: true }),
    filter: beginFilter(config.filter, now),
    ...{ pressure: null, delivered: null, level: null, flowSeen: null, suspicion: null },
    ...{ isDry: config.tank !== null && past?.isDry === true, lastOpening: null },
    dryStopsRealMs: (past?.dryStopsAgoMs ?? []).map((agoMs) => now.realMs - agoMs),
    heldUntilFarmMs,
  };
  if (!isHeld(source, turn)) return settle(tellAllOff(source, turn), turn);
  return tellOff(tellOff(source, 'pump', turn), 'flushValve', turn);
}

export function stepSource(
  source: SourceState,
  event: SourceEvent,
  demand: Demand,
  turn: SourceTurn,
): SourceStep {
  const observed = observe(source, event, turn);
  if (event.kind === 'unlock') return { source: unlocked(observed, turn), failure: null };
  const { flowSeen } = demand;
  const seen = flowSeen === null || flowSeen === source.flowSeen ? observed : { ...observed, flowSeen };
  const judged = judge(seen, demand, turn);
  if (judged.failure !== null) return judged;
  const driven = drive(judged.source, demand, turn);
  const filtered = stepFilter(driven.source, demand, turn);
  const isClosing = filtered.filter?.stage === 'closing' && filtered.stage !== 'locked';
  return { ...driven, source: isClosing ? urgeOff(filtered, 'flushValve', turn) : filtered };
}

function observe(source: SourceState, event: SourceEvent, turn: SourceTurn): SourceState {
  const { now } = turn;
  if (event.kind === 'part') {
    const part = source[event.part];
    if (part === null) return source;
    const { suspicion } = source;
    const isByItself = part.isOn === true && !event.isOn && !isOurs(part, event.commandId);
    const explained =
      suspicion && isByItself && event.part !== 'flushValve'
        ? { ...suspicion, stopped: event.part }
        : suspicion;
    const told = heard(part, event.isOn, event.commandId, turn);
    if (event.part === 'flushValve' && part.isOn === null) clear(source, 'flush_valve_silent', turn);
    const after: SourceState = {
      ...{ ...source, suspicion: explained },
      [event.part]: event.part === 'flushValve' ? flushedByHand(told, source, turn) : told,
    };
    if (source.stage === 'resting' && part.isOn === null && isKnownOff(after))
      clear(source, 'source_silent', turn);
    return after;
  }
  // Back from a power cut: what it does is not known, and what was told it may have been lost.
  if (event.kind === 'online' && event.part === 'masterValve' && isHeld(source, turn)) return source;
  if (event.kind === 'online')
    return source[event.part]?.told === 'off' ? tellOff(source, event.part, turn) : source;
  if (event.kind !== 'measured' || !isFitForControl(event.quality) || !Number.isFinite(event.value))
    return source;
  const { value } = event;
  if (event.what === 'level') {
    const { tank } = turn.config;
    const isDry =
      tank !== null && (value <= tank.stopPercent || (source.isDry && value < tank.resumePercent));
    if (source.isDry && !isDry) clear(source, 'tank_low', turn);
    if (isLevelOld(source, turn, AGES_OF_A_RUN)) clear(source, 'tank_unknown', turn);
    return { ...source, isDry, level: { value, seen: now } };
  }
  if (event.what === 'beforeFilter' || event.what === 'afterFilter') {
    const side = event.what === 'beforeFilter' ? 'before' : 'after';
    return { ...source, filter: source.filter && { ...source.filter, [side]: { value, seen: now } } };
  }
  const { pressure: band } = turn.config;
  // A flush takes pressure from the zones; that is no fault.
  if (isFlushing(source, now)) return { ...source, pressure: { value, seen: now, oddSince: null } };
  const isOdd = band !== null && (value < band.minKilopascals || value > band.maxKilopascals);
  const oddSince = isOdd ? (source.pressure?.oddSince ?? now) : null;
  const delivered = source.stage === 'delivering' ? { value, seen: now } : source.delivered;
  return { ...source, delivered, pressure: { value, seen: now, oddSince } };
}

function drive(source: SourceState, demand: Demand, turn: SourceTurn): SourceStep {
  switch (source.stage) {
    case 'unknown':
      return { source: sweep(source, turn), failure: null };
    case 'resting':
      return { source: rest(source, demand, turn), failure: null };
    case 'starting':
      return isLevelOld(source, turn, AGES_OF_A_RUN) ? endBlind(source, turn) : begin(source, demand, turn);
    case 'delivering':
      return isLevelOld(source, turn, AGES_OF_A_RUN) ? endBlind(source, turn) : deliver(source, demand, turn);
    case 'stopping':
      return { source: stop(source, turn), failure: null };
    case 'locked':
      return { source: keepOff(source, turn), failure: null };
  }
}

function sweep(source: SourceState, turn: SourceTurn): SourceState {
  const settled = settle(source, turn);
  if (settled.stage === 'resting') return settled;
  let swept = settled;
  for (const name of ['pump', 'masterValve', 'flushValve'] as const)
    if (swept.stage !== 'locked' && !(name === 'masterValve' && isHeld(swept, turn)))
      swept = urgeOff(swept, name, turn);
  return swept;
}

/** After a start the pump may run on, as long as a run may that was cut off: it must not do so against its master valve. */
function isHeld(source: SourceState, turn: SourceTurn): boolean {
  const isCutOff = source.stage === 'unknown' && turn.now.farmMs < source.heldUntilFarmMs;
  return isCutOff && !hasLagged(source, turn);
}

/** Both are off: it rests. */
function settle(source: SourceState, turn: SourceTurn): SourceState {
  if (source.stage !== 'unknown') return source;
  const isOff = (part: PartState | null) => part?.isOn !== true && isSurelyOff(part, turn.now);
  if (!isOff(source.pump) || !isOff(source.masterValve) || !isOff(source.flushValve)) return source;
  return rested(source, turn);
}

function rested(source: SourceState, turn: SourceTurn): SourceState {
  if (isKnownOff(source)) clear(source, 'source_silent', turn);
  return at({ ...source, heldUntilFarmMs: turn.now.farmMs }, 'resting', turn);
}

/** Each of them has said so; what was last heard to be on, or not at all, is silent. */
function isKnownOff({ pump, masterValve, flushValve }: SourceState): boolean {
  return [pump, masterValve, flushValve].every((part) => part === null || part.isOn === false);
}

function rest(source: SourceState, demand: Demand, turn: SourceTurn): SourceState {
  // On without having been told to: by hand, by its own timer, or by a message that came late.
  if (source.pump?.isOn || source.masterValve?.isOn) return at(tellAllOff(source, turn), 'unknown', turn);
  const untilFarmMs = leaseUntil(demand, turn);
  if (untilFarmMs === null) return source;
  return tellOn(at(source, 'starting', turn), 'masterValve', masterUntil(demand, turn), turn);
}

function begin(source: SourceState, demand: Demand, turn: SourceTurn): SourceStep {
  const untilFarmMs = leaseUntil(demand, turn);
  if (untilFarmMs === null) return { source: stop(at(source, 'stopping', turn), turn), failure: null };
  const { masterValve: master, pump } = source;
  if (master !== null && (master.isOn !== true || (pump?.told !== 'on' && !master.isConfirmed))) {
    // It has closed again: a pump that may have heard us already must not run against it.
    if (pump?.told === 'on') return closedAgain(source, 'masterValve', turn);
    const until = masterUntil(demand, turn);
    return urgeOn(source, 'masterValve', until, turn);
  }
  if (pump === null) return { source: delivering(source, turn), failure: null };
  if (pump.told === 'on') {
    return pump.isOn === true
      ? { source: delivering(source, turn), failure: null }
      : urgeOn(source, 'pump', behindMaster(source, untilFarmMs, turn), turn);
  }
  const from = master?.turnedAt ?? source.since;
  const opened = from.realMs > source.since.realMs ? from : source.since;
  const lead = { farmSeconds: turn.config.pump?.leadSeconds ?? 0, realSeconds: 0 };
  if (!elapsed(opened, turn.now, lead)) return { source, failure: null };
  return { source: tellOn(source, 'pump', behindMaster(source, untilFarmMs, turn), turn), failure: null };
}

function delivering(source: SourceState, turn: SourceTurn): SourceState {
  for (const key of ['pump_no_answer', 'master_no_answer', 'pump_stopped', 'master_closed'])
    clear(source, key, turn);
  return at(source, 'delivering', turn);
}

function deliver(source: SourceState, demand: Demand, turn: SourceTurn): SourceStep {
  const untilFarmMs = leaseUntil(demand, turn);
  if (demand.isTest && source.pump !== null && turn.now.farmMs >= source.pump.leaseFarmMs - 2_000)
    return { source: cutOffTested(source, source.pump, turn), failure: null };
  if (untilFarmMs === null) return { source: stop(at(source, 'stopping', turn), turn), failure: null };
  // Its lease is over, a renewal was lost, somebody has switched it off, it has tripped: nobody starts it again by himself.
  for (const name of ['pump', 'masterValve'] as const) {
    if (source[name] !== null && source[name].isOn !== true) return closedAgain(source, name, turn);
  }
  const master = renewed(source, 'masterValve', masterUntil(demand, turn), turn);
  return { source: renewed(master, 'pump', behindMaster(master, untilFarmMs, turn), turn), failure: null };
}

/** In a wet test nobody tells the pump to stop when its time is over. */
function cutOffTested(source: SourceState, pump: PartState, turn: SourceTurn): SourceState {
  if (pump.isOn !== true) return stop(at(source, 'stopping', turn), turn);
  if (turn.now.farmMs < pump.offByFarmMs) return source;
  return locked(source, reasonOf('pump_does_not_stop', { source: source.id }), turn);
}

/** A run is not ended for a few lost words: nothing begins by a level that is older than its age, what runs has twice that. */
const AGES_OF_A_RUN = 2;

/** Nobody knows any more whether the tank has water. It had a while ago, so this is no haste. */
function endBlind(source: SourceState, turn: SourceTurn): SourceStep {
  const reason = reasonOf('tank_unknown', { maxAgeSeconds: turn.config.tank?.maxAgeSeconds ?? null });
  alarm(source, 'high', reason, turn);
  const ended = stop(at(source, 'stopping', turn), turn);
  return { source: ended, failure: { outcome: 'interrupted', reason } };
}

function closedAgain(source: SourceState, name: PartName, turn: SourceTurn): SourceStep {
  const reason = stoppedReason(source, name);
  alarm(source, 'high', reason, turn);
  return { source: stoppedAtOnce(source, 'stopping', turn), failure: { outcome: 'interrupted', reason } };
}

/** Begins its time anew when half of it is left, and there is more to be had. */
function renewed(source: SourceState, name: PartName, untilFarmMs: number, turn: SourceTurn): SourceState {
  const part = source[name];
  const config = turn.config[name];
  if (part === null || config === null || !config.isRearmed) return source;
  const { now, limits } = turn;
  const isDue = part.leaseFarmMs - now.farmMs <= limits.leaseSeconds * 500;
  const moreMs = now.farmMs + tellableSeconds(name, untilFarmMs, turn) * 1000 - part.leaseFarmMs;
  const isMore = isDue && moreMs >= Math.max(5, config.stepSeconds) * 1000;
  // The valve with the longest lease is about to close: what is left must end before those of the others.
  const isLess = name === 'pump' && part.leaseFarmMs - untilFarmMs >= 1_000;
  if (!part.isConfirmed) return isUnanswered(part, turn) ? tellOn(source, name, untilFarmMs, turn) : source;
  if (!isMore && !isLess) return source;
  return tellOn(source, name, untilFarmMs, turn);
}

function stop(source: SourceState, turn: SourceTurn): SourceState {
  const { now, config } = turn;
  if (source.pump?.told === 'on') return tellOff(source, 'pump', turn);
  if (!isSurelyOff(source.pump, now)) return urgeOff(source, 'pump', turn);
  if (source.masterValve === null) return hasLagged(source, turn) ? rested(source, turn) : source;
  if (source.masterValve.told === 'on')
    return hasLagged(source, turn) ? tellOff(source, 'masterValve', turn) : source;
  if (source.masterValve.isOn === false && isSurelyOff(source.masterValve, now)) return rested(source, turn);
  return config.masterValve === null ? source : urgeOff(source, 'masterValve', turn);
}

function keepOff(source: SourceState, turn: SourceTurn): SourceState {
  let kept = source;
  for (const name of ['pump', 'masterValve', 'flushValve'] as const) {
    const part = kept[name];
    if (part !== null && part.isOn !== false && isUnanswered(part, turn)) kept = tellOff(kept, name, turn);
  }
  return kept;
}

const DEFIANCE = {
  pump: 'pump_does_not_stop',
  masterValve: 'master_does_not_close',
  flushValve: 'flush_valve_does_not_close',
} as const satisfies Record<PartName, string>;

/** Tells it again; what goes on all the same is a fault, what says nothing is silent. */
function urgeOff(source: SourceState, name: PartName, turn: SourceTurn): SourceState {
  const part = source[name];
  const { limits, now } = turn;
  if (part === null || (part.isOn !== true && isSurelyOff(part, now))) return source;
  if (part.told === 'on' || part.attempts === 0) return tellOff(source, name, turn);
  const isPatient = part.attempts >= limits.attempts;
  if (isPatient && isUnanswered(part, turn) && doesNotStop(part, turn)) {
    return locked(source, reasonOf(DEFIANCE[name], { source: source.id }), turn);
  }
  const farApart = { farmSeconds: 0, realSeconds: limits.slowRepeatRealSeconds };
  if (!elapsed(part.sentAt, now, isPatient ? farApart : limits.answer)) return source;
  // Of one that does answer it is only not known yet whether that is its last word.
  if (isPatient && !(part.seen !== null && part.seen.realMs > part.sentAt.realMs))
    alarm(source, 'low', reasonOf('source_silent', { source: source.id, attempts: part.attempts }), turn);
  return tellOff(source, name, turn);
}

/** Tells it again; one that never answers lets no water come. */
function urgeOn(source: SourceState, name: PartName, untilFarmMs: number, turn: SourceTurn): SourceStep {
  const part = source[name];
  if (part === null || !isUnanswered(part, turn)) return { source, failure: null };
  // A repetition never asks for more than was asked at first.
  const until = turn.config[name]?.foreign ? Math.min(untilFarmMs, part.leaseFarmMs) : untilFarmMs;
  const told = part.attempts < turn.limits.attempts ? tellOn(source, name, until, turn) : source;
  if (told !== source) return { source: told, failure: null };
  const key = name === 'pump' ? 'pump_no_answer' : 'master_no_answer';
  const reason = reasonOf(key, { source: source.id, attempts: part.attempts });
  alarm(source, 'high', reason, turn);
  return { source: stoppedAtOnce(source, 'stopping', turn), failure: { outcome: 'no_answer', reason } };
}

/** Ends everything at once, for a fault behind it: a burst pipe, a valve that does not close. */
export function cutOff(source: SourceState, turn: SourceTurn): SourceState {
  return source.stage === 'locked' ? keepOff(source, turn) : stoppedAtOnce(source, 'stopping', turn);
}

function unlocked(source: SourceState, turn: SourceTurn): SourceState {
  if (source.stage !== 'locked') return source;
  for (const key of [...sourceLockKeys, 'tank_low']) clear(source, key, turn);
  const forgiven = { ...source, lock: null, isDry: false, dryStopsRealMs: [], level: null, suspicion: null };
  return settle(stoppedAtOnce(forgiven, 'unknown', turn), turn);
}
