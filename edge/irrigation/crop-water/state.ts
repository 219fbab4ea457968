/** What is remembered of a zone's soil from day to day; plain values, to be kept as JSON. mm are over the whole area. */
export interface SoilState {
  /** Water that the root zone lacks to field capacity (Dr). */
  readonly depletionMm: number;
  readonly rootDepthMetres: number;
  /** Water that the wetted surface lacks (De), for the dual coefficient. */
  readonly surfaceDepletionMm: number;
  /** Share of the surface that the last watering or rain has wetted, likewise. */
  readonly wettedFraction: number;
  /** What is thought of the soil probe; null: none has spoken yet. */
  readonly probe: ProbeState | null;
}

/** Why a probe is not believed. */
export type Doubt = 'out_of_range' | 'flat' | 'jumps' | 'disagrees' | 'drifts';

export interface ProbeState {
  /** Null: it is believed, and corrects the model. */
  readonly doubt: Doubt | null;
  /** Days in a row on which it contradicted the model; while in doubt, days in a row on which it agreed. */
  readonly days: number;
  /** How uncertain the model's depletion is, mm². */
  readonly varianceMm2: number;
  readonly last: { readonly date: string; readonly soilMoisture: number; readonly modelMoisture: number };
  /** Since when it has said the same, and over which moistures the model has gone meanwhile. */
  readonly flat: {
    readonly since: string;
    readonly soilMoisture: number;
    readonly modelLow: number;
    readonly modelHigh: number;
  };
  /** Sudden changes that no water explains, fading. */
  readonly jumps: number;
  /** What it has corrected, with sign, and what went in and out meanwhile, mm, both fading. */
  readonly correctedMm: number;
  readonly movedMm: number;
  /** One-sided corrections beyond what a wrong crop explains (CUSUM), mm: to the wet side and to the dry; absent: none yet. */
  readonly wetterMm?: number;
  readonly drierMm?: number;
  /** Days in a row on which it has told of water that no drained soil holds. */
  readonly aboveDays?: number;
}
