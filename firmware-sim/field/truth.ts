import type { HeadTruth } from './dosing/head-field.ts';

/** What really happened in the field, for judges; no device and no gateway knows it. Depths are mm over the wetted area. */
export interface Truth {
  /** The farm's time, UTC milliseconds. */
  readonly atMs: number;
  readonly rainMm: number;
  readonly et0Mm: number;
  readonly zones: Readonly<Record<string, ZoneTruth>>;
  readonly sources: Readonly<Record<string, SourceTruth>>;
  readonly heads: Readonly<Record<string, HeadTruth>>;
}

export interface ZoneTruth {
  /** Since when water can pass; null: the valve is really closed. */
  readonly openSinceMs: number | null;
  readonly openings: number;
  readonly openSeconds: number;
  readonly longestOpenSeconds: number;
  readonly flowLitresPerMinute: number;
  /** Through valve and leaks, burst included: what a right meter counts. */
  readonly passedLitres: number;
  /** Out of the emitters, on the zone. */
  readonly deliveredLitres: number;
  readonly burstLitres: number;
  /** Through the valve while it was closed; part of what was delivered. */
  readonly leakedLitres: number;
  readonly moisture: number;
  readonly depletionMm: number;
  readonly totalAvailableMm: number;
  readonly readilyAvailableMm: number;
  readonly stressFactor: number;
  readonly irrigationMm: number;
  readonly evapotranspirationMm: number;
  /** What the crop would have taken with water enough: ETc. */
  readonly demandMm: number;
  readonly percolationMm: number;
  readonly runoffMm: number;
  /** In the soil and on it; `firstStoredMm` at the start. Water is conserved: the difference is what came less what went. */
  readonly storedMm: number;
  readonly firstStoredMm: number;
  /** Days on which the crop took less than 99 % of what it wanted. */
  readonly stressDays: number;
}

export interface SourceTruth {
  readonly pressureKpa: number;
  readonly flowLitresPerMinute: number;
  readonly passedLitres: number;
  /** Of the main's bursts. */
  readonly burstLitres: number;
  /** That the flush valve of the filter has let out. */
  readonly flushLitres: number;
  readonly tankLitres: number | null;
  readonly pumpOnSinceMs: number | null;
  readonly pumpStarts: number;
  readonly pumpSeconds: number;
  /** The pump ran while no valve behind it was open. */
  readonly deadHeadSeconds: number;
  /** The pump ran without water. */
  readonly dryRunSeconds: number;
  readonly masterOpenSinceMs: number | null;
}

/** One zone's local day. */
export interface TruthDay {
  /** YYYY-MM-DD, local. */
  readonly date: string;
  readonly zone: string;
  readonly rainMm: number;
  readonly et0Mm: number;
  readonly demandMm: number;
  readonly evapotranspirationMm: number;
  readonly irrigationMm: number;
  readonly percolationMm: number;
  readonly deliveredLitres: number;
  /** At the day's end. */
  readonly depletionMm: number;
  readonly isStressed: boolean;
}

/** Something that moved in the field. */
export interface TruthEvent {
  readonly atMs: number;
  readonly what: 'valve' | 'pump' | 'master_valve' | 'flush_valve';
  /** Of the zone or the source. */
  readonly id: string;
  readonly isOn: boolean;
}
