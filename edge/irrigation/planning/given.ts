import type { RunRecord } from '@nongtin/broker/wire';

/** Water that runs have given a zone within some time; measured litres and those of runs that no meter has seen. */
export interface GivenWater {
  readonly measuredLitres: number;
  readonly unprovenLitres: number;
}

interface Entry extends GivenWater {
  readonly atMs: number;
}

/** Older runs have been counted, or never will be. */
const KEPT_MS = 40 * 86_400_000;

/** What runs have given, by the farm's calendar. What was measured counts; where nothing measures, what was planned. */
export class Given {
  /** By zone, in the order in which runs ended. */
  readonly #entries = new Map<string, Entry[]>();

  add(run: RunRecord, atMs: number): void {
    const measuredLitres = run.measuredLitres ?? 0;
    const seconds = run.actualSeconds ?? run.plannedSeconds;
    const share = run.plannedSeconds > 0 ? Math.min(1, seconds / run.plannedSeconds) : 0;
    const unprovenLitres = run.measuredLitres === null ? run.plannedLitres * share : 0;
    if (measuredLitres + unprovenLitres <= 0) return;
    const kept = (this.#entries.get(run.zone) ?? []).filter((entry) => atMs - entry.atMs < KEPT_MS);
    this.#entries.set(run.zone, [...kept, { atMs, measuredLitres, unprovenLitres }]);
  }

  /** In [fromMs, toMs). */
  between(zone: string, fromMs: number, toMs: number): GivenWater {
    const within = (this.#entries.get(zone) ?? []).filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    return {
      measuredLitres: within.reduce((sum, { measuredLitres }) => sum + measuredLitres, 0),
      unprovenLitres: within.reduce((sum, { unprovenLitres }) => sum + unprovenLitres, 0),
    };
  }
}
