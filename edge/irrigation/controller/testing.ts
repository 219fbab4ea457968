import {
  beginTest,
  hear,
  isGone,
  stopTest,
  type TestPlan,
  type TestStep,
  tick,
  type WetTest,
} from '../../wet-test/machine.ts';
import { type Verdict, verdictOf } from '../../wet-test/verdict.ts';
import { reasonOf } from '../reason.ts';
import { elapsed } from '../time.ts';
import { isOutdated } from './band.ts';
import { journalWrites } from './opening.ts';
import { beginTally } from './tally.ts';
import { answerOf, beginUnknown, fault, recordRun, sendClose, sendOpen, type Turn } from './turn.ts';
import type { EventOf, Outcome, Run, ZoneIn, ZoneState } from './types.ts';

type Testing = ZoneIn<'testing'>;

/**
 * A wet test within the controller: it opens as a run does, behind a durable intent, and closes when the test says so. Until
 * it is over the zone decides nothing else.
 */
export function beginTesting(zone: ZoneState, { startedBy }: EventOf<'test'>, turn: Turn): ZoneState {
  const { layout, now } = turn;
  const { leaseSeconds } = layout.test;
  const meterLitres = zone.valve?.totalSinceStart === false ? zone.valve.totalLitres : null;
  const reason = reasonOf('wet_test', { durationSeconds: leaseSeconds, meterLitres, startedBy });
  const run: Run = {
    ...{ runId: turn.nextId(), source: 'wet_test', decided: now, plannedSeconds: leaseSeconds, reason },
    ...{
      litresBefore: zone.valve?.totalLitres ?? null,
      tally: beginTally(zone, now),
      moistureBefore: zone.moisture?.value ?? null,
    },
    ...{ openBeforeRealMs: null, wanted: null },
  };
  turn.actions.push({
    kind: 'journal_intent',
    record: {
      ...{ kind: 'intent', atMs: now.atMs, runId: run.runId, zone: zone.id, valve: layout.valve },
      ...{ durationSeconds: leaseSeconds, reason },
    },
  });
  return { ...zone, decision: reason, phase: { name: 'testing', run, test: null, startedBy } };
}

export function testWithIntent(zone: Testing, event: EventOf<'intent_durable'>, turn: Turn): ZoneState {
  const { run, test } = zone.phase;
  if (run.runId !== event.runId || test !== null) return zone;
  journalWrites(zone, turn);
  const tooLate = { farmSeconds: 0, realSeconds: turn.config.intentMaxAgeRealSeconds };
  // Nobody stands beside the valve any more.
  if (elapsed(run.decided, turn.now, tooLate) || !sendOpen(run, turn, turn.now))
    return stopTesting(zone, turn);
  const begun = beginTest(planOf(turn), zone.valve?.totalLitres ?? null, turn.now.farmMs);
  return { ...zone, phase: { ...zone.phase, test: begun } };
}

export function testWithoutIntent(zone: Testing, event: EventOf<'intent_failed'>, turn: Turn): ZoneState {
  if (zone.phase.run.runId !== event.runId || zone.phase.test !== null) return zone;
  const reason = reasonOf('journal_unavailable');
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'high', reason });
  return { ...zone, phase: { name: 'idle' }, decision: reason };
}

export function testingAnswered(zone: Testing, { report }: EventOf<'valve'>, turn: Turn): ZoneState {
  const { run, test } = zone.phase;
  // Opened by somebody else before it was told to.
  if (test === null) return report.state === 'open' ? stopTesting(zone, turn) : zone;
  if (test.stage === 'closing' && isOutdated(zone, report)) return zone;
  const told = {
    open: report.state === 'open',
    isOurs: report.commandId === run.runId,
    flowLitresPerMinute: report.flowLitresPerMinute,
    totalLitres: report.totalLitres,
  };
  return follow(zone, hear(test, told, turn.now.farmMs), turn);
}

export function testGoesOn(zone: Testing, turn: Turn): ZoneState {
  const { test } = zone.phase;
  return test === null ? zone : follow(zone, tick(test, turn.now.farmMs), turn);
}

export function testFailed(zone: Testing, { failure }: EventOf<'supply'>, turn: Turn): ZoneState {
  return failure === null ? zone : stopTesting(zone, turn);
}

export function stopTesting(zone: Testing, turn: Turn): ZoneState {
  const { test } = zone.phase;
  const begun = test ?? beginTest(planOf(turn), null, turn.now.farmMs);
  return follow(zone, stopTest(begun, turn.now.farmMs), turn);
}

function follow(zone: Testing, { test, close }: TestStep, turn: Turn): ZoneState {
  if (close) sendClose(turn);
  if (test === zone.phase.test) return zone;
  return test.stage === 'over' ? end(zone, test, turn) : { ...zone, phase: { ...zone.phase, test } };
}

/** The water that ran is a run's; what was learned is the test's. */
function end(zone: Testing, test: WetTest, turn: Turn): ZoneState {
  const { run, startedBy } = zone.phase;
  const verdict = verdictOf(test);
  const { now, layout } = turn;
  const openedAt = test.openMs === null ? null : instantOf(test.openMs, turn);
  const proof = layout.isUnmetered
    ? 'unmetered'
    : (test.litres ?? 0) > (test.litresBefore ?? 0)
      ? 'metered'
      : null;
  const recorded = recordRun(zone, turn, { run, openedAt, outcome: outcomeOf(test, verdict), proof });
  turn.actions.push({
    kind: 'journal_wet_test',
    record: {
      ...{ kind: 'wet_test', testId: run.runId, atMs: run.decided.atMs },
      endedAtMs: run.decided.atMs + Math.round(now.realMs - run.decided.realMs),
      ...{ zone: zone.id, valve: layout.valve, recordedBy: startedBy, ...verdict },
    },
  });
  const decision = reasonOf(`wet_test_${verdict.outcome}`, { valve: layout.valve });
  const ended = { ...recorded, decision };
  const isConfirmed = !test.isOpen && test.heardMs >= (test.forcedMs ?? test.heardMs);
  if (isConfirmed) return ended;
  if (isGone(test) || !test.isOpen) return beginUnknown(ended, turn);
  const flow = zone.valve?.flowLitresPerMinute ?? null;
  return fault(ended, turn, reasonOf('valve_does_not_close', { flowLitresPerMinute: flow }));
}

function outcomeOf(test: WetTest, { outcome, findings }: Verdict): Outcome {
  if (test.forced === 'no_answer' || isGone(test)) return 'no_answer';
  if (outcome === 'stopped') return 'stopped';
  return findings.some(({ key }) => key === 'test_no_flow') ? 'no_flow' : 'completed';
}

function instantOf(farmMs: number, { now, config }: Turn) {
  const realMs = now.realMs - (now.farmMs - farmMs) / config.speed;
  return { farmMs, realMs, atMs: Math.round(now.atMs - (now.realMs - realMs)) };
}

/** People wait in real seconds, so every patience grows with the time-lapse; a sleeping valve's word comes when it wakes. */
function planOf(turn: Turn): TestPlan {
  const { config, layout } = turn;
  const { speed } = config;
  const { cutOffSeconds } = layout.test;
  const answerSeconds = answerOf(turn).realSeconds * speed;
  const tolerance = Math.max(
    config.testToleranceSeconds * speed,
    config.testToleranceFraction * cutOffSeconds,
  );
  return {
    ...layout.test,
    answerSeconds,
    toleranceSeconds: layout.answer === undefined ? tolerance : Math.max(tolerance, answerSeconds),
    drainSeconds: config.testDrainSeconds * speed,
    meterSeconds: config.testMeterSeconds * speed,
    nominalLitresPerMinute: layout.nominalFlowLitresPerMinute,
    isMetered: !layout.isUnmetered,
  };
}
