import type { Site, TurnTimes, ZoneFacts } from './conditions.ts';

/** The zone that a program is for, and what measures there. */
export interface ProgramContext {
  /** UTC; null: nothing is held against dates that are over, as for a file that has been used for long. */
  readonly nowMs: number | null;
  readonly site: Site;
  readonly zone: ZoneFacts & {
    readonly hasSoilProbe: boolean;
    readonly hasCropModel: boolean;
    /** Its crop stands in water. */
    readonly isFlooded: boolean;
  };
  readonly hasRainGauge: boolean;
  readonly hasWindGauge: boolean;
  readonly hasForecast: boolean;
  readonly turn: TurnTimes | null;
}
