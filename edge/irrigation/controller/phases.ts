import type { Reason } from '@nongtin/broker/wire';
import { decide, freshMoisture, obstacleFromAfar, obstacleTo, obstacleToTest } from './decide.ts';
import { checkFlowOf } from './flow.ts';
import {
  beginTesting,
  stopTesting,
  testGoesOn,
  testingAnswered,
  testWithIntent,
  testWithoutIntent,
} from './testing.ts';
import {
  answerOf,
  beginClosing,
  beginRun,
  beginSweeping,
  fault,
  isOver,
  lock,
  recordInterrupted,
  recordRun,
  sendClose,
  sendOpen,
  type Turn,
} from './turn.ts';
import {
  type ControllerEvent,
  elapsed,
  type Instant,
  lockKeys,
  type Phase,
  type PhaseName,
  reasonOf,
  type ValveReport,
  type ZoneState,
} from './types.ts';

type ZoneIn<P extends PhaseName> = ZoneState & { readonly phase: Extract<Phase, { name: P }> };
type EventOf<K extends ControllerEvent['kind']> = Extract<ControllerEvent, { kind: K }>;
type Table = {
  [P in PhaseName]: {
    [K in ControllerEvent['kind']]?: (zone: ZoneIn<P>, event: EventOf<K>, turn: Turn) => ZoneState;
  };
};

/** The state table: phase → event → what becomes of the zone. An event that is not listed changes nothing. */
export const table: Table = {
  sweeping: {
    valve: sweepAnswered,
    tick: repeatSweep,
    online: (zone, _event, turn) => closeAgain(zone, turn),
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('valve_unconfirmed')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('valve_unconfirmed')),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  idle: {
    tick: waterIfDry,
    moisture: waterIfDry,
    valve: (zone, event, turn) => (event.report.state === 'open' ? beginSweeping(zone, turn) : zone),
    open: openOnRequest,
    test: (zone, event, turn) => {
      const obstacle =
        obstacleToTest(zone, turn) ?? (turn.isOtherTested ? reasonOf('other_test_running') : undefined);
      if (obstacle) return refuse(zone, event, turn, obstacle);
      return accept(beginTesting(zone, event, turn), event, turn, reasonOf('wet_test'));
    },
    stop: (zone, event, turn) => {
      sendClose(turn);
      return accept(zone, event, turn, reasonOf('already_closed'));
    },
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  opening: {
    intent_durable: openNow,
    intent_failed: withoutIntent,
    valve: openingAnswered,
    tick: repeatOpening,
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    stop: (zone, event, turn) =>
      accept(
        beginClosing(zone, turn, { run: zone.phase.run, openedAt: null, outcome: 'stopped' }),
        event,
        turn,
        reasonOf('stopped_by_person'),
      ),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  running: {
    valve: checkFlow,
    moisture: stopAtTarget,
    tick: closeAfterLease,
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_running')),
    stop: (zone, event, turn) =>
      accept(
        beginClosing(zone, turn, { ...zone.phase, outcome: 'stopped' }),
        event,
        turn,
        reasonOf('stopped_by_person'),
      ),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  closing: {
    valve: closingAnswered,
    tick: repeatClosing,
    online: (zone, _event, turn) => closeAgain(zone, turn),
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_closing')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('already_closing')),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  testing: {
    intent_durable: testWithIntent,
    intent_failed: testWithoutIntent,
    valve: testingAnswered,
    tick: (zone, _event, turn) => testGoesOn(zone, turn),
    test: (zone, event, turn) => refuse(zone, event, turn, reasonOf('wet_test_running')),
    open: (zone, event, turn) => refuse(zone, event, turn, reasonOf('wet_test_running')),
    stop: (zone, event, turn) => accept(stopTesting(zone, turn), event, turn, reasonOf('stopped_by_person')),
    unlock: (zone, event, turn) => refuse(zone, event, turn, reasonOf('not_locked')),
  },
  locked: {
    valve: (zone, event, turn) =>
      keepClosed(event.report.state === 'closed' ? recordInterrupted(zone, turn) : zone, turn),
    tick: (zone, _event, turn) => keepClosed(giveUpInterrupted(zone, turn), turn),
    online: (zone, _event, turn) => closeAgain(zone, turn),
    test: (zone, event, turn) =>
      refuse(zone, event, turn, reasonOf('zone_locked', { cause: zone.phase.reason.key })),
    open: (zone, event, turn) =>
      refuse(zone, event, turn, reasonOf('zone_locked', { cause: zone.phase.reason.key })),
    stop: (zone, event, turn) => accept(closeAgain(zone, turn), event, turn, reasonOf('already_closing')),
    unlock: unlockByPerson,
  },
};

function sweepAnswered(zone: ZoneIn<'sweeping'>, event: EventOf<'valve'>, turn: Turn): ZoneState {
  if (event.report.state === 'closed') {
    turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'valve_silent' });
    return { ...recordInterrupted(zone, turn), phase: { name: 'idle' } };
  }
  if (!elapsed(zone.phase.since, turn.now, answerOf(turn))) return zone;
  return fault(zone, turn, reasonOf('valve_does_not_close', figuresOf(event.report)));
}

function repeatSweep(zone: ZoneIn<'sweeping'>, _event: unknown, turn: Turn): ZoneState {
  const { phase } = zone;
  const patient = phase.attempts >= turn.config.attempts;
  const answer = answerOf(turn);
  const { slowRepeatRealSeconds } = turn.config;
  const farApart = { farmSeconds: 0, realSeconds: Math.max(slowRepeatRealSeconds, answer.realSeconds) };
  if (!elapsed(phase.sentAt, turn.now, patient && zone.valve?.open !== true ? farApart : answer))
    return giveUpInterrupted(zone, turn);
  if (phase.attempts >= turn.config.attempts) {
    const reason = reasonOf('valve_silent', { valve: turn.layout.valve, attempts: phase.attempts });
    turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'low', reason });
  }
  return giveUpInterrupted(closeAgain(zone, turn), turn);
}

function giveUpInterrupted(zone: ZoneState, turn: Turn): ZoneState {
  const waited = { farmSeconds: 0, realSeconds: turn.config.interruptedWaitRealSeconds };
  const since = zone.interrupted?.since;
  return since && elapsed(since, turn.now, waited) ? recordInterrupted(zone, turn) : zone;
}

function waterIfDry(zone: ZoneIn<'idle'>, _event: unknown, turn: Turn): ZoneState {
  const { water, reason } = decide(zone, turn);
  if (!water) return { ...zone, decision: reason };
  return beginRun(zone, turn, 'threshold', turn.layout.runSeconds, reason);
}

function openOnRequest(zone: ZoneIn<'idle'>, event: EventOf<'open'>, turn: Turn): ZoneState {
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
  const run = beginRun(zone, turn, 'manual', durationSeconds, reason, remote?.openBeforeRealMs);
  return accept(run, event, turn, reason);
}

function openNow(zone: ZoneIn<'opening'>, event: EventOf<'intent_durable'>, turn: Turn): ZoneState {
  const { run, sentAt } = zone.phase;
  if (run.runId !== event.runId || sentAt !== null) return zone;
  const tooLate = { farmSeconds: 0, realSeconds: turn.config.intentMaxAgeRealSeconds };
  const outcome = run.openBeforeRealMs === null ? 'stopped' : 'expired';
  if (elapsed(run.decided, turn.now, tooLate) || !sendOpen(run, turn, turn.now))
    return beginClosing(zone, turn, { run, openedAt: null, outcome });
  return { ...zone, phase: { ...zone.phase, sentAt: turn.now, firstSentAt: turn.now, attempts: 1 } };
}

function withoutIntent(zone: ZoneIn<'opening'>, event: EventOf<'intent_failed'>, turn: Turn): ZoneState {
  if (zone.phase.run.runId !== event.runId || zone.phase.sentAt !== null) return zone;
  const reason = reasonOf('journal_unavailable');
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  // The pause keeps it from asking a journal that cannot write again and again.
  return { ...zone, phase: { name: 'idle' }, decision: reason, lastEndedRealMs: turn.now.realMs };
}

function openingAnswered(zone: ZoneIn<'opening'>, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  const { run, sentAt } = zone.phase;
  const ours = sentAt !== null && (report.commandId === undefined || report.commandId === run.runId);
  if (report.state === 'open') {
    if (!ours) return beginClosing(zone, turn, { run, openedAt: null, outcome: 'stopped' });
    turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'valve_no_answer' });
    const running = { name: 'running', run, openedAt: turn.now, oddFlow: null } as const;
    return checkFlowOf({ ...zone, phase: running }, report.flowLitresPerMinute, turn);
  }
  // The answer to the opening was lost, but the run has been: closed after our command means that its lease is over.
  const ended = sentAt !== null && report.commandId === run.runId;
  return ended ? recordRun(zone, turn, { run, openedAt: sentAt, outcome: 'completed' }) : zone;
}

function repeatOpening(zone: ZoneIn<'opening'>, _event: unknown, turn: Turn): ZoneState {
  const { run, sentAt, firstSentAt, attempts } = zone.phase;
  if (sentAt === null || !elapsed(sentAt, turn.now, answerOf(turn))) return zone;
  if (attempts < turn.config.attempts && sendOpen(run, turn, firstSentAt ?? sentAt)) {
    return { ...zone, phase: { ...zone.phase, sentAt: turn.now, attempts: attempts + 1 } };
  }
  const reason = reasonOf('valve_no_answer', { valve: turn.layout.valve, attempts });
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  return beginClosing(zone, turn, { run, openedAt: null, outcome: 'no_answer' });
}

function checkFlow(zone: ZoneIn<'running'>, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  if (report.state === 'open') return checkFlowOf(zone, report.flowLitresPerMinute, turn);
  const { run, openedAt } = zone.phase;
  // A valve that closes early by itself (it restarted, somebody turned its tap) has cut the run off.
  const over = report.cause === 'lease_ended' || isOver(run, openedAt, turn);
  const outcome = over ? 'completed' : 'interrupted';
  return recordRun(zone, turn, { run, openedAt, outcome });
}

function stopAtTarget(zone: ZoneIn<'running'>, _event: unknown, turn: Turn): ZoneState {
  const { run } = zone.phase;
  const moisture = freshMoisture(zone, turn);
  // A person who asks for a time gets that time.
  if (run.source === 'manual' || moisture === null || moisture < turn.layout.targetFraction) return zone;
  return beginClosing(zone, turn, { ...zone.phase, outcome: 'target_reached' });
}

function closeAfterLease(zone: ZoneIn<'running'>, _event: unknown, turn: Turn): ZoneState {
  const { run, openedAt } = zone.phase;
  const { leaseGrace, speed } = turn.config;
  if (turn.layout.foreign && elapsed(openedAt, turn.now, { farmSeconds: run.plannedSeconds, realSeconds: 0 }))
    return beginClosing(zone, turn, { run, openedAt, outcome: 'completed' });
  const over = {
    farmSeconds: run.plannedSeconds + leaseGrace.farmSeconds,
    realSeconds: run.plannedSeconds / speed + leaseGrace.realSeconds,
  };
  if (!elapsed(openedAt, turn.now, over)) return zone;
  const reason = reasonOf('valve_past_lease', {
    valve: turn.layout.valve,
    plannedSeconds: run.plannedSeconds,
  });
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  return beginClosing(zone, turn, { run, openedAt, outcome: 'completed' });
}

function closingAnswered(zone: ZoneIn<'closing'>, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  const { since, lock: why } = zone.phase;
  if (report.state === 'closed') {
    for (const key of ['valve_past_lease', 'valve_no_answer'])
      turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key });
    const recorded = recordRun(zone, turn, zone.phase);
    return why ? lock(recorded, turn, why) : recorded;
  }
  if (!elapsed(since, turn.now, answerOf(turn))) return zone;
  return fault(recordRun(zone, turn, zone.phase), turn, reasonOf('valve_does_not_close', figuresOf(report)));
}

function repeatClosing(zone: ZoneIn<'closing'>, _event: unknown, turn: Turn): ZoneState {
  const { sentAt, attempts, outcome, lock: why } = zone.phase;
  if (!elapsed(sentAt, turn.now, answerOf(turn))) return zone;
  if (attempts < turn.config.attempts) return closeAgain(zone, turn);
  const silent = outcome === 'completed' ? 'no_answer' : outcome;
  const recorded = recordRun(zone, turn, { ...zone.phase, outcome: silent });
  return why ? lock(recorded, turn, why) : beginSweeping(recorded, turn);
}

function keepClosed(zone: ZoneState, turn: Turn): ZoneState {
  if (zone.phase.name !== 'locked') return zone;
  const wet = zone.valve?.open === true || zone.leakSince !== null;
  return wet && elapsed(zone.phase.sentAt, turn.now, answerOf(turn)) ? closeAgain(zone, turn) : zone;
}

function unlockByPerson(zone: ZoneIn<'locked'>, event: EventOf<'unlock'>, turn: Turn): ZoneState {
  for (const key of lockKeys) turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key });
  const swept = beginSweeping({ ...zone, leakSince: null }, turn);
  return accept(swept, event, turn, reasonOf('unlocked_by_person'));
}

function closeAgain<Z extends ZoneState>(zone: Z, turn: Turn): ZoneState {
  sendClose(turn);
  const { phase } = zone;
  if (phase.name === 'sweeping' || phase.name === 'closing')
    return { ...zone, phase: { ...phase, sentAt: turn.now, attempts: phase.attempts + 1 } };
  return phase.name === 'locked' ? { ...zone, phase: { ...phase, sentAt: turn.now } } : zone;
}

type Request = { readonly requestId: string; readonly now: Instant };

function refuse(zone: ZoneState, { requestId }: Request, turn: Turn, reason: Reason): ZoneState {
  turn.actions.push({ kind: 'answer', requestId, accepted: false, reason });
  return zone;
}

function accept(zone: ZoneState, { requestId }: Request, turn: Turn, reason: Reason): ZoneState {
  turn.actions.push({ kind: 'answer', requestId, accepted: true, reason });
  return zone;
}

function figuresOf(report: ValveReport) {
  return { flowLitresPerMinute: report.flowLitresPerMinute };
}
