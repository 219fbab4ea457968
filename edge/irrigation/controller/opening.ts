import { reasonOf } from '../reason.ts';
import { elapsed } from '../time.ts';
import { checkFlowOf } from './flow.ts';
import { answerOf, beginClosing, endRun, isUnmetered, openSeconds, sendOpen, type Turn } from './turn.ts';
import { cycleKey, type EventOf, type ZoneIn, type ZoneState } from './types.ts';

export function openNow(zone: ZoneIn<'opening'>, event: EventOf<'intent_durable'>, turn: Turn): ZoneState {
  const { run, sentAt } = zone.phase;
  if (run.runId !== event.runId || sentAt !== null) return zone;
  journalWrites(zone, turn);
  const tooLate = { farmSeconds: 0, realSeconds: turn.config.intentMaxAgeRealSeconds };
  const outcome = run.openBeforeRealMs === null ? 'stopped' : 'expired';
  if (elapsed(run.decided, turn.now, tooLate) || !sendOpen(run, turn, turn.now))
    return beginClosing(zone, turn, { run, openedAt: null, outcome, proof: null });
  return { ...zone, phase: { ...zone.phase, sentAt: turn.now, firstSentAt: turn.now, attempts: 1 } };
}

/** An intent is on the disk. */
export function journalWrites(zone: ZoneState, turn: Turn): void {
  turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'journal_unavailable' });
}

export function withoutIntent(
  zone: ZoneIn<'opening'>,
  event: EventOf<'intent_failed'>,
  turn: Turn,
): ZoneState {
  const { run, sentAt } = zone.phase;
  if (run.runId !== event.runId || sentAt !== null) return zone;
  const reason = reasonOf('journal_unavailable');
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  // Nothing was opened, so the cycle may still be watered.
  const { wanted } = run;
  const begun = wanted === null ? zone.begun : zone.begun.filter((key) => key !== cycleKey(wanted));
  // The pause keeps it from asking a journal that cannot write again and again.
  return { ...zone, begun, phase: { name: 'idle' }, decision: reason, lastEndedRealMs: turn.now.realMs };
}

export function openingAnswered(
  zone: ZoneIn<'opening'>,
  { report }: EventOf<'valve'>,
  turn: Turn,
): ZoneState {
  const { run, sentAt, firstSentAt } = zone.phase;
  const ours = sentAt !== null && (report.commandId === undefined || report.commandId === run.runId);
  if (report.state === 'open') {
    if (!ours || firstSentAt === null)
      return beginClosing(zone, turn, { run, openedAt: null, outcome: 'stopped', proof: null });
    turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'valve_no_answer' });
    const endsFarmMs = firstSentAt.farmMs + openSeconds(run, turn) * 1000;
    const flowing = {
      ...{ run, openedAt: turn.now, oddFlow: null },
      lease: { ...{ firstSentAt, sentAt: firstSentAt, endsFarmMs }, ...{ renewal: null, openings: 1 } },
      counted: { litres: zone.valve?.totalLitres ?? null, since: turn.now },
    };
    // Without a meter there is nothing to prove it by.
    if (isUnmetered(turn)) return { ...zone, phase: { name: 'running', proof: 'unmetered', ...flowing } };
    return checkFlowOf({ ...zone, phase: { name: 'proving', ...flowing } }, report.flowLitresPerMinute, turn);
  }
  if (sentAt === null || firstSentAt === null || report.commandId !== run.runId) return zone;
  // The answer to the opening was lost, but the run has been: its lease is over, or water has run. Else a valve that has heard us
  // and is closed has not opened; it is told again.
  const isLeaseOver =
    report.cause === 'lease_ended' || turn.now.farmMs >= firstSentAt.farmMs + openSeconds(run, turn) * 1000;
  const hasRun = run.litresBefore !== null && (report.totalLitres ?? 0) > run.litresBefore;
  if (!isLeaseOver && !hasRun) return zone;
  const flow = report.flowLitresPerMinute;
  return endRun(zone, turn, { run, openedAt: sentAt, outcome: 'completed', proof: null }, flow);
}

export function repeatOpening(zone: ZoneIn<'opening'>, _event: unknown, turn: Turn): ZoneState {
  const { run, sentAt, firstSentAt, attempts } = zone.phase;
  if (sentAt === null || !elapsed(sentAt, turn.now, answerOf(turn))) return zone;
  if (attempts < turn.config.attempts && sendOpen(run, turn, firstSentAt ?? sentAt)) {
    return { ...zone, phase: { ...zone.phase, sentAt: turn.now, attempts: attempts + 1 } };
  }
  const reason = reasonOf('valve_no_answer', { valve: turn.layout.valve, attempts });
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  return beginClosing(zone, turn, { run, openedAt: null, outcome: 'no_answer', proof: null });
}

export function openingFailed(
  zone: ZoneIn<'opening'>,
  { failure }: EventOf<'supply'>,
  turn: Turn,
): ZoneState {
  if (failure === null) return zone;
  const { run } = zone.phase;
  const ending = { run, openedAt: null, outcome: failure.outcome, proof: null };
  return { ...beginClosing(zone, turn, ending), decision: failure.reason };
}
