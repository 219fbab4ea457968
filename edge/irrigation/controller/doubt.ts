import { lockOf, verdictOn } from './blame.ts';
import { keepClosed } from './resting.ts';
import { beginUnknown, fault, type Turn } from './turn.ts';
import type { EventOf, ZoneIn, ZoneState } from './types.ts';

/** What becomes of a closed zone that has lost its water: it is locked, or let go because its source has failed. */
export function judgeLoss(zone: ZoneIn<'in_doubt'>, _event: unknown, turn: Turn): ZoneState {
  const { loss } = zone.phase;
  const verdict = verdictOn(loss, turn);
  return verdict === null ? keepClosed(zone, turn) : fault(zone, turn, lockOf(loss, verdict, turn));
}

export function acquitOrJudge(
  zone: ZoneIn<'in_doubt'>,
  { failure }: EventOf<'supply'>,
  turn: Turn,
): ZoneState {
  if (failure === null) return judgeLoss(zone, undefined, turn);
  if (zone.valve?.open !== false) return beginUnknown(zone, turn);
  return { ...zone, decision: failure.reason, phase: { name: 'idle' } };
}
