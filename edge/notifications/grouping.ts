import { type Bucket, type BucketLimit, filled, taken } from './bucket.ts';
import type { Due } from './escalation.ts';
import type { ChannelName, Priority } from './settings.ts';

/** Alarms come together: so long is waited for others, from the first on. What is critical does not wait as long. */
const GATHER_MS = 30_000;
const GATHER_CRITICAL_MS = 3_000;

/** What becomes one message. */
export interface Group {
  readonly person: string;
  readonly channel: ChannelName;
  readonly priority: Priority;
  /** The worst first. */
  readonly dues: readonly Due[];
  /** What is left of the person's bucket. */
  readonly bucket: Bucket;
}

export interface Pace {
  /** When the first of what waits came up for this person and channel; kept by the caller from one call to the next. */
  readonly waiting: Map<string, number>;
  readonly bucket: (person: string, channel: ChannelName) => Bucket | undefined;
  readonly limit: (channel: ChannelName) => BucketLimit;
  readonly nowMs: number;
}

const rank: Readonly<Record<Priority, number>> = { critical: 0, high: 1, low: 2 };

/**
 * All that one person is to be told by one channel becomes one message, once others had the time to come too and the
 * person's bucket allows it. Until then it waits, and whatever comes meanwhile goes with it: nothing is dropped by it.
 */
export function groups(dues: readonly Due[], { waiting, bucket, limit, nowMs }: Pace): Group[] {
  const byTarget = new Map<string, Due[]>();
  for (const one of dues) {
    const key = `${one.person} ${one.channel}`;
    const others = byTarget.get(key);
    if (others) others.push(one);
    else byTarget.set(key, [one]);
  }
  for (const key of waiting.keys()) if (!byTarget.has(key)) waiting.delete(key);
  const found: Group[] = [];
  for (const [key, together] of byTarget) {
    const { person, channel } = together[0] as Due;
    const sinceMs = waiting.get(key) ?? nowMs;
    waiting.set(key, sinceMs);
    const calls = together.filter(({ what }) => what !== 'over');
    const isCritical = calls.some(({ alarm }) => alarm.priority === 'critical');
    if (nowMs - sinceMs < (isCritical ? GATHER_CRITICAL_MS : GATHER_MS)) continue;
    const left = taken(filled(bucket(person, channel), limit(channel), nowMs), isCritical);
    if (left === undefined) continue;
    waiting.delete(key);
    const sorted = together.toSorted(byUrgency);
    const priority = (calls.length > 0 ? sorted[0]?.alarm.priority : 'low') ?? 'low';
    found.push({ person, channel, priority, dues: sorted, bucket: left });
  }
  return found;
}

/** What stands before what is over, then the worst, then the oldest. */
function byUrgency(a: Due, b: Due): number {
  return (
    Number(a.what === 'over') - Number(b.what === 'over') ||
    rank[a.alarm.priority] - rank[b.alarm.priority] ||
    a.alarm.raisedAtMs - b.alarm.raisedAtMs
  );
}
