import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../reason.ts';
import { claimAfter, elapsed, type Instant } from '../time.ts';
import type {
  ControlledSource,
  PartName,
  PartState,
  SourceAction,
  SourceLimits,
  SourceState,
  Stage,
} from './state.ts';

/** What one step of one source works with. */
export interface SourceTurn {
  readonly config: ControlledSource;
  readonly limits: SourceLimits;
  readonly speed: number;
  readonly now: Instant;
  readonly actions: SourceAction[];
  readonly nextId: () => string;
}

/** Tells it to stop or to close; again as often as one likes. */
export function tellOff(source: SourceState, name: PartName, turn: SourceTurn): SourceState {
  const part = source[name];
  if (part === null) return source;
  const { now } = turn;
  const isAgain = part.told === 'off' && part.attempts > 0;
  const attempts = isAgain ? part.attempts + 1 : 1;
  const commandId = isAgain ? part.commandId : turn.nextId();
  // Under an id of its own: what takes an id once would take no second closing.
  const id = attempts === 1 ? commandId : `${commandId}~${attempts}`;
  const command = { id, action: 'close' } as const;
  turn.actions.push({ kind: 'part_command', source: source.id, part: name, command });
  const since = isAgain ? part.since : now;
  const told = { told: 'off', sentAt: now, commandId, since, attempts, isConfirmed: false } as const;
  return {
    ...source,
    [name]: { ...part, ...told, isDefiant: isAgain && part.isDefiant, claim: isAgain ? part.claim : null },
  };
}

/**
 * What it is told so that it ends at this farm time, seconds. Its timer may have a coarse unit: a pump ends before, for the valves behind
 * it do not wait; a valve ends after.
 */
export function tellableSeconds(name: PartName, untilFarmMs: number, { config, now }: SourceTurn): number {
  const { stepSeconds = 1, longestSeconds = 0 } = config[name] ?? {};
  const steps = (untilFarmMs - now.farmMs) / 1000 / stepSeconds;
  const longestSteps = Math.floor(longestSeconds / stepSeconds);
  const whole = name === 'pump' || stepSeconds === 1 ? Math.floor(steps) : Math.ceil(steps);
  return Math.min(whole, longestSteps) * stepSeconds;
}

/** Lets it run until this farm time; sent anew, it runs until then and no longer. Unchanged when too little time is left. */
export function tellOn(
  source: SourceState,
  name: PartName,
  untilFarmMs: number,
  turn: SourceTurn,
): SourceState {
  const part = source[name];
  const durationSeconds = tellableSeconds(name, untilFarmMs, turn);
  if (part === null || durationSeconds < 1) return source;
  const { now } = turn;
  const isAgain = part.told === 'on' && part.isOn !== true;
  const commandId = isAgain ? part.commandId : turn.nextId();
  const command = { id: commandId, action: 'open', durationSeconds } as const;
  turn.actions.push({ kind: 'part_command', source: source.id, part: name, command });
  const leaseFarmMs = now.farmMs + durationSeconds * 1000;
  const offByFarmMs = Math.max(part.offByFarmMs, leaseFarmMs + marginMs(turn));
  const since = isAgain ? part.since : now;
  const attempts = isAgain ? part.attempts + 1 : 1;
  const told = { told: 'on', sentAt: now, commandId, leaseFarmMs, offByFarmMs } as const;
  return {
    ...source,
    [name]: { ...part, ...told, since, attempts, isConfirmed: false, isDefiant: false, claim: null },
  };
}

/** After a word of it. One that names a command names the latest that it has heard. */
export function heard(
  part: PartState,
  isOn: boolean,
  commandId: string | undefined,
  turn: SourceTurn,
): PartState {
  const { now } = turn;
  const isLatest = now.realMs > part.sentAt.realMs && isOurs(part, commandId);
  const told = {
    ...part,
    isOn,
    seen: now,
    turnedAt: part.isOn === isOn ? part.turnedAt : now,
    isNamed: commandId !== undefined,
    claim: part.told === 'off' && isOn ? claimAfter(part.claim, now, turn.limits.lateness) : null,
    isDefiant: part.told === 'off' && isOn && commandId !== undefined && isOurs(part, commandId),
  };
  if (!isLatest || isOn !== (part.told === 'on')) return told;
  if (isOn) return { ...told, isConfirmed: true, offByFarmMs: part.leaseFarmMs + marginMs(turn) };
  if (!isSaidSince(part, commandId, turn)) return told;
  return { ...told, isConfirmed: true, offByFarmMs: Math.min(part.offByFarmMs, now.farmMs) };
}

/**
 * Whether "off" was said after it had heard its last opening, or after that was lost. A late word from before, which names no command,
 * says nothing of an opening that is still on its way.
 */
function isSaidSince(part: PartState, commandId: string | undefined, { now, limits }: SourceTurn): boolean {
  return commandId !== undefined || part.isOn === true || elapsed(part.since, now, limits.lateness);
}

/**
 * It says that it is on although it was told to be off. One that names a command has heard ours; what names none may speak late, and
 * what has not heard us is only silent until its own time is over.
 */
export function doesNotStop(part: PartState, { limits, now, speed }: SourceTurn): boolean {
  if (part.isOn !== true || part.seen === null) return false;
  if (part.isDefiant) return true;
  const lateMs = limits.lateness.realSeconds * speed * 1000;
  const { claim } = part;
  if (claim === null || part.sentAt.realMs <= claim.since.realMs) return false;
  return (
    elapsed(claim.since, now, limits.lateness) &&
    (!part.isNamed || part.seen.farmMs >= part.offByFarmMs + lateMs)
  );
}

/** After the latest command, as far as its word tells. */
export function isOurs(part: PartState, commandId: string | undefined): boolean {
  return (
    commandId === undefined || commandId === part.commandId || commandId.startsWith(`${part.commandId}~`)
  );
}

/** Why water has ended where what gave it has gone off by itself. */
export function stoppedReason(source: SourceState, name: PartName): Reason {
  return reasonOf(name === 'pump' ? 'pump_stopped' : 'master_closed', { source: source.id });
}

/** Whether it is off for certain: it has said so since it was told, or its time is over whatever it has heard. */
export function isSurelyOff(part: PartState | null, now: Instant): boolean {
  if (part === null) return true;
  const isOnSince = part.isOn === true && part.seen !== null && part.seen.farmMs >= part.offByFarmMs;
  return now.farmMs >= part.offByFarmMs && !isOnSince;
}

export function isUnanswered(part: PartState, { limits, now }: SourceTurn): boolean {
  return elapsed(part.sentAt, now, limits.answer);
}

/** Messages take real time, so in time-lapse the margin grows with the speed. */
export function marginMs({ limits, speed }: Pick<SourceTurn, 'limits' | 'speed'>): number {
  return Math.max(limits.margin.farmSeconds, limits.margin.realSeconds * speed) * 1000;
}

export function alarm(
  source: SourceState,
  severity: 'critical' | 'high' | 'low',
  reason: Reason,
  turn: SourceTurn,
): void {
  turn.actions.push({ kind: 'raise_alarm', zone: source.id, severity, reason });
}

export function clear(source: SourceState, key: string, turn: SourceTurn): void {
  turn.actions.push({ kind: 'clear_alarm', zone: source.id, key });
}

export function at(source: SourceState, stage: Stage, turn: SourceTurn): SourceState {
  return { ...source, stage, since: turn.now };
}

/** The pump first. What flushes the filter closes by itself, and is told only where it may be open. */
export function tellAllOff(source: SourceState, turn: SourceTurn): SourceState {
  const off = tellOff(tellOff(source, 'pump', turn), 'masterValve', turn);
  return isSurelyOff(source.flushValve, turn.now) ? off : tellOff(off, 'flushValve', turn);
}

export function stoppedAtOnce(source: SourceState, stage: Stage, turn: SourceTurn): SourceState {
  return at(tellAllOff(source, turn), stage, turn);
}

export function locked(source: SourceState, reason: Reason, turn: SourceTurn): SourceState {
  alarm(source, 'critical', reason, turn);
  return { ...stoppedAtOnce(source, 'locked', turn), lock: reason, suspicion: null };
}
