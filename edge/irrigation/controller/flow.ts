import { reasonOf } from '../reason.ts';
import { isFlushing } from '../sources/flush.ts';
import { elapsed, type Instant } from '../time.ts';
import { bandOf, type FlowFault } from './band.ts';
import { lossReason } from './blame.ts';
import { closesByItselfFarmMs } from './lease.ts';
import { waterSince } from './supply.ts';
import { beginClosing, isUnmetered, meterSilenceOf, type Turn } from './turn.ts';
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
  if (flow === null) return isMeterSilent(zone, from, turn) ? stop(zone, 'meter_silent', null, turn) : zone;
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
  // Its own meter tells of its closing before it does.
  if (key === 'no_flow' && mayHaveClosed(phase, turn)) return zone;
  // A flush of the filter takes what the zones lack meanwhile.
  if (key === 'no_flow' && turn.supply !== null && isFlushing(turn.supply.state, turn.now)) return zone;
  const isOddSince = phase.oddFlow?.key === key && phase.oddFlow.since.realMs >= from.realMs;
  const oddFlow = isOddSince && phase.oddFlow ? phase.oddFlow : { key, since: turn.now };
  return isFault(key, oddFlow.since, from, turn)
    ? stop({ ...zone, phase: { ...phase, oddFlow } }, causeOf(key, zone, turn), flow, turn)
    : { ...zone, phase: { ...phase, oddFlow } };
}

/**
 * The same while the valve itself is silent too, as those are that report only what changes. Whether it is the meter or the radio,
 * a close tells: a valve that answers it has a meter that died (closing.ts).
 */
export function checkSilenceOf(zone: Open, turn: Turn): ZoneState {
  if (isUnmetered(turn) || !turn.layout.isMeterApart) return zone;
  const { run, openedAt } = zone.phase;
  const from = waterSince(turn.supply, openedAt);
  if (from === null || !isMeterSilent(zone, from, turn)) return zone;
  const proof = zone.phase.name === 'running' ? zone.phase.proof : null;
  return beginClosing(zone, turn, { run, openedAt, outcome: 'meter_failed', proof });
}

/** Its water ran, and the opening that it has heard is about over: it closes by itself, and its word of that may come late. */
function mayHaveClosed(phase: Open['phase'], turn: Turn): boolean {
  const { layout, config, now } = turn;
  return (
    layout.foreign &&
    phase.name === 'running' &&
    now.farmMs >= closesByItselfFarmMs(phase, turn) - config.leaseGrace.farmSeconds * 1000
  );
}

function isMeterSilent({ valve }: Open, from: Instant, turn: Turn): boolean {
  const seen = valve?.flowSeen ?? from;
  const heard = seen.realMs > from.realMs ? seen : from;
  return elapsed(heard, turn.now, meterSilenceOf(turn));
}

/** A band that people have stated is taken at its word, once the pipes are full; our own guess is given time. */
function isFault(key: FlowFault, since: Instant, openedAt: Instant, { layout, config, now }: Turn): boolean {
  const stated = key === 'no_flow' ? layout.minFlowLitresPerMinute : layout.maxFlowLitresPerMinute;
  if (stated !== undefined) return elapsed(openedAt, now, config.flowSettling);
  return elapsed(since, now, config.flowFault);
}

/**
 * Too little flow, says the meter; its counter may know better, and then it is the meter that has failed. Not at the first such
 * word: what the counter has moved by then ran before.
 */
function causeOf(
  key: FlowFault,
  { phase, valve }: Open,
  { layout, config }: Turn,
): FlowFault | 'meter_stuck' {
  const { litres, since } = phase.counted;
  if (key !== 'no_flow' || phase.oddFlow === null || litres === null || valve?.totalLitres == null)
    return key;
  const minutes = (valve.seen.farmMs - since.farmMs) / 60_000;
  const low = layout.minFlowLitresPerMinute ?? layout.nominalFlowLitresPerMinute * config.lowFlowFraction;
  return minutes > 0 && valve.totalLitres - litres >= low * minutes ? 'meter_stuck' : key;
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
  ...{ no_flow: 'no_flow', flow_too_high: 'leak' },
  ...{ meter_silent: 'meter_failed', meter_stuck: 'meter_failed' },
} as const satisfies Record<string, Outcome>;

/**
 * A hydraulic fault: the run is over, the valve is closed at once, and the zone locked when it has closed. Behind a source, want of
 * water may be the source's fault, and the zone is in doubt first.
 */
function stop(zone: Open, key: keyof typeof outcomes, flow: number | null, turn: Turn): ZoneState {
  const { run, openedAt } = zone.phase;
  const reason = reasonOf(key, {
    flowLitresPerMinute: flow,
    nominalLitresPerMinute: turn.layout.nominalFlowLitresPerMinute,
  });
  const proof = zone.phase.name === 'running' ? zone.phase.proof : null;
  const ending = { run, openedAt, outcome: outcomes[key], proof };
  if (key === 'no_flow' && flow !== null && turn.supply !== null) {
    const loss = { at: zone.phase.oddFlow?.since ?? turn.now, flowLitresPerMinute: flow };
    return { ...beginClosing(zone, turn, { ...ending, loss }), decision: lossReason(loss, turn) };
  }
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'critical', reason });
  return beginClosing(zone, turn, { ...ending, lock: reason });
}
