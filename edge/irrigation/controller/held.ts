import type { Instant } from '../time.ts';
import type { ControlledZone, ControllerConfig } from './config.ts';
import { mayClose } from './supply.ts';
import { beginUnknown, type Turn } from './turn.ts';
import type { IntentRecord, ZoneIn, ZoneState } from './types.ts';

/**
 * After a start a pump may run on for as long as an earlier start has let it. It does so behind the valves of the runs that were cut
 * off, whose own leases end after the pump's; so these are left to themselves until the pump is off.
 */

/** Farm time at which the run that a restart has cut off is over and its valve has closed by itself; null: there is none. */
export function cutOffUntilFarmMs(
  { id, tailSeconds, maxRunSeconds }: ControlledZone,
  interrupted: readonly IntentRecord[],
  { speed, intentMaxAgeRealSeconds }: ControllerConfig,
  now: Instant,
): number | null {
  const latest = interrupted.findLast(({ zone }) => zone === id);
  if (latest === undefined) return null;
  const longestSeconds = Math.min(latest.durationSeconds + tailSeconds, maxRunSeconds);
  // The opening was sent later than its intent was written. A clock that went back makes it one of now.
  const passedSeconds = (Math.max(0, now.atMs - latest.atMs) / 1000 - intentMaxAgeRealSeconds) * speed;
  const leftSeconds = Math.min(longestSeconds, longestSeconds - passedSeconds);
  return leftSeconds > 0 ? now.farmMs + leftSeconds * 1000 : null;
}

/** Null: it has to be closed at once. */
export function beginHeld(
  zone: ZoneState,
  interrupted: readonly IntentRecord[],
  turn: Turn,
): ZoneIn<'unknown'> | null {
  const { now, layout, config } = turn;
  const leaseFarmMs = cutOffUntilFarmMs(layout, interrupted, config, now);
  if (leaseFarmMs === null || isFree(turn)) return null;
  const sent = { since: now, sentAt: now, attempts: 0, commandId: '', claim: null };
  return { ...zone, phase: { name: 'unknown', ...sent, leaseFarmMs } };
}

/** It is not told to close yet. */
export function isHeld({ phase }: ZoneIn<'unknown'>): boolean {
  return phase.attempts === 0;
}

/** Closed when the pump is off, or nothing is left of the run. */
export function closeHeld(zone: ZoneIn<'unknown'>, turn: Turn): ZoneState {
  const { now } = turn;
  if (now.farmMs < zone.phase.leaseFarmMs && !isFree(turn)) return zone;
  const interrupted = zone.interrupted && { ...zone.interrupted, since: now };
  return beginUnknown({ ...zone, interrupted }, turn);
}

/** A locked source is a fault, and for one the water is shut off at once. */
function isFree({ supply, now }: Turn): boolean {
  return supply?.state.stage === 'locked' || mayClose(supply, now);
}
