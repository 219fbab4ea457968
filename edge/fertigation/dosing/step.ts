import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../../irrigation/reason.ts';
import type { Instant } from '../../irrigation/time.ts';
import {
  allowed,
  fertilizerGiven,
  givenOf,
  hasAsPlanned,
  leftFor,
  plannedAfter,
  tanksIn,
} from './amounts.ts';
import { calibrating, mayGoOn } from './calibrate.ts';
import { worstOf } from './limits.ts';
import { firstLoop, goesOn, hasNoEffect, learntFrom, looked } from './loop.ts';
import { clearLitres, type Permit, permit, unflushedLitres } from './permit.ts';
import { chosen, dosableLitres, owedAfter } from './pulses.ts';
import { moreGiven, outgrown, pumpSaid, stopPulse, swept, watched } from './pumps.ts';
import { mostOf, rateIn } from './rate.ts';
import { tell } from './tell.ts';
import { locked, type Surroundings, spent, type Turn } from './turn.ts';
import type {
  EventOf,
  Given,
  HeadAction,
  HeadConfig,
  HeadEvent,
  HeadState,
  Mean,
  Session,
  TankConfig,
  Water,
} from './types.ts';

export interface Stepped {
  readonly state: HeadState;
  readonly actions: readonly HeadAction[];
}

export interface RestoredHead {
  /** What earlier starts have dosed, or may have. */
  readonly given: readonly Given[];
  readonly lock: Reason | null;
  readonly isHeld: boolean;
  /** Keys of its alarms that stand. */
  readonly told: readonly string[];
  /** By recipe, of the latest dose that showed it. */
  readonly learnt: HeadState['learnt'];
}

function turnAt(now: Instant, surroundings: Surroundings): Turn {
  return { ...surroundings, now, actions: [], earlierToday: new Map() };
}

/** After a start every pump is stopped first. */
export function begin(surroundings: Surroundings, restored: RestoredHead, now: Instant): Stepped {
  const turn = turnAt(now, surroundings);
  const blank: HeadState = {
    ...restored,
    ...{
      sweep: null,
      water: null,
      wetSince: null,
      firstCounter: null,
      clearEc: NOTHING,
      probes: { ec: [], ph: [] },
    },
    ...{
      session: null,
      spentRuns: [],
      spentWhy: null,
      pulse: null,
      last: null,
      why: null,
      whySince: null,
      issued: 0,
    },
  };
  const state = swept(blank, turn);
  return { state, actions: turn.actions };
}

/** Nothing is decided here any more: every pump is told to stop, and a dose under way is over. */
export function finish(state: HeadState, surroundings: Surroundings, now: Instant): Stepped {
  const turn = turnAt(now, surroundings);
  const { session } = state;
  const quiet = swept({ ...state, pulse: null }, turn);
  const after = session === null ? quiet : sessionEnded(quiet, session, reasonOf('dose_cut_off'), turn);
  return { state: after, actions: turn.actions };
}

/**
 * One event. Whatever it is: what may not be dosed any more is stopped in the same step, and nothing starts that is not permitted
 * in it.
 *
 *   event → what is heard → pumps that are over, silent or astray → permit → dose | stop → alarms
 */
export function step(before: HeadState, event: HeadEvent, surroundings: Surroundings): Stepped {
  const turn = turnAt(event.now, surroundings);
  const state = watched(heard(before, event, turn), turn);
  const permitted = permit(state, turn.head, turn.now);
  const after =
    permitted.recipe === null ? stopped(state, permitted.why, turn) : dosing(state, permitted, turn);
  return { state: tell(after, turn), actions: turn.actions };
}

function heard(state: HeadState, event: HeadEvent, turn: Turn): HeadState {
  switch (event.kind) {
    case 'tick':
      return state;
    case 'water':
      return flowed(state, event.water, turn);
    case 'probe':
      return probed(state, event, turn.head);
    case 'pump':
      return pumpSaid(state, event, turn);
    case 'allowance_durable': {
      const { session } = state;
      if (session === null || session.doseId !== event.doseId) return state;
      return { ...state, session: { ...session, allowed: event.millilitres, asked: null } };
    }
    case 'calibrate':
      return calibrating(state, event, turn);
    case 'stop_calibration': {
      const { pulse } = state;
      return pulse !== null && pulse.calibrationId !== null && pulse.stop === null
        ? stopPulse(state, pulse, turn)
        : state;
    }
    case 'stop':
      return spent({ ...state, isHeld: true }, reasonOf('dose_stopped_by_person', {}));
    case 'resume':
      return { ...state, isHeld: false };
    case 'unlock': {
      const { lock } = state;
      if (lock === null) return state;
      turn.actions.push({ kind: 'clear_alarm', key: lock.key });
      return swept({ ...state, lock: null, told: state.told.filter((key) => key !== lock.key) }, turn);
    }
  }
}

function flowed(before: HeadState, water: EventOf<'water'>['water'], turn: Turn): HeadState {
  const state = { ...before, firstCounter: before.firstCounter ?? water.counter };
  if (water.runs.length === 0) return { ...state, water, wetSince: null, clearEc: NOTHING };
  const { session, wetSince } = state;
  const litres = Math.max(0, water.counter - (state.water?.counter ?? water.counter));
  const flowing = { ...state, water, wetSince: wetSince ?? turn.now };
  const { pulse } = state;
  const wet = pulse !== null && outgrown(flowing, turn) ? stopPulse(flowing, pulse, turn) : flowing;
  // Water counts for the dose only while it may be dosed: what passed by in a doubt is not made up for.
  if (session === null || state.why !== null) return wet;
  const runIds = [...new Set([...session.runIds, ...water.runs.map(({ runId }) => runId)])];
  const { owed, slow } = owedAfter(litres, session, water, turn.head);
  const since = session.slow?.tank === slow ? session.slow.since : turn.now;
  const shares = sharesAfter(session.shares, state.water, water);
  const planned = plannedAfter(session.planned, water);
  const told = { runIds, owed, shares, planned, slow: slow === null ? null : { tank: slow, since } };
  return { ...wet, session: { ...session, ...told, litres: session.litres + litres } };
}

function sharesAfter(shares: Session['shares'], before: Water | null, { runs }: Water): Session['shares'] {
  const more = runs.map(({ runId, zone, litres }) => {
    const passed = litres - (before?.runs.find((run) => run.runId === runId)?.litres ?? litres);
    return [runId, { zone, litres: (shares[runId]?.litres ?? 0) + Math.max(0, passed) }] as const;
  });
  return { ...shares, ...Object.fromEntries(more) };
}

function probed(
  state: HeadState,
  { quantity, index, value, isGood, now }: EventOf<'probe'>,
  { ec, mixingLitres }: HeadConfig,
): HeadState {
  const readings = Array.from({ length: Math.max(index + 1, state.probes[quantity].length) }, (_, place) =>
    place === index ? { value, isGood, seen: now } : (state.probes[quantity][place] ?? null),
  );
  const isClear =
    quantity === 'ec' && isGood && value >= ec.min && value <= ec.max && clearLitres(state) >= mixingLitres;
  const clearEc = isClear && state.session === null ? more(state.clearEc, value) : state.clearEc;
  return { ...state, clearEc, probes: { ...state.probes, [quantity]: readings } };
}

/** Nothing may be dosed now. A pulse is stopped at once; the dose is over when its water is, or nothing can go on in it. */
function stopped(state: HeadState, why: Reason | null, turn: Turn): HeadState {
  const { pulse, session, water } = state;
  const isWrong = pulse !== null && pulse.stop === null && !mayGoOn(state, turn);
  const quiet = isWrong ? stopPulse(state, pulse, turn) : state;
  const since = { why, whySince: sameKey(why, state.why) ? state.whySince : turn.now };
  const isOver =
    session !== null &&
    quiet.pulse === null &&
    (water === null ||
      water.runs.every(({ runId }) => !session.runIds.includes(runId) || state.spentRuns.includes(runId)));
  return isOver
    ? { ...sessionEnded(quiet, session, endedWhy(quiet, session, why, turn), turn), ...since }
    : { ...quiet, ...since };
}

/** Why a dose is over: what has kept it from going on, or that its water has come to its end. */
function endedWhy(state: HeadState, { runIds }: Session, why: Reason | null, { head }: Turn): Reason {
  const { spentRuns, spentWhy, why: before } = state;
  if (spentWhy !== null && runIds.some((runId) => spentRuns.includes(runId))) return spentWhy;
  if (runIds.length === 0 && why !== null) return why;
  const litres = unflushedLitres(state, head);
  if (litres > 0) return reasonOf('dose_not_flushed', { litres: Math.ceil(litres) });
  return before?.key === 'dose_flushes_after' ? reasonOf('dose_complete') : reasonOf('dose_water_stopped');
}

function sessionEnded(state: HeadState, session: Session, why: Reason, turn: Turn): HeadState {
  const { now } = turn;
  const learnt = learntFrom(session.loop, state.learnt[session.recipe.id]);
  turn.actions.push({
    kind: 'journal_dose',
    dose: {
      ...{ doseId: session.doseId, recipe: session.recipe.id, runIds: session.runIds },
      ...{ startedAtMs: session.begun.atMs, endedAtMs: Math.max(now.atMs, session.begun.atMs) },
      ...{ millilitres: session.given, waterLitres: session.litres, shares: session.shares, learnt },
      ...{ ec: meanOf(session.seen.ec), ph: meanOf(session.seen.ph), why },
    },
  });
  const given = Object.entries(session.given).map(
    ([tank, millilitres]): Given => ({
      ...{ doseId: session.doseId, tank, atMs: now.atMs, realMs: now.realMs },
      millilitres: worstOf(millilitres, turn.head.tanks.find(({ id }) => id === tank)?.rateFactor),
    }),
  );
  return {
    ...state,
    learnt: { ...state.learnt, [session.recipe.id]: learnt },
    session: null,
    given: [...state.given, ...given].slice(-MOST_GIVEN),
  };
}

function more({ sum, count }: Mean, value: number): Mean {
  return { sum: sum + value, count: count + 1 };
}

function meanOf({ sum, count }: Mean): number | null {
  return count === 0 ? null : sum / count;
}

/** More than any day holds. */
const MOST_GIVEN = 2_000;

const NOTHING: Mean = { sum: 0, count: 0 };

type Permitted = Extract<Permit, { recipe: object }>;

function dosing(state: HeadState, permitted: Permitted, turn: Turn): HeadState {
  const { session } = state;
  if (session !== null && session.recipe.id !== permitted.recipe.id)
    return stopped(
      { ...state, session: { ...session, runIds: [] } },
      reasonOf('dose_zones_differ', {}),
      turn,
    );
  if (session === null) return begun(state, permitted, turn);
  const loop = state.why === null ? session.loop : goesOn(session.loop, permitted.water.counter, turn.now);
  const seen = looking({ ...session, loop }, state, permitted, turn);
  const effectless = hasNoEffect(seen.loop, seen.recipe, turn.head.limits);
  if (effectless !== null) return stopped(locked({ ...state, session: seen }, effectless), effectless, turn);
  const asking = allowed(seen, state, turn);
  const next = { ...state, session: asking, why: null, whySince: null };
  return state.pulse === null ? pulsed(next, asking, permitted, turn) : next;
}

/** The water is looked at once for each new word of a probe. */
function looking(session: Session, state: HeadState, { ec, ph, water }: Permitted, turn: Turn): Session {
  const newest = Math.max(...[...state.probes.ec, ...state.probes.ph].map((one) => one?.seen.realMs ?? 0));
  if (newest <= session.lookedRealMs) return session;
  const look = { head: turn.head, water, now: turn.now, given: fertilizerGiven(session, turn) };
  const loop = looked(session.loop, session.recipe, { ec, ph }, look);
  const { seen } = session;
  return {
    ...session,
    loop,
    seen: { ec: more(seen.ec, ec), ph: more(seen.ph, ph) },
    lookedRealMs: newest,
  };
}

function begun(state: HeadState, { recipe, water, ec }: Permitted, turn: Turn): HeadState {
  const { head, now } = turn;
  const sourceEc = meanOf(state.clearEc) ?? ec;
  const issued = state.issued + 1;
  const session: Session = {
    ...{ doseId: `${turn.idPrefix}-dose-${issued}`, recipe, begun: now, lookedRealMs: now.realMs },
    ...{
      runIds: water.runs.map(({ runId }) => runId),
      allowed: {},
      asked: null,
      owed: {},
      given: {},
      unheardPulses: 0,
      slow: null,
    },
    ...{ spreadLitres: dosableLitres(water, head), litres: 0, seen: { ec: NOTHING, ph: NOTHING } },
    shares: Object.fromEntries(water.runs.map(({ runId, zone }) => [runId, { zone, litres: 0 }])),
    planned: plannedAfter({}, water),
    loop: firstLoop(recipe, { sourceEc, learnt: state.learnt[recipe.id] }, water.counter, now),
  };
  const asking = allowed(session, state, turn);
  return { ...state, issued, clearEc: NOTHING, session: asking, why: null, whySince: null };
}

function pulsed(state: HeadState, session: Session, { water }: Permitted, turn: Turn): HeadState {
  const complete = tanksIn(session, turn).find((tank) => hasAsPlanned(tank, session, water));
  if (complete !== undefined) {
    const figures = { tank: complete.id, millilitres: givenOf(session, complete) };
    const why = reasonOf('dose_plan_reached', figures);
    return stopped(spent(state, why), why, turn);
  }
  const left = (tank: TankConfig) => leftFor(tank, session, state, turn);
  // One tank's end is the end of all: what is left of a recipe is another one.
  for (const tank of tanksIn(session, turn)) {
    const { limit, millilitres } = left(tank);
    const least = tank.minPulseSeconds * (rateIn(tank, water) ?? 0);
    if (millilitres >= least * mostOf(tank) || (session.owed[tank.id] ?? 0) < least) continue;
    const why = reasonOf(`dose_limit_${limit}`, { tank: tank.id, millilitres: givenOf(session, tank) });
    return stopped(spent(state, why), why, turn);
  }
  const most = (tank: TankConfig) =>
    Math.min(left(tank).millilitres, (session.allowed[tank.id] ?? 0) - givenOf(session, tank));
  const next = chosen(state, session, water, turn.head, most);
  if (next === null) return state;
  const issued = state.issued + 1;
  const commandId = `${turn.idPrefix}-pulse-${issued}`;
  const { tank, seconds } = next;
  const millilitres = seconds * (rateIn(tank, water) ?? 0);
  turn.actions.push({ kind: 'run_pump', tank: tank.id, commandId, seconds });
  const told = { tank: tank.id, commandId, seconds, millilitres, calibrationId: null };
  const pulse = { ...told, sentAt: turn.now, counter: water.counter, isHeard: false, stop: null };
  const giving = moreGiven(session, tank.id, millilitres);
  return { ...state, issued, pulse, session: giving };
}

function sameKey(one: Reason | null, other: Reason | null): boolean {
  return one?.key === other?.key;
}
