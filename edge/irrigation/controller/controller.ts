import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../reason.ts';
import type { PastSource } from '../sources/past.ts';
import { elapsed, type Instant } from '../time.ts';
import { isNoise, isOutdated, leakOf, showsOpen } from './band.ts';
import { tellLoss } from './blame.ts';
import type { ControlledZone, ControllerConfig } from './config.ts';
import { lastingObstacle, moistureAfter } from './decide.ts';
import { beginHeld, cutOffUntilFarmMs } from './held.ts';
import { table } from './phases.ts';
import { handsOff } from './resting.ts';
import { addSource, followSources, layoutsOf, sourcesOf, stepSourceOf, supplyOf } from './sources.ts';
import { mayBeOpen, meteredBy } from './supply.ts';
import { withTally } from './tally.ts';
import { beginUnknown, fault, journalInterrupted, lock, sendClose, type Turn } from './turn.ts';
import {
  type Action,
  type ControllerEvent,
  type ControllerState,
  cycleKey,
  type EventOf,
  type IntentRecord,
  type Phase,
  type Plan,
  type ValveReport,
  type ZoneEvent,
  type ZoneState,
} from './types.ts';

/**
 * The irrigation controller: values in, values out. It knows no clock, no network and no disk; irrigation/service.ts
 * carries its actions out and feeds back what came of them.
 *
 *   unknown ── closed ──► idle ── due, or asked ──► opening ── durable intent, open ──► proving ── flow ──► running
 *      ▲                   ▲ ▲                                                             │                │
 *      │ no answer         │ └ no flow ── leak_testing ◄── closed ── closing ◄─ target, stop, lease, fault ─┘
 *      └───────────────────│──────────────────│────────────────────────┤
 *                          │                  └─ flow ─► locked ◄──────┘ hydraulic fault
 *                          │                               └── a person ──► unknown
 *   idle ── a person beside the valve ──► testing ── it closed by itself, or was closed ──► idle, unknown or locked
 */
export interface Step {
  readonly state: ControllerState;
  readonly actions: readonly Action[];
}

/** What earlier starts of the gateway left behind, read from the journal. */
export interface Restored {
  /** Zone → the alarm that keeps it locked. */
  readonly locks: ReadonlyMap<string, { key: string; figures: Record<string, string | number> }>;
  /** Sources that have run dry. */
  readonly sources: ReadonlyMap<string, PastSource>;
  /** Intents without a run, oldest first. */
  readonly interrupted: readonly IntentRecord[];
  /** Zones whose last run may be shorter ago than the pause. */
  readonly recentlyWatered: ReadonlySet<string>;
  /** By zone, the cycles of decisions that have been begun: `cycleKey`. */
  readonly begun: ReadonlyMap<string, readonly string[]>;
  /** Zones that a person at the farm may have stopped shorter ago than they are left alone from afar. */
  readonly stoppedByHand: ReadonlySet<string>;
}

/**
 * After a start nothing is known: pumps are told to stop, then every valve to close, before anything else happens. What was watering
 * behind a pump is told when that is off.
 */
export function begin(config: ControllerConfig, restored: Restored, now: Instant): Step {
  let state: ControllerState = { zones: {}, sources: {}, issued: 0 };
  const actions: Action[] = [];
  const take = (next: Step) => {
    state = next.state;
    actions.push(...next.actions);
  };
  for (const { id } of config.sources) {
    const past = { lock: restored.locks.get(id) ?? null, past: restored.sources.get(id) ?? null };
    const cutOff = config.zones
      .filter(({ source }) => source === id)
      .map((zone) => cutOffUntilFarmMs(zone, restored.interrupted, config, now) ?? now.farmMs);
    take(addSource(state, id, config, { ...past, heldUntilFarmMs: Math.max(now.farmMs, ...cutOff) }, now));
  }
  for (const { id } of config.zones) take(beginZone(state, id, config, restored, now));
  return { state, actions };
}

/** A zone that was not there before, or has another valve now: nothing is known of it, whatever the others do. */
export function beginZone(
  state: ControllerState,
  id: string,
  config: ControllerConfig,
  restored: Restored,
  now: Instant,
): Step {
  const blank: ZoneState = {
    id,
    phase: { name: 'idle' },
    moisture: null,
    valve: null,
    leakSince: null,
    lastEndedRealMs: restored.recentlyWatered.has(id) ? now.realMs : null,
    stoppedByHandRealMs: restored.stoppedByHand.has(id) ? now.realMs : null,
    ...{ interrupted: null, plan: null },
    begun: restored.begun.get(id) ?? [],
    decision: reasonOf('valve_unconfirmed'),
  };
  const turn = newTurn({ ...state, zones: { ...state.zones, [id]: blank } }, id, now, config);
  if (turn === undefined) return { state, actions: [] };
  const locked = restored.locks.get(id);
  const closed = locked
    ? lock(blank, turn, locked)
    : (beginHeld(blank, restored.interrupted, turn) ?? beginUnknown(blank, turn));
  const zone = withInterrupted(closed, restored, turn);
  return {
    state: { ...state, zones: { ...state.zones, [id]: zone }, issued: turn.issued() },
    actions: turn.actions,
  };
}

/** Tells a zone's valve to close and forgets the zone. */
export function endZone(state: ControllerState, id: string, config: ControllerConfig, now: Instant): Step {
  const turn = newTurn(state, id, now, config);
  if (turn === undefined) return { state, actions: [] };
  sendClose(turn);
  const { [id]: _, ...zones } = state.zones;
  return { state: { ...state, zones, issued: turn.issued() }, actions: turn.actions };
}

/** One event. An event about a zone or a source that is not in the layout changes nothing. */
export function step(state: ControllerState, event: ControllerEvent, config: ControllerConfig): Step {
  if ('source' in event) return stepSourceOf(state, event, config, stepZone);
  const ids = event.kind === 'tick' ? Object.keys(state.zones) : [event.zone];
  let current = state;
  const actions: Action[] = [];
  for (const id of ids) {
    const next = stepZone(current, id, event, config);
    current = next.state;
    actions.push(...next.actions);
  }
  const sources = event.kind === 'tick' ? Object.keys(state.sources) : sourcesOf(ids, config);
  const supplied = followSources(state, current, { sources, now: event.now, config, stepZone });
  return { state: supplied.state, actions: [...actions, ...supplied.actions] };
}

/** Why no program opens this zone until somebody has seen to it; undefined: it is open, or would be in its turn. */
export function obstacleIn(
  state: ControllerState,
  id: string,
  config: ControllerConfig,
  now: Instant,
): Reason | undefined {
  const zone = state.zones[id];
  const turn = newTurn(state, id, now, config);
  return zone && turn && lastingObstacle(zone, turn);
}

function stepZone(state: ControllerState, id: string, event: ZoneEvent, config: ControllerConfig): Step {
  const zone = state.zones[id];
  const turn = newTurn(state, id, event.now, config);
  if (zone === undefined || turn === undefined) return { state, actions: [] };
  const seen = observe(zone, event, turn);
  // The table pairs each phase with handlers of its own; the pairing cannot be told to the compiler by index.
  const handler = table[seen.phase.name][event.kind] as
    | ((zone: ZoneState & { phase: Phase }, event: ZoneEvent, turn: Turn) => ZoneState)
    | undefined;
  const next = watchForLeak(handler ? handler(seen, event, turn) : seen, turn);
  tellLoss(zone, next, turn);
  return {
    state: { ...state, zones: { ...state.zones, [id]: next }, issued: turn.issued() },
    actions: turn.actions,
  };
}

/** What an event tells about the zone, whatever phase it is in. */
function observe(zone: ZoneState, event: ZoneEvent, turn: Turn): ZoneState {
  if (event.kind === 'moisture') return { ...zone, moisture: moistureAfter(zone.moisture, event, turn) };
  if (event.kind === 'plan') return { ...zone, plan: planAfter(zone.plan, event) };
  if (event.kind === 'stop') return event.isRemote ? zone : handsOff(zone, turn);
  if (event.kind !== 'valve') return zone;
  const { report } = event;
  const isOld = isOutdated(zone, report);
  const open = report.state === 'open' || (isOld && showsOpen(report, turn));
  const leaking = !open && !isOld && isLeaking(zone, report.flowLitresPerMinute, turn);
  // A close asks a valve that reports only changes to say again what it sees; it never does harm.
  if (leaking && zone.leakSince === null) sendClose(turn);
  return {
    ...withTally(zone, report, turn),
    valve: valveAfter(zone.valve, report, open, turn.now),
    leakSince: leaking ? (zone.leakSince ?? turn.now) : null,
  };
}

/** Of one and the same cycle the earlier end of its window holds: UTC may have been set in between. */
function planAfter(before: Plan | null, { wanted, reason, now }: EventOf<'plan'>): Plan {
  if (wanted === null) return { wanted, reason, openBeforeRealMs: now.realMs };
  const endsRealMs = now.realMs + wanted.openBeforeMs - now.atMs;
  const isSame = before?.wanted != null && cycleKey(before.wanted) === cycleKey(wanted);
  const openBeforeRealMs = isSame ? Math.min(before.openBeforeRealMs, endsRealMs) : endsRealMs;
  return { wanted, reason, openBeforeRealMs };
}

/** A report without a word of the flow changes nothing about a leak. */
function isLeaking(zone: ZoneState, flow: number | null, turn: Turn): boolean {
  return flow === null ? zone.leakSince !== null : !isNoise(flow, turn);
}

function valveAfter(
  before: ZoneState['valve'],
  report: ValveReport,
  open: boolean,
  now: Instant,
): ZoneState['valve'] {
  const { flowLitresPerMinute: flow, totalLitres: total } = report;
  // A foreign valve's own word repeats what its meter has said long ago.
  const isNews = total !== null && (flow !== null || total !== before?.totalLitres);
  return {
    open,
    flowLitresPerMinute: flow ?? before?.flowLitresPerMinute ?? null,
    flowSeen: flow === null ? (before?.flowSeen ?? null) : now,
    totalLitres: total ?? before?.totalLitres ?? null,
    totalSeen: isNews ? now : (before?.totalSeen ?? null),
    totalSinceStart: report.totalSinceStart === true,
    seen: now,
  };
}

function watchForLeak(zone: ZoneState, turn: Turn): ZoneState {
  const { name } = zone.phase;
  if (zone.leakSince === null || (name !== 'idle' && name !== 'unknown' && name !== 'in_doubt')) return zone;
  if (!elapsed(zone.leakSince, turn.now, turn.config.leak)) return zone;
  const flow = zone.valve?.flowLitresPerMinute ?? 0;
  return fault({ ...zone, leakSince: null }, turn, leakOf(flow, turn));
}

function withInterrupted(zone: ZoneState, restored: Restored, turn: Turn): ZoneState {
  const intents = restored.interrupted.filter((intent) => intent.zone === zone.id);
  const latest = intents.pop();
  // The counter has run on for the latest one since; what the earlier ones gave cannot be told apart any more.
  for (const intent of intents) journalInterrupted(intent, turn, null, null);
  return latest ? { ...zone, interrupted: { intent: latest, since: turn.now } } : zone;
}

function newTurn(
  state: ControllerState,
  id: string,
  now: Instant,
  config: ControllerConfig,
): (Turn & { issued(): number }) | undefined {
  const layouts = layoutsOf(config);
  const layout = layouts.get(id);
  if (layout === undefined) return undefined;
  let issued = state.issued;
  const others = Object.values(state.zones).filter((other) => other.id !== id && isWatering(other));
  const counted = others.filter(({ id: other, phase }) => {
    // One that hands its pump over to this one is as good as closed, as is one that only waits for its meter.
    const isHandingOver = phase.name === 'closing' && phase.attempts === 0;
    return phase.name !== 'leak_testing' && !(isHandingOver && layouts.get(other)?.source === layout.source);
  });
  return {
    config,
    layout,
    now,
    othersWatering: counted.length,
    isOtherTested: others.some(({ phase }) => phase.name === 'testing'),
    meterTakenBy: meterTakenBy(state, layout, layouts, now),
    supply: supplyOf(state, layout, config),
    actions: [],
    nextId: () => `${config.idPrefix}-${++issued}`,
    issued: () => issued,
  };
}

/** Two runs through one meter could both not be believed; a run that a restart cut off has yet to be measured by it. */
function meterTakenBy(
  state: ControllerState,
  { id, meter }: ControlledZone,
  layouts: ReadonlyMap<string, ControlledZone>,
  now: Instant,
): string | null {
  const holder = meteredBy(meter, state, layouts).find(
    (other) =>
      other.zone.id !== id &&
      (isWatering(other.zone) || other.zone.interrupted !== null || mayBeOpen(other, now)),
  );
  return holder?.zone.id ?? null;
}

function isWatering({ phase }: ZoneState): boolean {
  return 'run' in phase;
}
