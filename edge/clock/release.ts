import type { Boot, Boots } from './boots.ts';
import type { JournalDating } from './dating.ts';
import type { UndatedBoot } from './state.ts';

/** What a person asked of the clock cannot be; the message says why and what to do. */
export class ClockProblem extends Error {
  readonly isUnknown: boolean;

  constructor(message: string, isUnknown = false) {
    super(message);
    this.isUnknown = isUnknown;
  }
}

/** Between which moments (UTC) a boot can have begun. */
interface Bounds {
  readonly earliestStartMs: number;
  /** Undefined: nobody knows yet what time it is now. */
  readonly latestStartMs: number | undefined;
}

interface TrustedClock {
  nowMs(): number;
  isTrusted(): boolean;
}

/** The starts whose readings wait for a date that a person may give them. */
export class UndatedBoots {
  readonly #boots: Boots;
  readonly #dating: JournalDating;
  readonly #clock: TrustedClock;

  constructor(boots: Boots, dating: JournalDating, clock: TrustedClock) {
    this.#boots = boots;
    this.#dating = dating;
    this.#clock = clock;
  }

  /** Those that a person can do something about, the one that runs now among them. */
  list(currentBootId: string): readonly UndatedBoot[] {
    return this.#boots
      .list()
      .filter(({ bootId, firstNumber }) => bootId === currentBootId || firstNumber !== undefined)
      .filter(({ bootId }) => !this.#dating.isDated(bootId))
      .map((boot) => this.#shown(boot));
  }

  /** When a start was: as a person says, or as late as it can have been. Throws a ClockProblem. */
  startOf(bootId: string, startedAtMs?: number): { readonly startedAtMs: number; readonly utcMs: number } {
    const boot = this.#boots.get(bootId);
    if (boot === undefined || this.#dating.isDated(bootId))
      throw new ClockProblem(`No readings of a boot '${bootId}' wait for their date.`, true);
    return { startedAtMs: boot.startedAtMs, utcMs: chosenStart(this.#boundsOf(boot), startedAtMs) };
  }

  #boundsOf(boot: Boot): Bounds {
    const ranForMs = this.#dating.held(boot.bootId)?.monotonicMs ?? 0;
    return boundsOf(boot, ranForMs, this.#clock.isTrusted() ? this.#clock.nowMs() : undefined);
  }

  #shown(boot: Boot): UndatedBoot {
    const { entries = 0, readings = 0, monotonicMs: ranForMs = 0 } = this.#dating.held(boot.bootId) ?? {};
    const { earliestStartMs, latestStartMs = null } = this.#boundsOf(boot);
    const { bootId, startedAtMs } = boot;
    return { bootId, startedAtMs, ranForMs, entries, readings, earliestStartMs, latestStartMs };
  }
}

/** A person's watch, and a start that took a while. */
const SLACK_MS = 5 * 60_000;

/** It began after the newest time known by then, and had run for so long before the machine was next switched on. */
function boundsOf(boot: Boot, ranForMs: number, nowMs: number | undefined): Bounds {
  const endedByMs = boot.notAfterMs ?? nowMs;
  return {
    earliestStartMs: boot.notBeforeMs,
    latestStartMs: endedByMs === undefined ? undefined : Math.max(boot.notBeforeMs, endedByMs - ranForMs),
  };
}

/** The start that a person gave, or the latest there can be. Throws a ClockProblem. */
function chosenStart({ earliestStartMs, latestStartMs }: Bounds, startedAtMs?: number): number {
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
