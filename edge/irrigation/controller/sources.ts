import { reasonOf } from '../reason.ts';
import { beginSource, cutOff, type KnownSource, type SourceEvent, stepSource } from '../sources/machine.ts';
import { type SourceTurn, tellAllOff } from '../sources/part.ts';
import type { SourceAction, SourceState } from '../sources/state.ts';
import type { Instant } from '../time.ts';
import type { ControlledZone, ControllerConfig } from './config.ts';
import { demandOf, isBurst, type Supply, suppliedBy } from './supply.ts';
import { mostLitres } from './tally.ts';
import type { Action, ControlledSourceEvent, ControllerState, ZoneEvent } from './types.ts';

/** The sources within the controller: each is told what the zones behind it want, and they are told what becomes of it. */
export interface SourcesStep {
  readonly state: ControllerState;
  readonly actions: readonly Action[];
}

type StepZone = (
  state: ControllerState,
  zone: string,
  event: ZoneEvent,
  config: ControllerConfig,
) => SourcesStep;

/** A source that was not there before, or has another pump now. */
export function addSource(
  state: ControllerState,
  id: string,
  config: ControllerConfig,
  known: KnownSource,
  now: Instant,
): SourcesStep {
  const turn = newTurn(state, id, now, config);
  if (turn === undefined) return { state, actions: [] };
  return kept(state, beginSource(known, turn), turn);
}

/** Tells a source's pump to stop and its master valve to close, and forgets it. */
export function endSource(
  state: ControllerState,
  id: string,
  config: ControllerConfig,
  now: Instant,
): SourcesStep {
  const turn = newTurn(state, id, now, config);
  const source = state.sources[id];
  if (turn === undefined || source === undefined) return { state, actions: [] };
  tellAllOff(source, turn);
  const { [id]: _, ...sources } = state.sources;
  return { state: { ...state, sources, issued: turn.issued() }, actions: turn.actions };
}

/** An event about a source itself. */
export function stepSourceOf(
  state: ControllerState,
  event: ControlledSourceEvent,
  config: ControllerConfig,
  stepZone: StepZone,
): SourcesStep {
  const told = follow(state, event.source, eventOf(event), config, stepZone);
  if (event.kind !== 'unlock_source') return told;
  const isLocked = state.sources[event.source]?.stage === 'locked';
  const reason = reasonOf(isLocked ? 'unlocked_by_person' : 'not_locked');
  const answer: Action = { kind: 'answer', requestId: event.requestId, accepted: isLocked, reason };
  return { ...told, actions: [...told.actions, answer] };
}

function eventOf(event: ControlledSourceEvent): SourceEvent {
  const { now } = event;
  switch (event.kind) {
    case 'part':
      return { kind: 'part', part: event.part, isOn: event.isOn, commandId: event.commandId, now };
    case 'measured':
      return { kind: 'measured', what: event.what, value: event.value, quality: event.quality, now };
    case 'part_online':
      return { kind: 'online', part: event.part, now };
    case 'unlock_source':
      return { kind: 'unlock', now };
  }
}

/** What the zones have just done is told to their sources. */
export function followSources(
  before: ControllerState,
  after: ControllerState,
  {
    sources,
    now,
    config,
    stepZone,
  }: {
    readonly sources: readonly string[];
    readonly now: Instant;
    readonly config: ControllerConfig;
    readonly stepZone: StepZone;
  },
): SourcesStep {
  let state = after;
  const actions: Action[] = [];
  for (const id of sources) {
    const changed = withOpenings(before, state, id, now, config);
    state = changed.state;
    actions.push(...changed.actions);
    const next = follow(state, id, { kind: 'look', now }, config, stepZone);
    state = next.state;
    actions.push(...next.actions);
  }
  return { state, actions };
}

/** An opening begins the pause before the next one; a burst behind it ends all water at once. */
function withOpenings(
  before: ControllerState,
  state: ControllerState,
  id: string,
  now: Instant,
  config: ControllerConfig,
): SourcesStep {
  const source = state.sources[id];
  const turn = newTurn(state, id, now, config);
  if (source === undefined || turn === undefined) return { state, actions: [] };
  const changed = suppliedBy(id, state, layoutsOf(config)).filter(
    ({ zone }) => before.zones[zone.id] !== zone,
  );
  const isOpening = changed.some(
    ({ zone }) =>
      (zone.phase.name === 'opening' || zone.phase.name === 'testing') &&
      before.zones[zone.id]?.phase.name === 'idle',
  );
  const isBroken = changed.some(({ zone }) => {
    const was = before.zones[zone.id];
    return isBurst(zone) && (was === undefined || !isBurst(was));
  });
  const litres = source.filter === null ? 0 : litresGiven(before, changed, now, config);
  if (!isOpening && !isBroken && litres === 0) return { state, actions: [] };
  const filter = source.filter && { ...source.filter, litres: source.filter.litres + litres };
  const opened: SourceState = { ...source, filter, lastOpening: isOpening ? now : source.lastOpening };
  return kept(state, isBroken ? cutOff(opened, turn) : opened, turn);
}

/**
 * What has passed the filter: by the meters of zones that are watered; where there is none by their time, when it is over. More than
 * can have run is a counter that has jumped, and no water.
 */
function litresGiven(
  before: ControllerState,
  changed: ReturnType<typeof suppliedBy>,
  now: Instant,
  config: ControllerConfig,
): number {
  return changed.reduce((sum, { zone, layout }) => {
    const was = before.zones[zone.id];
    if (was?.phase.name === 'running' && was.phase.proof === 'unmetered' && zone.phase.name !== 'running') {
      const minutes = (now.farmMs - was.phase.openedAt.farmMs) / 60_000;
      return sum + minutes * layout.nominalFlowLitresPerMinute;
    }
    if (was?.valve?.totalLitres == null || !('run' in was.phase) || layout.isUnmetered) return sum;
    const litres = (zone.valve?.totalLitres ?? 0) - was.valve.totalLitres;
    const sinceMs = Math.max(was.valve.totalSeen?.farmMs ?? 0, was.phase.run.decided.farmMs);
    const flow = zone.valve?.flowLitresPerMinute ?? 0;
    const most = mostLitres((now.farmMs - sinceMs) / 1000, flow, { config, layout });
    return litres > 0 && litres <= most ? sum + litres : sum;
  }, 0);
}

function follow(
  state: ControllerState,
  id: string,
  event: SourceEvent,
  config: ControllerConfig,
  stepZone: StepZone,
): SourcesStep {
  let current = state;
  const actions: Action[] = [];
  // What the zones make of it may be news for the source again; it comes to rest after a few rounds.
  for (let round = 0, news = event; round < ROUNDS; round++, news = { kind: 'look', now: event.now }) {
    const turn = newTurn(current, id, event.now, config);
    const before = current.sources[id];
    if (turn === undefined || before === undefined) break;
    const supplied = suppliedBy(id, current, layoutsOf(config));
    const { source, failure } = stepSource(before, news, demandOf(supplied), turn);
    const told = kept(current, source, turn);
    current = told.state;
    actions.push(...told.actions);
    if (source === before && failure === null) break;
    for (const { zone } of supplied) {
      const next = stepZone(
        current,
        zone.id,
        { kind: 'supply', zone: zone.id, failure, now: event.now },
        config,
      );
      current = next.state;
      actions.push(...next.actions);
    }
  }
  return { state: current, actions };
}

const ROUNDS = 6;

function kept(
  state: ControllerState,
  source: SourceState,
  turn: SourceTurn & { issued(): number },
): SourcesStep {
  const sources = { ...state.sources, [source.id]: source };
  return { state: { ...state, sources, issued: turn.issued() }, actions: turn.actions };
}

function newTurn(
  state: ControllerState,
  id: string,
  now: Instant,
  config: ControllerConfig,
): (SourceTurn & { issued(): number }) | undefined {
  const source = config.sources.find((known) => known.id === id);
  if (source === undefined) return undefined;
  let issued = state.issued;
  const actions: SourceAction[] = [];
  return {
    ...{ config: source, limits: config.source, speed: config.speed, now, actions },
    nextId: () => `${config.idPrefix}-${++issued}`,
    issued: () => issued,
  };
}

/** Where a zone's water comes from. */
export function supplyOf(
  state: ControllerState,
  layout: ControlledZone,
  config: ControllerConfig,
): Supply | null {
  if (layout.source === null) return null;
  const source = state.sources[layout.source];
  const known = config.sources.find(({ id }) => id === layout.source);
  if (source === undefined || known === undefined) return null;
  const neighbours = suppliedBy(layout.source, state, layoutsOf(config)).filter(
    ({ zone }) => zone.id !== layout.id,
  );
  return { config: known, state: source, neighbours };
}

export function sourcesOf(zones: readonly string[], config: ControllerConfig): string[] {
  return zones.flatMap((id) => layoutsOf(config).get(id)?.source ?? []);
}

const layouts = new WeakMap<ControllerConfig, ReadonlyMap<string, ControlledZone>>();

/** The zones by id; looked up at each step of each of them. */
export function layoutsOf(config: ControllerConfig): ReadonlyMap<string, ControlledZone> {
  const known = layouts.get(config) ?? new Map(config.zones.map((zone) => [zone.id, zone] as const));
  layouts.set(config, known);
  return known;
}
