import { reasonOf } from '../reason.ts';
import { elapsed, type Instant } from '../time.ts';
import type { SourceTurn } from './part.ts';
import type { ControlledSource, Demand, Failure, SourceState } from './state.ts';

/** What a source has to say for itself since a zone behind it has lost its water. Older words prove nothing. */
const isAfter = (seen: Instant | undefined | null, at: Instant) => seen != null && seen.realMs > at.realMs;

/** Pump and master valve have spoken. */
export function isHeardSince(at: Instant, { pump, masterValve }: SourceState): boolean {
  return [pump, masterValve].every((part) => part === null || isAfter(part.seen, at));
}

/** It delivered, and had the pressure that it must have at least. */
export function isPressedSince(
  at: Instant,
  { delivered }: SourceState,
  { pressure }: Pick<ControlledSource, 'pressure'>,
): boolean {
  return (
    pressure !== null && isAfter(delivered?.seen, at) && (delivered?.value ?? 0) >= pressure.minKilopascals
  );
}

export function isFilledSince(
  at: Instant,
  { level }: SourceState,
  { tank }: Pick<ControlledSource, 'tank'>,
): boolean {
  return tank !== null && isAfter(level?.seen, at) && (level?.value ?? 0) > tank.stopPercent;
}

/** What follows for a source from the water that zones behind it have lost. */
type Accusation =
  /** Its pump or master valve has not been heard of since: nobody knows whether it gives water. */
  | { readonly kind: 'silent'; readonly failure: Failure }
  /** Several zones have lost it together. */
  | { readonly kind: 'suspected'; readonly failure: Failure }
  | null;

export function accusationOf(source: SourceState, { losses }: Demand, turn: SourceTurn): Accusation {
  const { now, limits, config } = turn;
  const [first, ...others] = losses;
  if (first === undefined || source.stage === 'locked') return null;
  if (others.length > 0 && !losses.some(({ at }) => isPressedSince(at, source, config))) {
    const zones = losses.map(({ zone }) => zone).join(', ');
    const reason = reasonOf('source_no_flow', { source: source.id, zones });
    return { kind: 'suspected', failure: { outcome: 'interrupted', reason } };
  }
  const isSilent = losses.some(({ at }) => elapsed(at, now, limits.silence) && !isHeardSince(at, source));
  if (!isSilent) return null;
  const reason = reasonOf('source_unheard', { source: source.id });
  return { kind: 'silent', failure: { outcome: 'interrupted', reason } };
}

/**
 * How a suspicion ends: with a pump that had stopped by itself or cannot be heard, which is no fault of the pipes, or with a source
 * that a person has to look at. Null: not yet. A tank that is found to be empty explains it too, before anybody asks here.
 */
export function outcomeOfDoubt(
  source: SourceState,
  turn: SourceTurn,
): 'stopped' | 'silent' | 'guilty' | null {
  const { suspicion } = source;
  const { now, limits, config } = turn;
  if (suspicion === null) return null;
  const { since, stopped } = suspicion;
  if (stopped !== null) return 'stopped';
  if (!isHeardSince(since, source)) return elapsed(since, now, limits.silence) ? 'silent' : null;
  const isKnown = config.tank === null || isFilledSince(since, source, config);
  return isKnown || elapsed(since, now, limits.vouching) ? 'guilty' : null;
}
