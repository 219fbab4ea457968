import { reasonOf } from '../reason.ts';
import { elapsed, type Limit } from '../time.ts';
import { isOutdated } from './band.ts';
import { closeAgain, isDefiant, withClaim } from './closing.ts';
import { decide, freshMoisture, obstacleFromAfar, obstacleTo } from './decide.ts';
import {
  accept,
  answerOf,
  beginRun,
  beginUnknown,
  fault,
  recordInterrupted,
  refuse,
  type Turn,
} from './turn.ts';
import { cycleKey, type EventOf, lockKeys, type ZoneIn, type ZoneState } from './types.ts';

export function closedAtLast(zone: ZoneIn<'unknown'>, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  if (report.state === 'closed' && !isOutdated(zone, report)) {
    turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'valve_silent' });
    return { ...recordInterrupted(zone, turn), phase: { name: 'idle' } };
  }
  const claimed = withClaim(zone, report, turn);
  // One that has just come back has not heard what it was told while it was away.
  const isBack =
    claimed.phase.claim?.since === turn.now && elapsed(zone.phase.since, turn.now, answerOf(turn));
  if (isBack) return closeAgain(claimed, turn);
  if (!isDefiant(claimed.phase, report, turn)) return claimed;
  const { flowLitresPerMinute } = report;
  return fault(zone, turn, reasonOf('valve_does_not_close', { flowLitresPerMinute }));
}

export function repeatUnknown(zone: ZoneIn<'unknown'>, _event: unknown, turn: Turn): ZoneState {
  const { sentAt, attempts } = zone.phase;
  const patience = zone.valve?.open === true ? answerOf(turn) : patienceOf(attempts, turn);
  if (!elapsed(sentAt, turn.now, patience)) return giveUpInterrupted(zone, turn);
  tellSilence(zone, attempts, turn);
  return giveUpInterrupted(closeAgain(zone, turn), turn);
}

/** Without the meter's word, but not before its valve has closed by itself, however late it has heard its opening. */
export function giveUpInterrupted<Z extends ZoneState>(zone: Z, turn: Turn): Z {
  if (zone.interrupted === null) return zone;
  const { intent, since } = zone.interrupted;
  const waited = {
    farmSeconds: answerOf(turn).farmSeconds + intent.durationSeconds,
    realSeconds: turn.config.interruptedWaitRealSeconds,
  };
  return elapsed(since, turn.now, waited) ? recordInterrupted(zone, turn) : zone;
}

export function waterIfDue(zone: ZoneIn<'idle'>, _event: unknown, turn: Turn): ZoneState {
  const { water, reason } = decide(zone, turn);
  if (!water) return { ...zone, decision: reason };
  const { wanted, openBeforeRealMs } = zone.plan ?? { wanted: null, openBeforeRealMs: 0 };
  if (!turn.layout.hasProgram || wanted === null)
    return beginRun(zone, turn, { source: 'threshold', seconds: turn.layout.runSeconds, reason });
  const begun = [...zone.begun, cycleKey(wanted)].slice(-MOST_BEGUN);
  const seconds = secondsOf(wanted.seconds, wanted.litres, turn);
  return beginRun({ ...zone, begun }, turn, { source: 'program', seconds, reason, openBeforeRealMs, wanted });
}

/** Cycles that are remembered; their windows are over long before. */
const MOST_BEGUN = 500;

/** A valve that hears nothing for minutes cannot be closed when its litres are complete, so its time is measured out. */
function secondsOf(seconds: number, litres: number | null, { layout }: Turn): number {
  const limited = Math.max(1, Math.min(Math.ceil(seconds), layout.maxRunSeconds));
  const isSlow = layout.answer !== undefined && layout.answer.realSeconds > 60;
  if (litres === null || !isSlow) return limited;
  return Math.max(1, Math.min(limited, Math.round((litres / layout.nominalFlowLitresPerMinute) * 60)));
}

export function openOnRequest(zone: ZoneIn<'idle'>, event: EventOf<'open'>, turn: Turn): ZoneState {
  const { maxRunSeconds } = turn.layout;
  const { durationSeconds } = event;
  if (!Number.isInteger(durationSeconds) || durationSeconds < 1 || durationSeconds > maxRunSeconds)
    return refuse(zone, event, turn, reasonOf('duration_above_limit', { durationSeconds, maxRunSeconds }));
  const obstacle = obstacleTo(zone, turn) ?? (event.remote && obstacleFromAfar(zone, turn));
  if (obstacle) return refuse(zone, event, turn, obstacle);
  const soilMoisture = freshMoisture(zone, turn);
  const { remote } = event;
  const reason = remote
    ? reasonOf('remote_request', {
        ...{ durationSeconds, soilMoisture, by: remote.by, commandId: remote.commandId },
      })
    : reasonOf('manual_request', { durationSeconds, soilMoisture });
  const openBeforeRealMs = remote?.openBeforeRealMs ?? null;
  const free = remote ? zone : handsOn(zone, turn);
  const run = beginRun(free, turn, { source: 'manual', seconds: durationSeconds, reason, openBeforeRealMs });
  return accept(run, event, turn, reason);
}

/** A person at the farm has stopped it. Journaled, so that a restart does not let somebody in town open it. */
export function handsOff(zone: ZoneState, turn: Turn): ZoneState {
  return withHands(zone, turn, true);
}

/** A person at the farm has opened or unlocked it since. */
function handsOn(zone: ZoneState, turn: Turn): ZoneState {
  return zone.stoppedByHandRealMs === null ? zone : withHands(zone, turn, false);
}

function withHands(zone: ZoneState, turn: Turn, holds: boolean): ZoneState {
  const record = { kind: 'hands_off', atMs: turn.now.atMs, zone: zone.id, holds } as const;
  turn.actions.push({ kind: 'journal_hands_off', record });
  return { ...zone, stoppedByHandRealMs: holds ? turn.now.realMs : null };
}

export function keepClosed(zone: ZoneState, turn: Turn): ZoneState {
  if (zone.phase.name !== 'locked' && zone.phase.name !== 'in_doubt') return zone;
  const wet = zone.valve?.open === true || zone.leakSince !== null;
  return wet && elapsed(zone.phase.sentAt, turn.now, answerOf(turn)) ? closeAgain(zone, turn) : zone;
}

/** One that is locked by a restart, and has not been heard of since, is told to close until it says that it has. */
export function keepLocked(zone: ZoneIn<'locked'>, turn: Turn): ZoneState {
  const { attempts, sentAt } = zone.phase;
  if (zone.valve !== null) return keepClosed(zone, turn);
  if (!elapsed(sentAt, turn.now, patienceOf(attempts, turn))) return zone;
  tellSilence(zone, attempts, turn);
  return closeAgain(zone, turn);
}

export function lockedAnswered(zone: ZoneIn<'locked'>, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  if (report.state !== 'closed') return keepClosed(zone, turn);
  const { phase } = zone;
  if (phase.attempts > 0) turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'valve_silent' });
  const closed = { ...zone, phase: { ...phase, attempts: 0 } };
  return keepClosed(recordInterrupted(closed, turn), turn);
}

/** After the first few a valve that does not answer is told far apart. */
function patienceOf(attempts: number, turn: Turn): Limit {
  const answer = answerOf(turn);
  const { slowRepeatRealSeconds } = turn.config;
  return attempts < turn.config.attempts
    ? answer
    : { farmSeconds: 0, realSeconds: Math.max(slowRepeatRealSeconds, answer.realSeconds) };
}

function tellSilence({ id }: ZoneState, attempts: number, turn: Turn): void {
  if (attempts < turn.config.attempts) return;
  const reason = reasonOf('valve_silent', { valve: turn.layout.valve, attempts });
  turn.actions.push({ kind: 'raise_alarm', zone: id, severity: 'low', reason });
}

export function unlockByPerson(zone: ZoneIn<'locked'>, event: EventOf<'unlock'>, turn: Turn): ZoneState {
  for (const key of lockKeys) turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key });
  const closing = beginUnknown({ ...handsOn(zone, turn), leakSince: null }, turn);
  return accept(closing, event, turn, reasonOf('unlocked_by_person'));
}
