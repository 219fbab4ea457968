import type { ClockRecord } from '@nongtin/broker/wire';

/** How the setting NONGTIN_CLOCK wants it. */
export type ClockTrust = 'auto' | 'trusted' | 'untrusted';

/** What the operating system knows of its own time. */
export interface SystemTime {
  /** Whether a time server has set it; unknown where nobody can be asked (a container). */
  readonly sync: 'synchronized' | 'unsynchronized' | 'unknown';
  /** What the clock that runs on a battery says; null: it cannot be read; absent: there is none. */
  readonly batteryClockMs?: number | null;
}

export interface ClockFacts extends SystemTime {
  readonly setting: ClockTrust;
  readonly wallMs: number;
  /** The newest time that was once known to be right. */
  readonly newestKnownMs: number;
}

/** This software did not exist before: no clock that says so is right (2025-01-01 UTC). */
export const SOFTWARE_BEGAN_MS = Date.UTC(2025, 0, 1);
/** Clocks are put back by so much without anybody noticing. */
const SLACK_MS = 5 * 60_000;
/** A battery clock may be kept in local time. */
const ZONES_MS = 24 * 3_600_000;

/**
 * Whether the system's time can be trusted at a start (decision 0010). A Raspberry Pi without a battery clock wakes up
 * in the past, often with the time of its last shutdown, which looks right and is wrong by the length of the cut.
 */
export function isWallTrusted(facts: ClockFacts): boolean {
  const { setting, sync, wallMs, newestKnownMs } = facts;
  if (setting !== 'auto') return setting === 'trusted';
  // A time server is right also when everything that we knew was wrong.
  if (sync === 'synchronized') return wallMs >= SOFTWARE_BEGAN_MS;
  if (wallMs < Math.max(newestKnownMs - SLACK_MS, SOFTWARE_BEGAN_MS)) return false;
  return sync === 'unknown' || hasBatteryTime(facts);
}

/** Whether a clock that ran on while the power was off says where the system's time comes from. */
function hasBatteryTime({ batteryClockMs, wallMs, newestKnownMs }: ClockFacts): boolean {
  if (batteryClockMs === undefined) return false;
  // One whose battery is missing or flat begins in 1970 again.
  return (
    batteryClockMs === null ||
    (batteryClockMs >= newestKnownMs - ZONES_MS && Math.abs(batteryClockMs - wallMs) <= ZONES_MS)
  );
}

/** What is done about a difference between the system's time and ours. */
export type Following = 'slew' | 'step' | 'half speed' | 'wait' | 'dispute';

const SMALL_MS = 1_000;
/** Nobody needs to prove a correction of this size. */
const MINOR_MS = 60_000;
/** At half speed this takes two days; more than that a person has to look at. */
const MOST_BACK_MS = 24 * 3_600_000;
/** How long a difference must stand before it is believed without proof: a glitch is over by then. */
const STANDS_MS = 60_000;

export interface Difference {
  /** The system's time less ours. */
  readonly aheadMs: number;
  /** For how long it has been as large. */
  readonly standsForMs: number;
  readonly sync: SystemTime['sync'];
}

/**
 * What to do when the system's time and ours differ while we run. Ours goes on by the monotonic clock, so a jump changes
 * nothing until there is a reason to believe it; and it never goes back, so that readings stay in the order they came in.
 */
export function follow({ aheadMs, standsForMs, sync }: Difference): Following {
  const size = Math.abs(aheadMs);
  if (size <= SMALL_MS) return 'slew';
  const isBelieved = size <= MINOR_MS || sync === 'synchronized';
  if (aheadMs > 0) {
    if (isBelieved) return 'step';
    // A machine that slept: the monotonic clock slept with it.
    if (standsForMs < STANDS_MS) return 'wait';
    return sync === 'unknown' ? 'step' : 'dispute';
  }
  if (isBelieved && size <= MOST_BACK_MS) return 'half speed';
  return standsForMs < STANDS_MS ? 'wait' : 'dispute';
}

export type ClockSource = ClockRecord['source'];

/** Whether this address leads back to the machine we run on. */
export function isThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
