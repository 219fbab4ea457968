/** How many messages may go now (a token bucket): some at once, then one after the other. */
export interface Bucket {
  /** At `atMs`. */
  readonly tokens: number;
  readonly atMs: number;
}

export interface BucketLimit {
  readonly burst: number;
  readonly perHour: number;
}

/** What there is now; time that went backwards adds nothing. `undefined`: it was never touched, and is full. */
export function filled(bucket: Bucket | undefined, { burst, perHour }: BucketLimit, nowMs: number): Bucket {
  if (bucket === undefined) return { tokens: burst, atMs: nowMs };
  const hours = Math.max(0, nowMs - bucket.atMs) / 3_600_000;
  return { tokens: Math.min(burst, bucket.tokens + hours * perHour), atMs: Math.max(nowMs, bucket.atMs) };
}

/** One less; undefined when there is none. The last one is kept for what is critical, so that no storm of trifles uses it up. */
export function taken(bucket: Bucket, isCritical: boolean): Bucket | undefined {
  if (bucket.tokens < (isCritical ? 1 : 2)) return undefined;
  return { ...bucket, tokens: bucket.tokens - 1 };
}
