import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../reason.ts';
import { isLevelOld } from '../sources/judge.ts';
import { hasLagged } from '../sources/lease.ts';
import type { ControlledSource, Demand, SourceState } from '../sources/state.ts';
import { elapsed, type Instant } from '../time.ts';
import type { ControlledZone } from './config.ts';
import type { ControllerState, Loss, ZoneState } from './types.ts';

/** What one zone sees of where its water comes from. */
export interface Supply {
  readonly config: ControlledSource;
  readonly state: SourceState;
  /** The other zones behind it. */
  readonly neighbours: readonly Supplied[];
}

interface Supplied {
  readonly zone: ZoneState;
  readonly layout: ControlledZone;
}

/** Who behind a source wants its water: farm time at which the last open valve of them closes by itself. */
export function demandOf(supplied: readonly Supplied[]): Demand {
  const isHandedOver = supplied.some(
    ({ zone }) => zone.phase.name === 'opening' && zone.phase.sentAt !== null,
  );
  const leases = supplied.flatMap(({ zone }) => {
    const isHeld = zone.phase.name === 'closing' && zone.phase.attempts === 0;
    return isHeld && !isHandedOver ? [] : leaseOf(zone);
  });
  const isTest = supplied.some(({ zone }) => zone.phase.name === 'testing');
  const losses = lossesOf(supplied);
  const flowSeen = losses.length === 0 ? null : latestFlow(supplied);
  return { leaseFarmMs: leases.length === 0 ? null : Math.max(...leases), isTest, losses, flowSeen };
}

/** The zones behind a source that have lost its water, and of which nobody knows yet why. */
function lossesOf(supplied: readonly Supplied[]) {
  return supplied.flatMap(({ zone }) => {
    const loss = lossOf(zone);
    return loss === null ? [] : [{ zone: zone.id, at: loss.at }];
  });
}

/** Water that a zone has lost while nobody knows yet whose fault it is. */
export function lossOf({ phase }: ZoneState): Loss | null {
  return phase.name === 'closing' || phase.name === 'in_doubt' ? phase.loss : null;
}

/** When a meter behind it has last said that water runs as it should. */
function latestFlow(supplied: readonly Supplied[]): Instant | null {
  const seen = supplied.flatMap(({ zone: { phase, valve } }) =>
    phase.name === 'running' && phase.proof === 'metered' && phase.oddFlow === null && valve?.flowSeen
      ? [valve.flowSeen]
      : [],
  );
  return seen.toSorted((one, other) => other.realMs - one.realMs)[0] ?? null;
}

/** Farm time at which an open valve closes by itself at the earliest; none when it is not known to be open. */
function leaseOf({ phase, valve }: ZoneState): number[] {
  if (valve?.open !== true) return [];
  if (phase.name === 'proving' || phase.name === 'running') return [phase.lease.endsFarmMs];
  if (phase.name === 'testing' && phase.test?.stage === 'open')
    return [phase.test.sentMs + phase.test.plan.leaseSeconds * 1000];
  return phase.name === 'closing' && phase.attempts === 0 ? [phase.leaseFarmMs] : [];
}

/** Since when there is undisturbed water behind an open valve; null: the pump does not run yet. */
export function waterSince(supply: Supply | null, openedAt: Instant): Instant | null {
  if (supply === null) return openedAt;
  const { state } = supply;
  if (state.stage !== 'delivering') return null;
  const since = [state.since, state.filter?.endedAt ?? state.since].filter(
    ({ realMs }) => realMs > openedAt.realMs,
  );
  return since.toSorted((one, other) => other.realMs - one.realMs)[0] ?? openedAt;
}

/** Whether a valve may be closed in good order: the pump is off, or runs on behind others and stops before they do. */
export function mayClose(supply: Supply | null, now: Instant): boolean {
  if (supply === null || supply.config.pump === null) return true;
  const { state, config, neighbours } = supply;
  if (hasLagged(state, { now, config })) return true;
  const others = neighbours.flatMap(({ zone }) => {
    const isHeld = zone.phase.name === 'closing';
    return isHeld ? [] : leaseOf(zone);
  });
  return (
    state.stage === 'delivering' && others.length > 0 && Math.max(...others) >= (state.pump?.offByFarmMs ?? 0)
  );
}

/** Why its source gives nobody water, however long the others behind it are waited for. */
export function failureOfSupply(supply: Supply | null, now: Instant): Reason | undefined {
  if (supply === null) return undefined;
  const { state } = supply;
  if (state.stage === 'locked') return reasonOf('source_locked', { cause: state.lock?.key ?? null });
  if (state.stage === 'unknown') return reasonOf('source_unconfirmed');
  return dryness(supply, now) ?? state.suspicion?.reason;
}

/** What keeps an idle zone from being opened because of where its water comes from. */
export function obstacleOfSupply(
  supply: Supply | null,
  layout: ControlledZone,
  now: Instant,
): Reason | undefined {
  if (supply === null) return undefined;
  const { config, state, neighbours } = supply;
  const failure = failureOfSupply(supply, now);
  if (failure) return failure;
  if (state.stage === 'stopping') return reasonOf('source_stopping');
  const open = neighbours.filter((neighbour) => mayBeOpen(neighbour, now));
  const lost = open.find(({ zone }) => zone.phase.name === 'locked' || zone.phase.name === 'unknown');
  // Water for this one would run through that one too.
  if (lost) return reasonOf('source_zone_open', { zone: lost.zone.id });
  const gap = { farmSeconds: config.gapSeconds, realSeconds: 0 };
  // The source is told of an opening after all zones have had their turn; until then the zones know of it.
  const openings = neighbours.flatMap(({ zone: { phase } }) => ('run' in phase ? [phase.run.decided] : []));
  if ([state.lastOpening, ...openings].some((opening) => opening !== null && !elapsed(opening, now, gap)))
    return reasonOf('source_gap', { gapSeconds: config.gapSeconds });
  return crowded(open, supply, layout);
}

function crowded(
  open: readonly Supplied[],
  { config, state }: Supply,
  layout: ControlledZone,
): Reason | undefined {
  const [other] = open;
  if (other === undefined) return undefined;
  const flow = open.reduce((sum, one) => sum + one.layout.nominalFlowLitresPerMinute, 0);
  const maxFlowLitresPerMinute = config.maxFlowLitresPerMinute;
  if (flow + layout.nominalFlowLitresPerMinute > maxFlowLitresPerMinute)
    return reasonOf('source_capacity', { maxFlowLitresPerMinute, flowLitresPerMinute: flow });
  const ids = [layout.id, ...open.map(({ zone }) => zone.id)];
  const isAllowed =
    config.together === null || config.together.some((list) => ids.every((id) => list.includes(id)));
  if (!isAllowed) return reasonOf('source_apart', { zone: other.zone.id });
  // Its time cannot be made to fit another valve's any more.
  const isFixed = config.pump !== null && !config.pump.isRearmed && state.stage !== 'resting';
  return isFixed ? reasonOf('source_apart', { zone: other.zone.id }) : undefined;
}

function dryness({ config, state }: Supply, now: Instant): Reason | undefined {
  const { tank } = config;
  const { level } = state;
  if (tank === null) return undefined;
  if (level === null || isLevelOld(state, { config, now }))
    return reasonOf('tank_unknown', { maxAgeSeconds: tank.maxAgeSeconds });
  if (!state.isDry) return undefined;
  return reasonOf('tank_low', { levelPercent: level.value, resumePercent: tank.resumePercent });
}

/** Whether water may run through this zone's valve, as far as anybody can know. */
export function mayBeOpen({ zone, layout }: Supplied, now: Instant): boolean {
  const { phase, valve } = zone;
  if (phase.name === 'opening' || phase.name === 'proving' || phase.name === 'running') return true;
  if (phase.name === 'closing' || phase.name === 'testing') return true;
  if (phase.name === 'idle' || phase.name === 'leak_testing') return valve?.open === true;
  if (phase.name === 'locked' && OPEN_LOCKS.includes(phase.reason.key)) return true;
  // By its own means it has closed after its limit, whatever it has not said. A word that it is closed is from before its opening.
  if (phase.name === 'unknown') return valve?.open === true || now.farmMs < phase.leaseFarmMs;
  if (valve?.open === false) return false;
  const since = valve?.seen ?? (phase.name === 'locked' ? phase.since : phase.loss.at);
  return valve?.open === true || !elapsed(since, now, { farmSeconds: layout.maxRunSeconds, realSeconds: 0 });
}

/** Locks of zones through which water runs whatever their valves say. */
const OPEN_LOCKS: readonly string[] = ['leak', 'valve_lies_closed', 'valve_does_not_close'];

/** The zones behind a source. */
export function suppliedBy(
  id: string,
  state: ControllerState,
  layouts: ReadonlyMap<string, ControlledZone>,
): Supplied[] {
  return together(sortedOf(layouts).bySource.get(id), state);
}

/** The zones whose water runs through a meter. */
export function meteredBy(
  meter: string,
  state: ControllerState,
  layouts: ReadonlyMap<string, ControlledZone>,
): Supplied[] {
  return together(sortedOf(layouts).byMeter.get(meter), state);
}

function together(layouts: readonly ControlledZone[] = [], { zones }: ControllerState): Supplied[] {
  return layouts.flatMap((layout) => {
    const zone = zones[layout.id];
    return zone === undefined ? [] : [{ zone, layout }];
  });
}

interface Sorted {
  readonly bySource: ReadonlyMap<string | null, readonly ControlledZone[]>;
  readonly byMeter: ReadonlyMap<string, readonly ControlledZone[]>;
}

const sorted = new WeakMap<ReadonlyMap<string, ControlledZone>, Sorted>();

/** Asked for at each step of each zone, and the same until the farm is laid out anew. */
function sortedOf(layouts: ReadonlyMap<string, ControlledZone>): Sorted {
  const known = sorted.get(layouts) ?? {
    bySource: Map.groupBy(layouts.values(), ({ source }) => source),
    byMeter: Map.groupBy(layouts.values(), ({ meter }) => meter),
  };
  sorted.set(layouts, known);
  return known;
}

/** Faults of a zone that let no water be sent its way any more. */
export function isBurst({ phase }: ZoneState): boolean {
  const why = phase.name === 'locked' ? phase.reason : phase.name === 'closing' ? phase.lock : null;
  return why !== null && (why.key === 'flow_too_high' || OPEN_LOCKS.includes(why.key));
}
