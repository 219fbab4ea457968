import { bandOf, type FlowFault, isNoise } from './band.ts';
import { reasonOf } from './reason.ts';
import { isSupplied, waterSince } from './supply.ts';
import { elapsed, type Instant } from './time.ts';
import { beginClosing, isUnmetered, type Turn } from './turn.ts';
import type { Outcome, ZoneIn, ZoneState } from './types.ts';

type Open = ZoneIn<'proving' | 'running'>;

/**
 * A run is believed when flow proves it: `proving` becomes `running` with the first flow in its band. Judged on reports only:
 * silence of the valve is a radio fault, not a hydraulic one. `flow` is what this report says, null when it says nothing; a
 * meter that stays silent while its valve goes on reporting proves nothing, so nothing goes on by it.
 */
export function checkFlowOf(zone: Open, flow: number | null, turn: Turn): ZoneState {
  const { phase } = zone;
  const { openedAt } = phase;
  if (isUnmetered(turn)) return zone;
  // Until the pump runs nothing can flow, and nothing is proven.
  const from = waterSince(turn.supply, openedAt);
  if (from === null) return zone;
  if (flow === null) {
    const seen = zone.valve?.flowSeen ?? from;
    const heard = seen.realMs > from.realMs ? seen : from;
    if (!elapsed(heard, turn.now, turn.config.meterSilence)) return zone;
    return stop(zone, 'meter_silent', null, turn);
  }
  const { low, high, key } = bandOf(flow, turn);
  if (flow >= low && flow <= high) {
    const counted = countedAfter(zone, turn);
    if (isStuck(counted, flow, turn)) return stop(zone, 'meter_stuck', flow, turn);
    const { run, lease } = phase;
    const proven = {
      name: 'running',
      proof: 'metered',
      run,
      openedAt,
      lease,
      oddFlow: null,
      counted,
    } as const;
    return { ...zone, phase: proven };
  }
  const oddFlow = phase.oddFlow?.key === key ? phase.oddFlow : { key, since: turn.now };
  return isFault(key, oddFlow.since, from, turn)
    ? stop(zone, key === 'no_flow' ? dryCause(zone, flow, turn) : key, flow, turn)
    : { ...zone, phase: { ...phase, oddFlow } };
}

/** A band that people have stated is taken at its word, once the pipes are full; our own guess is given time. */
function isFault(key: FlowFault, since: Instant, openedAt: Instant, { layout, config, now }: Turn): boolean {
  const stated = key === 'no_flow' ? layout.minFlowLitresPerMinute : layout.maxFlowLitresPerMinute;
  if (stated !== undefined) return elapsed(openedAt, now, config.flowSettling);
  return elapsed(since, now, config.flowFault);
}

/**
 * Too little flow, says the meter; its counter may know better, and then it is the meter that has failed. Not at the first such
 * word: what the counter has moved by then ran before. A valve through which something runs does not lie.
 */
function dryCause(
  { phase, valve }: Open,
  flow: number,
  turn: Turn,
): 'no_flow' | 'valve_lies_open' | 'meter_stuck' {
  const { layout, config } = turn;
  const dry = isNoise(flow, turn) && isSupplied(turn.supply, turn.now) ? 'valve_lies_open' : 'no_flow';
  const { litres, since } = phase.counted;
  if (phase.oddFlow === null || litres === null || valve?.totalLitres == null) return dry;
  const minutes = (valve.seen.farmMs - since.farmMs) / 60_000;
  const low = layout.minFlowLitresPerMinute ?? layout.nominalFlowLitresPerMinute * config.lowFlowFraction;
  return minutes > 0 && valve.totalLitres - litres >= low * minutes ? 'meter_stuck' : dry;
}

function countedAfter({ phase, valve }: Open, { now }: Turn): Open['phase']['counted'] {
  const litres = valve?.totalLitres ?? null;
  return phase.counted.litres === litres ? phase.counted : { litres, since: now };
}

/** The flow says water, the counter does not move: one of the two is broken, and the run is not measured. */
function isStuck({ litres, since }: Open['phase']['counted'], flow: number, { config, now }: Turn): boolean {
  const ranLitres = (flow * (now.farmMs - since.farmMs)) / 60_000;
  return (
    litres !== null && ranLitres >= config.stuckCounterLitres && elapsed(since, now, config.stuckCounter)
  );
}

const outcomes = {
  ...{ no_flow: 'no_flow', valve_lies_open: 'no_flow', flow_too_high: 'leak' },
  ...{ meter_silent: 'meter_failed', meter_stuck: 'meter_failed' },
} as const satisfies Record<string, Outcome>;

/** A hydraulic fault: the run is over, the valve is closed at once, and the zone locked when it has closed. */
function stop(zone: Open, key: keyof typeof outcomes, flow: number | null, turn: Turn): ZoneState {
  const { run, openedAt } = zone.phase;
  const reason = reasonOf(key, {
    flowLitresPerMinute: flow,
    nominalLitresPerMinute: turn.layout.nominalFlowLitresPerMinute,
  });
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'critical', reason });
  const proof = zone.phase.name === 'running' ? zone.phase.proof : null;
  return beginClosing(zone, turn, { run, openedAt, outcome: outcomes[key], proof, lock: reason });
}
