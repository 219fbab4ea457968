import {
  type CommandOutcome,
  type CommandStep,
  longestExpiryMs,
  type Reason,
  type RemoteCommand,
  type RunRecord,
  type Settings,
  type Water,
  type ZoneSettingsRecord,
} from '@nongtin/broker/wire';
import type { Changed } from '../irrigation/settings.ts';

/**
 * The life of one command, values in, values out; remote.ts carries out what it asks for and tells it what came of that.
 *
 *   received ─► recording ── on the disk ──► judged ──► acting ── the controller does it ──► watering ─► over
 *                                               └─ too late, no certain time ─► over   └─ refused, done ─► over
 *
 * A command that is kept is never acted upon again, whatever stage it is in and however it comes back.
 */
export interface Kept {
  readonly command: RemoteCommand;
  readonly stage: 'recording' | 'acting' | 'watering' | 'over';
  /** What was told last. */
  readonly told: CommandOutcome | null;
  /** Runs whose end it waits for. */
  readonly runs: readonly string[];
  /** What those that are over gave. */
  readonly water: Water | null;
}

export interface Moment {
  readonly utcMs: number;
  readonly monotonicMs: number;
  /** Whether UTC is certain. */
  readonly isTrusted: boolean;
}

export type Happening =
  /** It has come, for the first time or again. */
  | { readonly kind: 'received' }
  /** Its record is on the disk. */
  | { readonly kind: 'durable' }
  /** Its record takes long: a closing does not wait for a disk. */
  | { readonly kind: 'overdue' }
  /** The controller's word, and the runs that began or end by it. */
  | {
      readonly kind: 'answered';
      readonly isAccepted: boolean;
      readonly reason: Reason;
      readonly runs: readonly string[];
    }
  | { readonly kind: 'changed'; readonly result: Changed }
  /** Water flows in this run, as the meter says. */
  | { readonly kind: 'flowing'; readonly flowLitresPerMinute: number }
  | { readonly kind: 'run'; readonly record: RunRecord };

export type Action =
  | { readonly kind: 'journal' }
  | {
      readonly kind: 'open';
      readonly zone: string;
      readonly durationSeconds: number;
      /** Its expiry on the clock that does not jump. */
      readonly openBeforeRealMs: number;
    }
  /** Without a zone: all of them. */
  | { readonly kind: 'stop'; readonly zone?: string }
  | { readonly kind: 'change'; readonly zone: string; readonly wish: Partial<Settings> }
  | { readonly kind: 'tell'; readonly outcome: CommandOutcome; readonly isNew: boolean };

export interface Next {
  readonly kept: Kept;
  readonly actions: readonly Action[];
}

/** What is said last of a command. */
const LAST_WORDS: readonly CommandStep[] = ['finished', 'refused', 'expired', 'interrupted'];
/** How far two trusted clocks may be apart. */
const CLOCKS_APART_MS = 2 * 60_000;

/** A command that has come for the first time. */
export function begin(command: RemoteCommand): Next {
  const kept: Kept = { command, stage: 'recording', told: null, runs: [], water: null };
  return { kept, actions: [{ kind: 'journal' }] };
}

/** What is kept of a command whose record was read back: a last word is the last word. */
export function keptFrom(command: RemoteCommand, told: CommandOutcome | null): Kept {
  return { command, stage: isLastWord(told) ? 'over' : 'acting', told, runs: [], water: null };
}

export function next(kept: Kept, happening: Happening, moment: Moment): Next {
  switch (happening.kind) {
    case 'received':
      return again(kept);
    case 'durable':
      return kept.stage === 'recording' ? act(kept, moment) : { kept, actions: [] };
    case 'overdue':
      return kept.stage === 'recording' && isStop(kept.command) ? act(kept, moment) : { kept, actions: [] };
    case 'answered':
      return kept.stage === 'acting' ? onAnswer(kept, happening, moment) : { kept, actions: [] };
    case 'changed':
      return kept.stage === 'acting' ? onChange(kept, happening.result, moment) : { kept, actions: [] };
    case 'flowing':
      return onFlow(kept, happening.flowLitresPerMinute, moment);
    case 'run':
      return onRun(kept, happening.record, moment);
  }
}

/** What the journal knows of a command that a restart has cut off. */
export interface Found {
  readonly change: ZoneSettingsRecord | undefined;
  readonly run: RunRecord | undefined;
  /** An opening without a run record: the controller will write it, with what the meter tells. */
  readonly openRun: string | undefined;
}

/** After a restart: what was done is told, what was not is never done. The start has closed every valve. */
export function recover(kept: Kept, { change, run, openRun }: Found, moment: Moment): Next {
  if (kept.stage === 'over') return { kept, actions: [] };
  if (change) {
    const { before, after } = change;
    return over(kept, moment, 'finished', { before, after });
  }
  if (run) return onRun({ ...kept, stage: 'watering', runs: [run.runId] }, run, moment);
  if (openRun !== undefined) return { kept: { ...kept, stage: 'watering', runs: [openRun] }, actions: [] };
  return over(kept, moment, 'interrupted', { reason: reasonOf('gateway_restarted') });
}

function again(kept: Kept): Next {
  return { kept, actions: kept.told ? [{ kind: 'tell', outcome: kept.told, isNew: false }] : [] };
}

/** The moment of acting: only now does it count what time it is. */
function act(kept: Kept, moment: Moment): Next {
  const obstacle = obstacleTo(kept.command, moment);
  if (obstacle) return over(kept, moment, obstacle.step, { reason: obstacle.reason });
  return { kept: { ...kept, stage: 'acting' }, actions: [actionOf(kept.command, moment)] };
}

/**
 * A closing is harmless whatever the time is, so one that cannot be dated is done; one that is known to be too late is not,
 * as with everything else, for by then a person may have opened again.
 */
function obstacleTo(
  command: RemoteCommand,
  { utcMs, isTrusted }: Moment,
): { step: 'refused' | 'expired'; reason: Reason } | undefined {
  if (!isTrusted)
    return isStop(command) ? undefined : { step: 'refused', reason: reasonOf('clock_uncertain') };
  const leftMs = command.expiresAtMs - utcMs;
  if (leftMs <= 0)
    return {
      step: 'expired',
      reason: reasonOf('command_expired', { lateSeconds: Math.round(-leftMs / 1000) }),
    };
  const longestMs = longestExpiryMs[command.kind];
  if (leftMs > longestMs + CLOCKS_APART_MS)
    return { step: 'refused', reason: reasonOf('expiry_too_far', { longestSeconds: longestMs / 1000 }) };
  return undefined;
}

function actionOf(command: RemoteCommand, { utcMs, monotonicMs }: Moment): Action {
  switch (command.kind) {
    case 'start_zone': {
      const { zone, durationSeconds, expiresAtMs } = command;
      return { kind: 'open', zone, durationSeconds, openBeforeRealMs: monotonicMs + expiresAtMs - utcMs };
    }
    case 'stop_zone':
      return { kind: 'stop', zone: command.zone };
    case 'stop_all':
      return { kind: 'stop' };
    case 'set_limit':
      return { kind: 'change', zone: command.zone, wish: { maxRunSeconds: command.maxRunSeconds } };
    case 'change_program': {
      const { zone, openBelowFraction, targetFraction, runSeconds } = command;
      return { kind: 'change', zone, wish: { openBelowFraction, targetFraction, runSeconds } };
    }
  }
}

function onAnswer(kept: Kept, answer: Extract<Happening, { kind: 'answered' }>, moment: Moment): Next {
  const { isAccepted, reason, runs } = answer;
  if (!isAccepted) return over(kept, moment, 'refused', { reason });
  // A stop where nothing ran is over when the closing is sent.
  if (runs.length === 0) return over(kept, moment, 'finished', { reason });
  return tell({ ...kept, stage: 'watering', runs }, moment, 'accepted', { reason });
}

function onChange(kept: Kept, result: Changed, moment: Moment): Next {
  if (result.changed) {
    const { before, after } = result;
    return over(kept, moment, 'finished', { before, after });
  }
  const { reason } = result;
  return over(kept, moment, reason.key === 'command_expired' ? 'expired' : 'refused', { reason });
}

function onFlow(kept: Kept, flowLitresPerMinute: number, moment: Moment): Next {
  const isDue = kept.command.kind === 'start_zone' && kept.told?.step === 'accepted';
  return isDue ? tell(kept, moment, 'started', { flowLitresPerMinute }) : { kept, actions: [] };
}

function onRun(kept: Kept, record: RunRecord, moment: Moment): Next {
  if (!kept.runs.includes(record.runId)) return { kept, actions: [] };
  const runs = kept.runs.filter((runId) => runId !== record.runId);
  const water = waterWith(kept.water, record);
  if (runs.length > 0) return { kept: { ...kept, runs, water }, actions: [] };
  const step = kept.command.kind === 'start_zone' ? stepOf(record.outcome) : 'finished';
  return over({ ...kept, runs, water }, moment, step, { water });
}

function stepOf(outcome: RunRecord['outcome']): CommandStep {
  return outcome === 'interrupted' || outcome === 'expired' ? outcome : 'finished';
}

function waterWith(before: Water | null, run: RunRecord): Water {
  const { runs, plannedLitres, measuredLitres, actualSeconds } = before ?? {
    ...{ runs: 0, plannedLitres: 0, measuredLitres: 0, actualSeconds: 0 },
  };
  return {
    runs: runs + 1,
    plannedLitres: tenths(plannedLitres + run.plannedLitres),
    measuredLitres: sumOf(measuredLitres, run.measuredLitres),
    actualSeconds: sumOf(actualSeconds, run.actualSeconds),
    ended: run.outcome,
  };
}

function over(kept: Kept, moment: Moment, step: CommandStep, more: Partial<CommandOutcome>): Next {
  return tell({ ...kept, stage: 'over', runs: [] }, moment, step, more);
}

function tell(kept: Kept, { utcMs }: Moment, step: CommandStep, more: Partial<CommandOutcome>): Next {
  const outcome: CommandOutcome = { commandId: kept.command.id, step, atMs: Math.trunc(utcMs), ...more };
  return { kept: { ...kept, told: outcome }, actions: [{ kind: 'tell', outcome, isNew: true }] };
}

export function isStop({ kind }: Pick<RemoteCommand, 'kind'>): boolean {
  return kind === 'stop_zone' || kind === 'stop_all';
}

export function isLastWord(outcome: CommandOutcome | null): boolean {
  return outcome !== null && LAST_WORDS.includes(outcome.step);
}

export function reasonOf(key: string, figures: Reason['figures'] = {}): Reason {
  return { key, figures };
}

/** Unknown as soon as one is. */
function sumOf(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : tenths(one + other);
}

function tenths(litres: number): number {
  return Math.round(litres * 10) / 10;
}
