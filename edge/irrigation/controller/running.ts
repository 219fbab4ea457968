import { reasonOf } from '../reason.ts';
import { elapsed } from '../time.ts';
import { freshMoisture } from './decide.ts';
import { checkFlowOf, checkSilenceOf } from './flow.ts';
import {
  confirmed,
  coversEnd,
  endsAtLatestFarmMs,
  endsEarliestFarmMs,
  plannedEndFarmMs,
  renewed,
} from './lease.ts';
import { answerOf, beginClosing, endRun, isOver, type Turn } from './turn.ts';
import type { Ending, EventOf, Outcome, Phase, ZoneIn, ZoneState } from './types.ts';

type Open = ZoneIn<'proving' | 'running'>;

/** What is recorded of an open zone's run when it ends now. */
export function endingOf(phase: Open['phase'], outcome: Outcome): Ending {
  const { run, openedAt } = phase;
  return { run, openedAt, outcome, proof: phase.name === 'running' ? phase.proof : null };
}

export function runAnswered(zone: Open, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  if (report.state === 'open') {
    const checked = checkFlowOf(confirmed(zone, report, turn), report.flowLitresPerMinute, turn);
    return stopAtVolume(checked, turn);
  }
  // A valve that closes early by itself (it restarted, a renewal was lost, somebody turned its tap) has cut the run off.
  const { phase } = zone;
  const atLease = report.cause === 'lease_ended' && coversEnd(phase, report.commandId, turn);
  const outcome =
    atLease || isOver(endsEarliestFarmMs(phase, turn), phase.run, turn) ? 'completed' : 'interrupted';
  return endRun(zone, turn, endingOf(phase, outcome), report.flowLitresPerMinute);
}

export function stopAtTarget(zone: Open, _event: unknown, turn: Turn): ZoneState {
  const { run } = zone.phase;
  const moisture = freshMoisture(zone, turn);
  // A person who asks for a time gets that time, and a program says itself until when.
  const target = run.source === 'threshold' ? turn.layout.targetFraction : run.wanted?.untilSoilMoisture;
  if (target == null || moisture === null || moisture < target) return zone;
  return beginClosing(zone, turn, endingOf(zone.phase, 'target_reached'));
}

export function runGoesOn(zone: Open, _event: unknown, turn: Turn): ZoneState {
  const stopped = stopAtVolume(zone, turn);
  if (!isOpenPhase(stopped)) return stopped;
  const heard = checkSilenceOf(stopped, turn);
  if (!isOpenPhase(heard)) return heard;
  const closing = closeAfterLease(heard, turn);
  return isOpenPhase(closing) ? renewed(closing, turn) : closing;
}

/** Ends a run whose litres are complete by the time that a close acts; between two words of the meter by its flow. */
function stopAtVolume(zone: ZoneState, turn: Turn): ZoneState {
  if (!isOpenPhase(zone) || zone.phase.name !== 'running') return zone;
  const { run, proof } = zone.phase;
  const { valve } = zone;
  const wanted = run.wanted?.litres ?? null;
  if (wanted === null || proof !== 'metered' || run.tally === null || valve === null) return zone;
  const minutes =
    Math.min(60, (turn.now.farmMs - valve.seen.farmMs) / 1000 + turn.config.reactionSeconds) / 60;
  const litres = run.tally.highest - run.tally.before + (valve.flowLitresPerMinute ?? 0) * minutes;
  return litres >= wanted ? beginClosing(zone, turn, endingOf(zone.phase, 'completed')) : zone;
}

function closeAfterLease(zone: Open, turn: Turn): ZoneState {
  const { phase } = zone;
  const { leaseGrace, speed } = turn.config;
  const { now } = turn;
  const endFarmMs = plannedEndFarmMs(phase, turn);
  // What has its own cut-off later, or a pump before it, is closed by us.
  if ((turn.layout.foreign || turn.layout.tailSeconds > 0) && now.farmMs >= endFarmMs)
    return beginClosing(zone, turn, endingOf(phase, 'completed'));
  const latestFarmMs = Math.min(endFarmMs, endsAtLatestFarmMs(phase, turn));
  const leaseSeconds = Math.max(0, latestFarmMs - phase.openedAt.farmMs) / 1000;
  const over = {
    farmSeconds: leaseSeconds + leaseGrace.farmSeconds,
    realSeconds: leaseSeconds / speed + Math.max(leaseGrace.realSeconds, answerOf(turn).realSeconds),
  };
  if (!elapsed(phase.openedAt, now, over)) return zone;
  const plannedSeconds = phase.run.plannedSeconds;
  const reason = reasonOf('valve_past_lease', { valve: turn.layout.valve, plannedSeconds });
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  const outcome = latestFarmMs < endFarmMs ? 'interrupted' : 'completed';
  return beginClosing(zone, turn, endingOf(phase, outcome));
}

function isOpenPhase(zone: ZoneState): zone is Open {
  const { name }: Phase = zone.phase;
  return name === 'proving' || name === 'running';
}

/** Water has failed: whatever was planned, this run is over. */
export function waterFailed(zone: Open, { failure }: EventOf<'supply'>, turn: Turn): ZoneState {
  if (failure === null) return zone;
  return { ...beginClosing(zone, turn, endingOf(zone.phase, failure.outcome)), decision: failure.reason };
}
