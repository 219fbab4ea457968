/** A moment on the three clocks of the farm. */
export interface Instant {
  /** Farm clock: monotonic, runs `speed` times as fast as real time in the time-lapse demo. */
  readonly farmMs: number;
  /** Monotonic real milliseconds. */
  readonly realMs: number;
  /** UTC, may jump; only written into records, never compared. */
  readonly atMs: number;
}

/**
 * A time that must pass on both clocks. Farm seconds alone will not do: at 60-fold time-lapse 30 farm seconds are
 * half a real second, in which no radio answers. Real seconds alone will not do either: they say nothing about water.
 */
export interface Limit {
  readonly farmSeconds: number;
  readonly realSeconds: number;
}

/** A word that has been said again and again, without a gap in which something else may have been. */
export interface Claim {
  readonly since: Instant;
  readonly seen: Instant;
}

/** After the same word again; a gap as long as messages may be late begins anew. */
export function claimAfter(before: Claim | null, now: Instant, lateness: Limit): Claim {
  const goesOn = before !== null && !elapsed(before.seen, now, lateness);
  return { since: goesOn ? before.since : now, seen: now };
}

export function elapsed(since: Instant, now: Instant, limit: Limit): boolean {
  return (
    now.farmMs - since.farmMs >= limit.farmSeconds * 1000 &&
    now.realMs - since.realMs >= limit.realSeconds * 1000
  );
}
