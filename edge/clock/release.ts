import type { Boot } from './boots.ts';

/** What a person asked of the clock cannot be; the message says why and what to do. */
export class ClockProblem extends Error {
  readonly isUnknown: boolean;

  constructor(message: string, isUnknown = false) {
    super(message);
    this.isUnknown = isUnknown;
  }
}

/** Between which moments (UTC) a boot can have begun. */
export interface Bounds {
  readonly earliestStartMs: number;
  /** Undefined: nobody knows yet what time it is now. */
  readonly latestStartMs: number | undefined;
}

/** A person's watch, and a start that took a while. */
const SLACK_MS = 5 * 60_000;

/** It began after the newest time known by then, and had run for so long before the machine was next switched on. */
export function boundsOf(boot: Boot, ranForMs: number, nowMs: number | undefined): Bounds {
  const endedByMs = boot.notAfterMs ?? nowMs;
  return {
    earliestStartMs: boot.notBeforeMs,
    latestStartMs: endedByMs === undefined ? undefined : Math.max(boot.notBeforeMs, endedByMs - ranForMs),
  };
}

/** The start that a person gave, or the latest there can be. Throws a ClockProblem. */
export function chosenStart({ earliestStartMs, latestStartMs }: Bounds, startedAtMs?: number): number {
  if (latestStartMs === undefined)
    throw new ClockProblem(
      'Tell the time first (POST /api/clock): nobody knows yet when that boot had ended.',
    );
  if (startedAtMs === undefined) return Math.round(latestStartMs);
  if (startedAtMs >= earliestStartMs - SLACK_MS && startedAtMs <= latestStartMs + SLACK_MS)
    return Math.round(startedAtMs);
  const [earliest, latest] = [earliestStartMs, latestStartMs].map((ms) => new Date(ms).toISOString());
  throw new ClockProblem(`That boot began between ${earliest} and ${latest}: give a start between them.`);
}
