import type { AlarmRecord } from '@nongtin/broker/wire';

/** What the journal knows of a source. */
export interface PastSource {
  /** How long ago it ran dry, milliseconds; of the last 24 hours. */
  readonly dryStopsAgoMs: readonly number[];
  /** It ran dry, and has not filled up since. */
  readonly isDry: boolean;
}

export const DAY_MS = 86_400_000;
/** Earlier records say by their state alone what has happened. */
const TOLD_BY_STATE = '';

/**
 * Each stop of a dry tank stands in the journal as the alarm that it has raised. A person who has looked, and unlocked the source,
 * has forgiven those before. One that is dated in the future counts as of now: the clock went back, and nobody knows how long ago it was.
 */
export function pastSources(newestFirst: readonly AlarmRecord[], nowMs: number): Map<string, PastSource> {
  const past = new Map<string, { dryStopsAgoMs: number[]; isDry: boolean }>();
  const forgiven = new Set<string>();
  for (const { source, state, reason, atMs, change = TOLD_BY_STATE } of newestFirst) {
    // That somebody has acknowledged it later forgives nothing.
    const isUnlock = change === TOLD_BY_STATE || change === 'cleared';
    if (reason.key === 'source_dry_too_often' && state === 'cleared' && isUnlock) forgiven.add(source);
    if (reason.key !== 'tank_low' || forgiven.has(source)) continue;
    const known = past.get(source) ?? { dryStopsAgoMs: [], isDry: state !== 'cleared' };
    past.set(source, known);
    const agoMs = Math.max(0, nowMs - atMs);
    const isStop = change === TOLD_BY_STATE || change === 'raised' || change === 'chattering';
    if (state === 'active' && isStop && agoMs < DAY_MS) known.dryStopsAgoMs.push(agoMs);
  }
  return past;
}
