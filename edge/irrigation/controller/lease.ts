import { elapsed } from '../time.ts';
import type { ControlledZone } from './config.ts';
import { answerOf, sendRenewal, type Turn } from './turn.ts';
import type { Flowing, Lease, Run, ValveReport, ZoneIn } from './types.ts';

/**
 * An opening lasts `leaseSeconds` at most. A longer run begins a new one when half of it is left, and only while the valve says
 * that it is open and its water is what it should be; so a gateway that dies leaves it open no longer. A valve that has closed
 * because no renewal reached it is not opened again.
 */
type Open = ZoneIn<'proving' | 'running'>;

/** One opening does not reach to its end. */
function isLong({ plannedSeconds }: Run, { tailSeconds, leaseSeconds }: ControlledZone): boolean {
  return plannedSeconds + tailSeconds > leaseSeconds;
}

/** Farm time at which the run's time is over. A renewed run is limited from its first opening on. */
export function plannedEndFarmMs({ run, openedAt, lease }: Flowing, { layout }: Turn): number {
  const planned = openedAt.farmMs + run.plannedSeconds * 1000;
  const isLimited = layout.tailSeconds > 0 || lease.openings > 1 || isLong(run, layout);
  const limitSeconds = layout.maxRunSeconds - layout.tailSeconds;
  return isLimited ? Math.min(planned, lease.firstSentAt.farmMs + limitSeconds * 1000) : planned;
}

/**
 * Farm time from which on a closed valve has given the run its time: it began when the valve heard us, of which its word may come
 * late. Renewals are of whole seconds.
 */
export function endsEarliestFarmMs(phase: Flowing, turn: Turn): number {
  const { lease, run } = phase;
  if (lease.openings > 1 || isLong(run, turn.layout)) return plannedEndFarmMs(phase, turn) - 1000;
  return lease.firstSentAt.farmMs + run.plannedSeconds * 1000;
}

/** Farm time at which the valve has closed by itself, whatever it has heard of us. */
export function endsAtLatestFarmMs(phase: Flowing, turn: Turn): number {
  return phase.lease.renewal?.endsFarmMs ?? closesByItselfFarmMs(phase, turn);
}

/** Farm time at which the valve closes by itself, unless it has heard a renewal of which nobody knows. */
export function closesByItselfFarmMs({ run, openedAt, lease }: Flowing, { layout }: Turn): number {
  if (lease.openings > 1) return lease.endsFarmMs;
  return openedAt.farmMs + Math.min(run.plannedSeconds + layout.tailSeconds, layout.leaseSeconds) * 1000;
}

/** Whether the opening that this valve has heard last reaches to the run's planned end. */
export function coversEnd(phase: Flowing, commandId: string | undefined, turn: Turn): boolean {
  const { lease, run } = phase;
  if (lease.openings === 1 && lease.renewal === null) return !isLong(run, turn.layout);
  const isRenewal = lease.renewal !== null && commandId === lease.renewal.commandId;
  const endsFarmMs = isRenewal ? lease.renewal.endsFarmMs : lease.endsFarmMs;
  return endsFarmMs >= plannedEndFarmMs(phase, turn) - 1000;
}

/** After a word of the open valve: one of ours names the opening that it has heard, others speak after it. */
export function confirmed<Z extends Open>(zone: Z, report: ValveReport, turn: Turn): Z {
  const { lease } = zone.phase;
  const { renewal } = lease;
  if (renewal === null) return zone;
  const isHeard = turn.layout.foreign
    ? turn.now.realMs > renewal.sentAt.realMs
    : report.commandId === renewal.commandId;
  if (!isHeard) return zone;
  const { firstSentAt: sentAt, endsFarmMs } = renewal;
  const next: Lease = { ...lease, sentAt, endsFarmMs, renewal: null, openings: lease.openings + 1 };
  return { ...zone, phase: { ...zone.phase, lease: next } };
}

/** Renews the lease where that is due; repeats what was not answered. */
export function renewed<Z extends Open>(zone: Z, turn: Turn): Z {
  const { phase, valve } = zone;
  const { lease, run } = phase;
  const { now, layout } = turn;
  const endFarmMs = plannedEndFarmMs(phase, turn) + layout.tailSeconds * 1000;
  const isDue = lease.endsFarmMs - now.farmMs <= layout.leaseSeconds * 500;
  const isShort = endFarmMs > lease.endsFarmMs && isLong(run, layout);
  // Nobody renews what has not been heard of since it was opened, or what is not as it should be.
  const isWell =
    phase.name === 'running' &&
    phase.oddFlow === null &&
    valve?.open === true &&
    valve.seen.realMs >= lease.sentAt.realMs;
  if (!isDue || !isShort || !isWell) return zone;
  if (now.farmMs >= lease.endsFarmMs) return zone;
  const { renewal } = lease;
  if (renewal !== null && !elapsed(renewal.sentAt, now, answerOf(turn))) return zone;
  const commandId = renewal?.commandId ?? `${run.runId}~${lease.openings + 1}`;
  const durationSeconds = Math.min(layout.leaseSeconds, Math.floor((endFarmMs - now.farmMs) / 1000));
  if (!sendRenewal(commandId, durationSeconds, run, turn)) return zone;
  const endsFarmMs = renewal?.endsFarmMs ?? now.farmMs + durationSeconds * 1000;
  const next: Lease = {
    ...lease,
    renewal: { commandId, firstSentAt: renewal?.firstSentAt ?? now, sentAt: now, endsFarmMs },
  };
  return { ...zone, phase: { ...phase, lease: next } };
}
