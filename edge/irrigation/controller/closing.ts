import { reasonOf } from '../reason.ts';
import { claimAfter, elapsed } from '../time.ts';
import { isNoise, isOutdated, leakOf, showsOpen } from './band.ts';
import { beginDoubt } from './blame.ts';
import { mayClose } from './supply.ts';
import {
  answerOf,
  beginUnknown,
  endRun,
  fault,
  lock,
  meterSilenceOf,
  openSeconds,
  recordRun,
  sendClose,
  type Turn,
} from './turn.ts';
import type { EventOf, Phase, ValveReport, ZoneIn, ZoneState } from './types.ts';

export function closingAnswered(
  zone: ZoneIn<'closing'>,
  { report }: EventOf<'valve'>,
  turn: Turn,
): ZoneState {
  const { lock: why, loss } = zone.phase;
  const silent = {
    flowLitresPerMinute: null,
    nominalLitresPerMinute: turn.layout.nominalFlowLitresPerMinute,
  };
  if (report.state === 'closed' && !isOutdated(zone, report)) {
    for (const key of ['valve_past_lease', 'valve_no_answer'])
      turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key });
    if (why) return lock(recordRun(zone, turn, zone.phase), turn, why);
    // It hears and answers, so it is the meter that does not.
    if (zone.phase.outcome === 'meter_failed')
      return fault(recordRun(zone, turn, zone.phase), turn, reasonOf('meter_silent', silent));
    if (loss) return beginDoubt(recordRun(zone, turn, zone.phase), loss, turn);
    return endRun(zone, turn, zone.phase, report.flowLitresPerMinute);
  }
  if (zone.phase.attempts === 0) return closeWhenOff(zone, undefined, turn);
  const claimed = withClaim(zone, report, turn);
  if (!isDefiant(claimed.phase, report, turn)) return claimed;
  const { flowLitresPerMinute } = report;
  const recorded = recordRun(zone, turn, zone.phase);
  return fault(recorded, turn, reasonOf('valve_does_not_close', { flowLitresPerMinute }));
}

/**
 * It has been told to close, and is open all the same. One that names a command has heard ours; what names none may speak late, and
 * what has not heard us is silent, no broken valve, until its own time is over.
 */
export function isDefiant(
  phase: Extract<Phase, { name: 'closing' | 'unknown' }>,
  report: ValveReport,
  turn: Turn,
): boolean {
  const { since, sentAt, claim, commandId } = phase;
  const { now, config } = turn;
  if (!elapsed(since, now, answerOf(turn)) || !showsOpen(report, turn)) return false;
  const { commandId: named } = report;
  if (commandId !== null && (named === commandId || named?.startsWith(`${commandId}~`))) return true;
  if (claim === null || sentAt.realMs <= claim.since.realMs) return false;
  if (!elapsed(claim.since, now, config.lateness)) return false;
  const lateMs = config.lateness.realSeconds * config.speed * 1000;
  return named === undefined || now.farmMs >= ownTimeOverFarmMs(phase, turn) + lateMs;
}

/** Farm time at which its valve has closed by itself, however late it has heard its opening. */
function ownTimeOverFarmMs(phase: Extract<Phase, { name: 'closing' | 'unknown' }>, turn: Turn): number {
  if (phase.name === 'unknown') return phase.leaseFarmMs;
  // One that has not answered may have heard the last repetition only.
  const { farmMs } = phase.openedAt ?? phase.since;
  return Math.max(phase.leaseFarmMs, farmMs + openSeconds(phase.run, turn) * 1000);
}

export function withClaim<Z extends ZoneIn<'closing' | 'unknown'>>(
  zone: Z,
  report: ValveReport,
  turn: Turn,
): Z {
  if (!showsOpen(report, turn)) return zone;
  const claim = claimAfter(zone.phase.claim, turn.now, turn.config.lateness);
  return { ...zone, phase: { ...zone.phase, claim } };
}

export function repeatClosing(zone: ZoneIn<'closing'>, _event: unknown, turn: Turn): ZoneState {
  const { sentAt, attempts, outcome, lock: why, loss } = zone.phase;
  if (attempts === 0) return closeWhenOff(zone, undefined, turn);
  if (!elapsed(sentAt, turn.now, answerOf(turn))) return zone;
  if (attempts < turn.config.attempts) return closeAgain(zone, turn);
  const silent = outcome === 'completed' ? 'no_answer' : outcome;
  const recorded = recordRun(zone, turn, { ...zone.phase, outcome: silent }, false);
  if (why) return lock(recorded, turn, why);
  return loss ? beginDoubt(recorded, loss, turn) : beginUnknown(recorded, turn);
}

/**
 * A valve behind a pump that runs is closed when the pump is off. A fault and a person wait for it for an answer's time only, the
 * others until its lease is over, which is before their own.
 */
function closeWhenOff(zone: ZoneIn<'closing'>, _event: unknown, turn: Turn): ZoneState {
  const { attempts, lock: why, outcome, since, leaseFarmMs } = zone.phase;
  const { now, config } = turn;
  if (attempts > 0) return zone;
  const isUrgent = why !== null || outcome === 'no_flow' || outcome === 'stopped';
  const isOver = now.farmMs >= leaseFarmMs || (isUrgent && elapsed(since, now, config.source.answer));
  if (!isOver && !mayClose(turn.supply, now)) return zone;
  const commandId = sendClose(turn);
  return { ...zone, phase: { ...zone.phase, commandId, claim: null, since: now, sentAt: now, attempts: 1 } };
}

/** The source has failed, so what the zone has lost was not its own fault. */
export function closingSupplied(
  zone: ZoneIn<'closing'>,
  { failure }: EventOf<'supply'>,
  turn: Turn,
): ZoneState {
  if (failure === null || zone.phase.loss === null) return closeWhenOff(zone, undefined, turn);
  const acquitted = { ...zone, decision: failure.reason, phase: { ...zone.phase, loss: null } };
  return closeWhenOff(acquitted, undefined, turn);
}

export function leakTestAnswered(
  zone: ZoneIn<'leak_testing'>,
  { report }: EventOf<'valve'>,
  turn: Turn,
): ZoneState {
  // Opened by somebody else, or by a command that came late.
  if (report.state === 'open') return beginUnknown(recordRun(zone, turn, zone.phase), turn);
  const { flowLitresPerMinute: flow } = report;
  if (flow !== null && isNoise(flow, turn)) return recordRun(zone, turn, zone.phase);
  return leakTestGoesOn(zone, undefined, turn);
}

export function leakTestGoesOn(zone: ZoneIn<'leak_testing'>, _event: unknown, turn: Turn): ZoneState {
  const { closedAt } = zone.phase;
  const { drain } = turn.config;
  if (zone.leakSince !== null) {
    if (!elapsed(closedAt, turn.now, drain)) return zone;
    const flow = zone.valve?.flowLitresPerMinute ?? 0;
    return fault({ ...recordRun(zone, turn, zone.phase), leakSince: null }, turn, leakOf(flow, turn));
  }
  // A meter that says nothing of a closed valve proves no leak either; the next run needs its word again.
  return elapsed(closedAt, turn.now, meterSilenceOf(turn)) ? recordRun(zone, turn, zone.phase) : zone;
}

/** Its device has just come back: it is told again, and has its time to answer. */
export function closeReturned(zone: ZoneIn<'unknown' | 'closing'>, turn: Turn): ZoneState {
  const told = closeAgain(zone, turn);
  const { phase } = told;
  if (phase.name === 'unknown') return { ...told, phase: { ...phase, since: turn.now, claim: null } };
  return phase.name === 'closing' && phase.attempts > 0
    ? { ...told, phase: { ...phase, since: turn.now, claim: null } }
    : told;
}

export function closeAgain<Z extends ZoneState>(zone: Z, turn: Turn): ZoneState {
  // Its turn comes when the pump is off.
  if (zone.phase.name === 'closing' && zone.phase.attempts === 0) return zone;
  const { phase } = zone;
  if (phase.name === 'unknown' || phase.name === 'closing') {
    const attempts = phase.attempts + 1;
    sendClose(turn, `${phase.commandId}~${attempts}`);
    return { ...zone, phase: { ...phase, sentAt: turn.now, attempts } };
  }
  sendClose(turn);
  if (phase.name === 'locked')
    return { ...zone, phase: { ...phase, sentAt: turn.now, attempts: phase.attempts + 1 } };
  return phase.name === 'in_doubt' ? { ...zone, phase: { ...phase, sentAt: turn.now } } : zone;
}
