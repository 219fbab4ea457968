import { beginClosing, type Turn } from './turn.ts';
import { elapsed, type Instant, type Phase, reasonOf, type ZoneState } from './types.ts';

type Running = ZoneState & { readonly phase: Extract<Phase, { name: 'running' }> };

/**
 * A run is believed when flow proves it. Judged on reports only: silence of the valve is a radio fault, not a hydraulic
 * one. `flow` is what this report says, null when it says nothing; a meter that stays silent while its valve goes on
 * reporting proves nothing, and counts as no flow.
 */
export function checkFlowOf(zone: Running, flow: number | null, turn: Turn): ZoneState {
  const { openedAt } = zone.phase;
  if (turn.layout.isUnmetered) return zone;
  if (flow === null) {
    const seen = zone.valve?.flowSeen ?? openedAt;
    const heard = seen.realMs > openedAt.realMs ? seen : openedAt;
    return elapsed(heard, turn.now, turn.config.meterSilence) ? stop(zone, 'no_flow', 0, turn) : zone;
  }
  const { low, high, key } = bandOf(flow, turn);
  if (flow >= low && flow <= high) return { ...zone, phase: { ...zone.phase, oddFlow: null } };
  const oddFlow = zone.phase.oddFlow?.key === key ? zone.phase.oddFlow : { key, since: turn.now };
  return isFault(key, oddFlow.since, openedAt, turn)
    ? stop(zone, key, flow, turn)
    : { ...zone, phase: { ...zone.phase, oddFlow } };
}

type Key = 'no_flow' | 'flow_too_high';

function bandOf(flow: number, { layout, config }: Turn) {
  const nominal = layout.nominalFlowLitresPerMinute;
  const low = layout.minFlowLitresPerMinute ?? nominal * config.lowFlowFraction;
  const high = layout.maxFlowLitresPerMinute ?? nominal * config.highFlowFraction;
  const key: Key = flow < low ? 'no_flow' : 'flow_too_high';
  return { low, high, key };
}

/** A band that people have stated is taken at its word, once the pipes are full; our own guess is given time. */
function isFault(key: Key, since: Instant, openedAt: Instant, { layout, config, now }: Turn): boolean {
  const stated = key === 'no_flow' ? layout.minFlowLitresPerMinute : layout.maxFlowLitresPerMinute;
  if (stated !== undefined) return elapsed(openedAt, now, config.flowSettling);
  return elapsed(since, now, config.flowFault);
}

/** A hydraulic fault: the run is over, the valve is closed at once, and the zone locked when it has closed. */
function stop(zone: Running, key: Key, flow: number, turn: Turn): ZoneState {
  const { run, openedAt } = zone.phase;
  const reason = reasonOf(key, {
    flowLitresPerMinute: flow,
    nominalLitresPerMinute: turn.layout.nominalFlowLitresPerMinute,
  });
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'critical', reason });
  const outcome = key === 'no_flow' ? 'no_flow' : 'leak';
  return beginClosing(zone, turn, { run, openedAt, outcome, lock: reason });
}
