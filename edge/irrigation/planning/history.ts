import type { RunRecord } from '@nongtin/broker/wire';
import type { ZoneState } from '../controller/types.ts';
import { type Watering, wateringOfIntent, wateringOfRun } from '../programs/index.ts';

interface HistoryOptions {
  readonly clock: { nowMs(): number; monotonicMs(): number };
}

/** How far back programs look: the slot of yesterday, and a week's turns. */
const KEPT_MS = 8 * 86_400_000;

interface Kept {
  readonly run: RunRecord;
  /** Monotonic; null: it ended before this start. */
  readonly endedAtMonotonicMs: number | null;
}

/** What each zone was given in the last days, as the journal tells it. */
export class WateringHistory {
  readonly #options: HistoryOptions;
  /** By zone, oldest first. */
  readonly #runs = new Map<string, Kept[]>();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /** `runs`: of earlier starts, oldest first. */
  start(runs: readonly RunRecord[]): void {
    for (const run of runs) this.#keep({ run, endedAtMonotonicMs: null });
  }

  onRun(run: RunRecord): void {
    this.#keep({ run, endedAtMonotonicMs: this.#options.clock.monotonicMs() });
  }

  /** The one under way, and one that a restart cut off and whose litres nobody knows yet, are the last of them. */
  of(zone: ZoneState): Watering[] {
    const nowMonotonicMs = this.#options.clock.monotonicMs();
    const over = (this.#runs.get(zone.id) ?? []).map((kept) => watering(kept, nowMonotonicMs));
    const begun = [begunBy(zone), cutOff(zone)].filter((one) => one !== null);
    return [...over, ...begun];
  }

  #keep(kept: Kept): void {
    const { zone, endedAtMs } = kept.run;
    const before = this.#runs.get(zone) ?? [];
    // A clock that went back makes nothing younger than it is: what is dated ahead is kept.
    const young = before.filter(({ run }) => run.endedAtMs > endedAtMs - KEPT_MS);
    this.#runs.set(zone, [...young, kept]);
  }
}

function watering({ run, endedAtMonotonicMs }: Kept, nowMonotonicMs: number): Watering {
  return wateringOfRun(
    run,
    endedAtMonotonicMs === null ? null : (nowMonotonicMs - endedAtMonotonicMs) / 1000,
  );
}

function begunBy({ phase }: ZoneState): Watering | null {
  if (!('run' in phase)) return null;
  const { decided, plannedSeconds, reason, wanted } = phase.run;
  const { decisionId, cycle } = wanted ?? {};
  return wateringOfIntent({ atMs: decided.atMs, durationSeconds: plannedSeconds, reason, decisionId, cycle });
}

function cutOff({ interrupted }: ZoneState): Watering | null {
  return interrupted && wateringOfIntent(interrupted.intent);
}
