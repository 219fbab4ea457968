import type { Reason, RunRecord } from '@nongtin/broker/wire';
import type { Forecast } from './forecast.ts';

/** Everything that a program's decision for one zone depends on, as plain values. Times are UTC ms. */
export interface Conditions {
  readonly nowMs: number;
  readonly clock: ClockStanding;
  readonly site: Site;
  readonly zone: ZoneFacts;
  /** Nothing is watered by a program until a person takes it back. */
  readonly stopAll: { readonly by: string } | null;
  readonly pause: { readonly untilMs: number; readonly by: string } | null;
  /** Null: the model cannot say. */
  readonly depletion: Depletion | null;
  /** For how many days the crop that `depletion` goes by has been over; 0: it is not. */
  readonly cropOverDays: number;
  /** Fresh and believed, m³/m³; else null. */
  readonly soilMoisture: number | null;
  /** Its probe speaks, and is not believed. */
  readonly isProbeDoubted: boolean;
  /** Null: nothing has measured it, or what does is not believed. */
  readonly rain: Rain | null;
  readonly windMetresPerSecond: number | null;
  /** As it was last read, however old; null: there is none. */
  readonly forecast: Forecast | null;
  /** Why the last fetch brought no newer one; null: it did. Whether `forecast` counts is a matter of its age alone. */
  readonly forecastProblem: string | null;
  /** Mean of the last days; null: not known. */
  readonly et0MmPerDay: number | null;
  /** What else speaks against watering now, such as water that is too salty; told before the weather. */
  readonly against: readonly Reason[];
  /** When this zone's member may draw water; null: at any time. */
  readonly turn: TurnTimes | null;
  /**
   * The zone's waterings, by whomever: those that have only begun, those of at least the last three days, and those that a
   * clock set back has left in the future.
   */
  readonly history: readonly Watering[];
}

interface ClockStanding {
  readonly isTrusted: boolean;
  /** Since this start of the gateway, by the monotonic clock. */
  readonly sinceStartMs: number;
  /** The same of all its starts together, kept over restarts; never more than has passed in truth. */
  readonly totalUptimeMs: number;
}

export interface Site {
  /** IANA name, 'Asia/Ho_Chi_Minh'. */
  readonly timeZone: string;
  /** Degrees, north and east positive; null: nobody has said. */
  readonly location: { readonly latitude: number; readonly longitude: number } | null;
}

/** When one member may draw water, by the week: from `startMinute` of the local day for so many minutes. */
export interface TurnTimes {
  readonly member: string;
  readonly times: readonly WeeklyTime[];
}
export interface WeeklyTime {
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly startMinute: number;
  readonly minutes: number;
}

export interface ZoneFacts {
  readonly id: string;
  readonly nominalFlowLitresPerMinute: number;
  readonly isMetered: boolean;
  readonly maxRunSeconds: number;
  readonly areaSquareMetres: number | null;
  readonly plants: number | null;
}

/** The zone's root zone after the crop-water model. */
interface Depletion {
  /** Up to here the model has counted rain, ETc and waterings. */
  readonly asOfMs: number;
  readonly depletionMm: number;
  readonly rawMm: number;
  readonly tawMm: number;
  /** Expected of the days to come; null: not known. */
  readonly etcMmPerDay: number | null;
  /** Litres to be let through the valve for each mm net: area, efficiency and leaching are in it. */
  readonly litresPerMm: number;
}

export interface Rain {
  readonly isRaining: boolean;
  /** No gauge speaks now: what `hours` tells is the least that has fallen. */
  readonly isGaugeSilent: boolean;
  /** What fell from `startMs` until the next one; the newest last. */
  readonly hours: readonly { readonly startMs: number; readonly mm: number }[];
}

/** One opening of the zone's valve, as the journal tells it. */
export interface Watering {
  /** Null: not of a program (a person, a threshold, a wet test). */
  readonly decisionId: string | null;
  readonly cycle: number;
  /** What its decision planned in all, as `Wanted` said. */
  readonly decisionSeconds: number;
  readonly decisionLitres: number | null;
  readonly plannedSeconds: number;
  readonly startedAtMs: number;
  /** Null while it is not over, or not recorded yet: until then nothing more of its decision is wanted. */
  readonly ended: Ended | null;
}

interface Ended {
  readonly atMs: number;
  /** By the monotonic clock; null when it ended before this start of the gateway. */
  readonly agoSeconds: number | null;
  /** Null: nobody knows, as of a run that a restart cut off. */
  readonly seconds: number | null;
  /** As measured; null: nobody knows. */
  readonly litres: number | null;
  readonly outcome: RunRecord['outcome'];
}

/** An opening that a program wants now. */
export interface Wanted {
  /** The same whenever the same decision is asked for again. */
  readonly decisionId: string;
  /** From 1. A cycle of a decision is begun once, ever. */
  readonly cycle: number;
  /** Limit of this cycle; never above the zone's maxRunSeconds. */
  readonly seconds: number;
  /** It ends when so many have been measured; null: by time alone. */
  readonly litres: number | null;
  /** It ends when the probe says this; null: whatever the probe says. */
  readonly untilSoilMoisture: number | null;
  /** Not begun later than this, so that it is over when its window is. */
  readonly openBeforeMs: number;
  /** What the decision comes to in all its cycles; the figures of `reason` say so too, for those who read the record. */
  readonly decisionSeconds: number;
  readonly decisionLitres: number | null;
  readonly reason: Reason;
}

export interface Planned {
  /** Null: not now. */
  readonly wanted: Wanted | null;
  /** Why, or why not. */
  readonly reason: Reason;
  /** What could not be taken into account, such as a forecast that is too old. */
  readonly notes: readonly Reason[];
  /** When the answer may be another one even if nothing is measured; null: nothing is foreseen. */
  readonly nextAtMs: number | null;
}
