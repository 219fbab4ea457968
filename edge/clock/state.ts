import type { ClockSource } from './trust.ts';

/** An earlier start of the gateway whose readings wait until somebody says when it was. */
export interface UndatedBoot {
  readonly bootId: string;
  /** By its own clock. */
  readonly startedAtMs: number;
  readonly ranForMs: number;
  readonly entries: number;
  readonly readings: number;
  /** UTC: when it can have begun. */
  readonly earliestStartMs: number;
  readonly latestStartMs: number | null;
}

export interface ClockState {
  readonly trusted: boolean;
  /** What made it trusted; null while it is not. */
  readonly source: ClockSource | null;
  readonly bootId: string;
  /** What a person said, as long as it can be taken back and nothing is dated by it. */
  readonly told: { readonly atMs: number; readonly countsInSeconds: number } | null;
  /** How far the machine's clock is ahead of the gateway's. */
  readonly machineAheadMs: number;
  readonly undated: readonly UndatedBoot[];
}
