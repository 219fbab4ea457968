import type { Reason, RunRecord } from '@nongtin/broker/wire';
import { reasonOf } from '../reason.ts';
import { elapsed, type Instant, type Limit } from '../time.ts';
import { isNoise } from './band.ts';
import type { ControlledZone, ControllerConfig } from './config.ts';
import { mayClose, type Supply } from './supply.ts';
import { beginTally, mostLitres } from './tally.ts';
import type { Action, Ending, IntentRecord, Loss, Run, Wanted, ZoneState } from './types.ts';

/** What one step of one zone works with; `actions` collects what the shell has to do. */
export interface Turn {
  readonly config: ControllerConfig;
  readonly layout: ControlledZone;
  readonly now: Instant;
  /** Zones that hold one of the places for watering at once, this one not counted. */
  readonly othersWatering: number;
  /** One of those is being tested by a person. */
  readonly isOtherTested: boolean;
  /** A zone whose water may run through the same meter, or whose earlier water that has yet to tell; null: the meter is free. */
  readonly meterTakenBy: string | null;
  /** Where its water comes from; null: nobody has said. */
  readonly supply: Supply | null;
  readonly actions: Action[];
  readonly nextId: () => string;
}

/** The id of the command. */
export function sendClose(turn: Turn, commandId: string = turn.nextId()): string {
  const { id, valve } = turn.layout;
  turn.actions.push({ kind: 'command', zone: id, valve, command: { id: commandId, action: 'close' } });
  return commandId;
}

export function answerOf({ layout, config }: Turn): Limit {
  return layout.answer ?? config.answer;
}

/** Nobody measures its water. */
export function isUnmetered({ layout }: Turn): boolean {
  return layout.isUnmetered;
}

/** How long the meter of an open valve may be silent. */
export function meterSilenceOf({ layout, config }: Turn): Limit {
  return layout.meterSilence ?? config.meterSilence;
}

/** What the first opening of a run asks for: its whole time, or the longest lease. */
export function openSeconds(run: Run, { layout }: Turn): number {
  const longest = Math.min(layout.maxRunSeconds, layout.leaseSeconds);
  const tailSeconds = run.source === 'wet_test' ? 0 : layout.tailSeconds;
  return Math.max(1, Math.min(Math.round(run.plannedSeconds) + tailSeconds, longest));
}

/**
 * Opens a valve. The duration is cut to the zone's limit and lease whatever was decided, and where a repetition would begin
 * the time anew, to what is left since the first sending. False when nothing is left, when it is too late, or when no wet
 * test has shown that the valve closes by itself.
 */
export function sendOpen(run: Run, turn: Turn, firstSentAt: Instant): boolean {
  if (run.openBeforeRealMs !== null && turn.now.realMs >= run.openBeforeRealMs) return false;
  const passed = turn.layout.foreign ? Math.ceil((turn.now.farmMs - firstSentAt.farmMs) / 1000) : 0;
  return send(run.runId, openSeconds(run, turn) - passed, run, turn);
}

/** Opens an open valve for longer, under an id of its own. False when nothing is left, as with sendOpen(). */
export function sendRenewal(commandId: string, durationSeconds: number, run: Run, turn: Turn): boolean {
  return send(commandId, Math.min(durationSeconds, turn.layout.leaseSeconds), run, turn);
}

/** The only place that makes an opening. */
function send(commandId: string, durationSeconds: number, run: Run, turn: Turn): boolean {
  const { id, valve, readOnly } = turn.layout;
  // Whatever was decided on the way here.
  if (readOnly !== null && run.source !== 'wet_test') return false;
  if (durationSeconds < 1) return false;
  const command = { id: commandId, action: 'open', durationSeconds } as const;
  turn.actions.push({ kind: 'command', zone: id, valve, command });
  return true;
}

/** Whether a run has lasted as long as it should; the answers of a valve come a little earlier or later. */
export function isOver(endFarmMs: number, run: Run, turn: Turn): boolean {
  const { realSeconds } = answerOf(turn);
  const early = turn.layout.foreign ? Math.min(realSeconds, run.plannedSeconds / 2) : 0;
  return turn.now.farmMs >= endFarmMs - early * 1000;
}

interface Decided {
  readonly source: Run['source'];
  readonly seconds: number;
  readonly reason: Reason;
  readonly openBeforeRealMs?: number | null;
  readonly wanted?: Wanted;
}

/** Decides a run: nothing opens before its intent is durable. */
export function beginRun(zone: ZoneState, turn: Turn, decided: Decided): ZoneState {
  const { source, seconds, reason, openBeforeRealMs = null, wanted = null } = decided;
  const run: Run = {
    runId: turn.nextId(),
    source,
    decided: turn.now,
    plannedSeconds: seconds,
    // The counter stands in the intent, so that a run cut off by a restart can still be measured.
    // A counter that begins anew with the gateway would measure nothing then.
    reason: reasonOf(reason.key, { ...reason.figures, meterLitres: lastingTotal(zone) }),
    litresBefore: zone.valve?.totalLitres ?? null,
    tally: beginTally(zone, turn.now),
    moistureBefore: zone.moisture?.value ?? null,
    openBeforeRealMs,
    wanted,
  };
  turn.actions.push({
    kind: 'journal_intent',
    record: {
      kind: 'intent',
      atMs: turn.now.atMs,
      runId: run.runId,
      zone: zone.id,
      valve: turn.layout.valve,
      durationSeconds: seconds,
      ...cycleOf(run.wanted),
      reason: run.reason,
    },
  });
  return {
    ...zone,
    decision: reason,
    phase: { name: 'opening', run, sentAt: null, firstSentAt: null, attempts: 0 },
  };
}

function cycleOf(wanted: Run['wanted'] | IntentRecord) {
  if (wanted?.decisionId === undefined || wanted.cycle === undefined) return {};
  return { decisionId: wanted.decisionId, cycle: wanted.cycle };
}

/**
 * Closes now, or as soon as the pump before it is off; the run is recorded when the valve has answered.
 */
export function beginClosing(
  zone: ZoneState,
  turn: Turn,
  ending: Ending & { readonly lock?: Reason; readonly loss?: Loss },
): ZoneState {
  const { run, openedAt, outcome, proof, lock = null, loss = null } = ending;
  const { now } = turn;
  const isHeld = 'lease' in zone.phase && !mayClose(turn.supply, now);
  const commandId = isHeld ? null : sendClose(turn);
  const leaseFarmMs = 'lease' in zone.phase ? zone.phase.lease.endsFarmMs : now.farmMs;
  const ended = { run, openedAt, outcome, proof, lock, loss, leaseFarmMs };
  const attempts = isHeld ? 0 : 1;
  return {
    ...zone,
    phase: { name: 'closing', ...ended, commandId, claim: null, since: now, sentAt: now, attempts },
  };
}

export function beginUnknown(zone: ZoneState, turn: Turn): ZoneState {
  const commandId = sendClose(turn);
  const { now } = turn;
  const leaseFarmMs = now.farmMs + turn.layout.maxRunSeconds * 1000;
  return {
    ...zone,
    decision: reasonOf('valve_unconfirmed'),
    phase: { name: 'unknown', since: now, sentAt: now, attempts: 1, commandId, leaseFarmMs, claim: null },
  };
}

export function lock(zone: ZoneState, turn: Turn, reason: Reason): ZoneState {
  sendClose(turn);
  return {
    ...zone,
    decision: reasonOf('zone_locked', { cause: reason.key }),
    phase: { name: 'locked', reason, since: turn.now, sentAt: turn.now, attempts: 1 },
  };
}

/** A hydraulic fault: alarm, close, lock. Never retried. */
export function fault(zone: ZoneState, turn: Turn, reason: Reason): ZoneState {
  turn.actions.push({ kind: 'raise_alarm', zone: zone.id, severity: 'critical', reason });
  return lock(zone, turn, reason);
}

/**
 * The valve says that it is closed. Its run is recorded when its meter has said so too: what drains through it is the run's, and
 * what goes on is a leak. Without a meter, or where nothing was opened, there is nothing to wait for.
 */
export function endRun(zone: ZoneState, turn: Turn, ending: Ending, flow: number | null): ZoneState {
  const { run, openedAt, outcome, proof } = ending;
  const isDry = flow !== null && isNoise(flow, turn);
  const ended = { run, openedAt, outcome, proof };
  const closed: ZoneState = { ...zone, phase: { name: 'leak_testing', ...ended, closedAt: turn.now } };
  return isUnmetered(turn) || openedAt === null || isDry ? recordRun(closed, turn, ended) : closed;
}

/** Journals the run and leaves the zone idle. How long it was is known when somebody has seen its valve close. */
export function recordRun(zone: ZoneState, turn: Turn, ended: Ending, isSeen = true): ZoneState {
  const { run, openedAt, outcome, proof } = ended;
  const from = openedAt ?? run.decided;
  const until = zone.phase.name === 'leak_testing' ? zone.phase.closedAt : turn.now;
  const heard = zone.valve?.totalSeen ?? null;
  // What a meter said that fell silent long before the end is not what ran.
  const isHeard = heard !== null && !elapsed(heard, until, meterSilenceOf(turn));
  const litres = isHeard && !turn.layout.isUnmetered ? talliedLitres(run) : null;
  if (litres !== null) turn.actions.push({ kind: 'clear_alarm', zone: zone.id, key: 'meter_jumped' });
  const record: RunRecord = {
    kind: 'run',
    runId: run.runId,
    zone: zone.id,
    valve: turn.layout.valve,
    startedAtMs: from.atMs,
    // Not the clock's present time: UTC may have been set in between, the monotonic clock has not.
    endedAtMs: from.atMs + Math.round(until.realMs - from.realMs),
    plannedSeconds: run.plannedSeconds,
    actualSeconds: actualSeconds(openedAt, until, isSeen),
    plannedLitres: run.wanted?.litres ?? plannedLitres(turn.layout, run.plannedSeconds),
    measuredLitres: litres,
    soilMoistureBefore: run.moistureBefore,
    soilMoistureAfter: zone.moisture?.value ?? null,
    outcome,
    ...(proof === null ? {} : { proof }),
    ...cycleOf(run.wanted),
    reason: run.reason,
  };
  turn.actions.push({ kind: 'journal_run', record });
  return { ...zone, phase: { name: 'idle' }, lastEndedRealMs: until.realMs };
}

function actualSeconds(openedAt: Instant | null, until: Instant, isSeen: boolean): number | null {
  if (openedAt === null) return 0;
  return isSeen ? Math.round((until.farmMs - openedAt.farmMs) / 1000) : null;
}

/** Records a run that a restart cut off, with what the meter's counter tells when it was asked in time. */
export function recordInterrupted<Z extends ZoneState>(zone: Z, turn: Turn): Z {
  if (zone.interrupted === null) return zone;
  const { intent, since } = zone.interrupted;
  const before = intent.reason.figures.meterLitres;
  const counted = measuredLitres(zone, typeof before === 'number' ? before : null, since);
  // More than it can have been given: the counter has jumped, or others have drawn through it.
  const isItsOwn = counted !== null && counted <= mostLitres(intent.durationSeconds, 0, turn);
  const litres = isItsOwn ? counted : null;
  journalInterrupted(intent, turn, litres, zone.moisture?.value ?? null);
  return { ...zone, interrupted: null };
}

/** Journals a run that a restart cut off; a wet test that was is void. */
export function journalInterrupted(
  intent: IntentRecord,
  turn: Turn,
  litres: number | null,
  moistureAfter: number | null,
): void {
  const record = interruptedRecord(intent, turn, litres, moistureAfter);
  turn.actions.push({ kind: 'journal_run', record });
  if (intent.reason.key !== 'wet_test') return;
  const { startedBy } = intent.reason.figures;
  const unseen = {
    ...{ openedAfterSeconds: null, closedAfterSeconds: null, dryAfterSeconds: null },
    ...{ litres, flowLitresPerMinute: null, findings: [] },
  };
  turn.actions.push({
    kind: 'journal_wet_test',
    record: {
      ...{ kind: 'wet_test', testId: intent.runId, zone: intent.zone, valve: intent.valve, outcome: 'void' },
      ...{ atMs: record.startedAtMs, endedAtMs: record.endedAtMs, ...turn.layout.test, ...unseen },
      nominalLitresPerMinute: turn.layout.nominalFlowLitresPerMinute,
      recordedBy: typeof startedBy === 'string' ? startedBy : '',
    },
  });
}

function interruptedRecord(
  intent: IntentRecord,
  turn: Pick<Turn, 'config' | 'layout' | 'now'>,
  litres: number | null,
  moistureAfter: number | null,
): RunRecord {
  const leaseRealMs = (intent.durationSeconds * 1000) / turn.config.speed;
  const endedAtMs = Math.max(intent.atMs, Math.min(turn.now.atMs, Math.round(intent.atMs + leaseRealMs)));
  const before = intent.reason.figures.soilMoisture;
  return {
    kind: 'run',
    runId: intent.runId,
    zone: intent.zone,
    valve: intent.valve,
    startedAtMs: intent.atMs,
    endedAtMs,
    plannedSeconds: intent.durationSeconds,
    // When the valve closed nobody has seen.
    actualSeconds: null,
    plannedLitres: plannedLitres(turn.layout, intent.durationSeconds),
    measuredLitres: litres,
    soilMoistureBefore: typeof before === 'number' ? before : null,
    soilMoistureAfter: moistureAfter,
    outcome: 'interrupted',
    ...cycleOf(intent),
    reason: intent.reason,
  };
}

function lastingTotal({ valve }: ZoneState): number | null {
  return valve === null || valve.totalSinceStart ? null : valve.totalLitres;
}

function plannedLitres(layout: ControlledZone, seconds: number): number {
  return Math.round((layout.nominalFlowLitresPerMinute * seconds) / 6) / 10;
}

function talliedLitres({ tally }: Run): number | null {
  return tally?.isTold ? Math.round((tally.highest - tally.before) * 10) / 10 : null;
}

/** Difference of the meter's counter since `from`; null when it said nothing since, or began anew. */
function measuredLitres(zone: ZoneState, before: number | null, from: Instant): number | null {
  const { valve } = zone;
  if (before === null || valve === null || valve.totalLitres === null) return null;
  if (valve.seen.realMs < from.realMs) return null;
  const litres = valve.totalLitres - before;
  return litres < 0 ? null : Math.round(litres * 10) / 10;
}

type Request = { readonly requestId: string };

export function refuse(zone: ZoneState, { requestId }: Request, turn: Turn, reason: Reason): ZoneState {
  turn.actions.push({ kind: 'answer', requestId, accepted: false, reason });
  return zone;
}

export function accept(zone: ZoneState, { requestId }: Request, turn: Turn, reason: Reason): ZoneState {
  turn.actions.push({ kind: 'answer', requestId, accepted: true, reason });
  return zone;
}
