import type { Reason } from '@nongtin/broker/wire';
import type { DayReport } from './balance.ts';
import { daysBetween } from './crop-curve.ts';
import type { SoilProfile } from './profile.ts';
import { depletionFromProbe } from './root-zone.ts';
import type { Doubt, ProbeState, SoilState } from './state.ts';
import type { ZoneModel } from './zone-model.ts';

/** How far a good probe may be off from its field: calibration, place, depth; m³/m³. */
const PROBE_ERROR = 0.025;
/** How far a model may be off: share of a day's ETc, of what was watered, of the rain that stayed, and the rest, mm. */
const ETC_ERROR = 0.25;
const WATER_ERROR = 0.2;
/** How much of a storm ran off, nobody measures. */
const RAIN_ERROR = 0.4;
const OTHER_ERROR_MM = 0.5;
/** The model's error is never thought greater than this share of TAW, or a liar would look right in the end. */
const GREATEST_ERROR = 0.2;
/** However sure of the probe: of what it says no more than this share counts, and no more than this share of TAW a day. */
const GREATEST_WEIGHT = 0.5;
const GREATEST_STEP = 0.25;
/** Standard deviations at which a difference is no noise any more, and within which it is none. */
const CONTRADICTION = 3;
const AGREEMENT = 2;
const DAYS_TO_DOUBT = 3;
const DAYS_TO_TRUST = 3;
/** Above field capacity or below the wilting point by more than this, m³/m³, no soil stays for long. */
const BEYOND = 0.04;
/** Flat: less change than this, for so many days, while the model has gone further than that; m³/m³. */
const FLAT_CHANGE = 0.004;
const FLAT_DAYS = 3;
const FLAT_MODEL_CHANGE = 0.02;
/** A jump: so much more change within a day than the model's, beyond what its water may be wrong by. */
const JUMP = 0.08;
const JUMPS_TO_DOUBT = 2.2;
const JUMP_FADING_PER_DAY = 0.75;
/** A drift: corrections of one sign that add up to more than this share of all water that moved. */
const DRIFT_SHARE = 0.5;
const DRIFT_FADING_PER_DAY = 0.9;
/**
 * A slow one: corrections of one sign, less what a crop that draws so much more or less than the book says would ask for each day,
 * add up (a CUSUM) to more than a good probe may be off at all.
 */
const SLOW_DRIFT_SHARE_OF_ETC = 0.3;
/** Excess water drains in a day or two (FAO-56, chapter 8): a probe that tells of it for longer, without rain, has left the soil. */
const DAYS_ABOVE = 3;

export interface ProbeReading {
  /** Moisture of the rooted soil at the end of the day, m³/m³: the median of some hours of good readings. */
  readonly soilMoisture: number;
  /** What stepDay() reported of that day. */
  readonly day: DayReport;
}

export interface Assimilated {
  readonly state: SoilState;
  /** Why the probe is not believed, for an alarm; null: it is, and has corrected the model. */
  readonly disagreement: Reason | null;
}

/**
 * What a soil probe corrects of the model, once a day after stepDay(): eq. (87 | 8.8) with the weight of a Kalman filter,
 * within bounds. A probe that is out of range, flat, jumps, drifts, or contradicts the model for three days in a row by more
 * than noise explains is doubted: the model goes on without it, until it has agreed for three days.
 */
export function assimilate(state: SoilState, reading: ProbeReading, zone: ZoneModel): Assimilated {
  const { soilMoisture, day } = reading;
  const before = state.probe ?? begin(reading);
  if (!isMoisture(soilMoisture)) return told(distrust(state, reading));
  const mmOfMoisture = 1000 * day.rootDepthMetres * zone.rootedFraction;
  const noise = (PROBE_ERROR * mmOfMoisture) ** 2;
  const varianceMm2 = grownVariance(before, day);
  const seen = depletionFromProbe(soilMoisture, zone.soil, day.rootDepthMetres, zone.rootedFraction);
  const difference = Math.min(day.tawMm, Math.max(0, seen)) - state.depletionMm;
  const deviations = Math.abs(difference + beyond(seen, day, mmOfMoisture)) / Math.sqrt(varianceMm2 + noise);
  const watched = watch({ ...before, varianceMm2 }, reading, {
    mmOfMoisture,
    fieldCapacity: zone.soil.fieldCapacity,
  });
  const doubt = wrongWith(watched, { deviations, noise, date: day.date });
  if (before.doubt !== null || doubt !== null) {
    const probe = inDoubt(watched, before.doubt, doubt, deviations);
    const depletionMm =
      before.doubt === null ? takenBack(state.depletionMm, watched, day) : state.depletionMm;
    return told({ ...state, depletionMm, probe });
  }
  if (deviations > CONTRADICTION) {
    const probe = { ...watched, days: before.days + 1 };
    return { state: { ...state, probe }, disagreement: null };
  }
  const weight = Math.min(GREATEST_WEIGHT, varianceMm2 / (varianceMm2 + noise));
  const most = GREATEST_STEP * day.tawMm;
  const step = Math.min(most, Math.max(-most, weight * difference));
  const probe = {
    ...{ ...watched, days: 0, varianceMm2: (1 - weight) * varianceMm2 },
    ...summedUp(watched, step, day),
    correctedMm: watched.correctedMm + step,
    last: { ...watched.last, modelMoisture: watched.last.modelMoisture - step / mmOfMoisture },
  };
  return { state: { ...state, depletionMm: state.depletionMm + step, probe }, disagreement: null };
}

/** Why a probe is not believed, with what it said last; null: it is, or has not spoken. */
export function disagreementOf(probe: ProbeState | null): Reason | null {
  if (probe === null || probe.doubt === null) return null;
  const { soilMoisture, modelMoisture } = probe.last;
  return { key: `probe_${probe.doubt}`, figures: { soilMoisture, modelMoisture } };
}

/** Whether a probe has told nothing on its last day that the water does not explain. */
export function isBorneOut(probe: ProbeState | null): boolean {
  return probe !== null && probe.doubt === null && probe.days === 0 && probe.jumps === 0;
}

/** A probe that says what cannot be true in this soil: it is believed when it has agreed for three days. */
export function distrust(state: SoilState, reading: ProbeReading): SoilState {
  const { soilMoisture, day } = reading;
  const before = state.probe ?? begin(reading);
  const last = Number.isFinite(soilMoisture)
    ? { date: day.date, soilMoisture, modelMoisture: day.soilMoisture }
    : before.last;
  return { ...state, probe: { ...doubted(before, 'out_of_range'), last } };
}

function isMoisture(soilMoisture: number): boolean {
  return soilMoisture > 0 && soilMoisture < 0.65;
}

/**
 * Whether a rooted soil may be as moist as that for more than hours: not far beyond wilting point and field capacity, but for
 * rain that may still stand in it (`undrainedMm`).
 */
export function isOfSoil(
  soilMoisture: number,
  { fieldCapacity, wiltingPoint }: Pick<SoilProfile, 'fieldCapacity' | 'wiltingPoint'>,
  { undrainedMm, depthMetres }: { undrainedMm: number; depthMetres: number },
): boolean {
  const wettest = fieldCapacity + BEYOND + undrainedMm / (1000 * depthMetres);
  return isMoisture(soilMoisture) && soilMoisture >= wiltingPoint - BEYOND && soilMoisture <= wettest;
}

/** The model as wet as the probe says (87 | 8.8), and nothing held against it: when a person has looked, and believes the probe. */
export function resetToProbe(state: SoilState, reading: ProbeReading, zone: ZoneModel): SoilState {
  const { day, soilMoisture } = reading;
  const seen = depletionFromProbe(soilMoisture, zone.soil, day.rootDepthMetres, zone.rootedFraction);
  const depletionMm = Math.min(day.tawMm, Math.max(0, seen));
  return { ...state, depletionMm, probe: null };
}

/** What a probe tells of water that no soil holds, mm: it makes a contradiction plainer, and corrects nothing. */
function beyond(seen: number, day: DayReport, mmOfMoisture: number): number {
  const tolerance = BEYOND * mmOfMoisture;
  if (seen > day.tawMm) return Math.max(0, seen - day.tawMm - tolerance);
  return day.percolationMm > 0 ? 0 : Math.min(0, seen + tolerance);
}

/** A day's correction in the CUSUMs of either side. Rain may be other than its gauge says, so a wet day tells nothing. */
function summedUp({ wetterMm = 0, drierMm = 0 }: ProbeState, step: number, day: DayReport) {
  if (day.effectiveRainMm > 0) return { wetterMm, drierMm };
  // How much less a stressed crop really draws, nobody knows.
  const explained = SLOW_DRIFT_SHARE_OF_ETC * day.etcMm + (day.etcMm - day.etcActualMm);
  return {
    wetterMm: Math.max(0, wetterMm - step - explained),
    drierMm: Math.max(0, drierMm + step - explained),
  };
}

/** The model without what a probe has corrected of it lately, before it was found out. */
function takenBack(depletionMm: number, { correctedMm }: ProbeState, { tawMm }: DayReport): number {
  const most = GREATEST_STEP * tawMm;
  return Math.min(tawMm, Math.max(0, depletionMm - Math.min(most, Math.max(-most, correctedMm))));
}

function begin({ soilMoisture, day }: ProbeReading): ProbeState {
  const modelMoisture = day.soilMoisture;
  return {
    ...{ doubt: null, days: 0, varianceMm2: (0.1 * day.tawMm) ** 2, jumps: 0, correctedMm: 0, movedMm: 0 },
    last: { date: day.date, soilMoisture, modelMoisture },
    flat: { since: day.date, soilMoisture, modelLow: modelMoisture, modelHigh: modelMoisture },
  };
}

function grownVariance({ varianceMm2, last }: ProbeState, day: DayReport): number {
  const days = Math.max(0, daysBetween(last.date, day.date));
  const waterMm = WATER_ERROR * day.irrigationMm + RAIN_ERROR * day.effectiveRainMm;
  const daily = (ETC_ERROR * day.etcActualMm) ** 2 + waterMm ** 2 + OTHER_ERROR_MM ** 2;
  return Math.min((GREATEST_ERROR * day.tawMm) ** 2, varianceMm2 + days * daily);
}

/** The probe's own behaviour: whether it moves, and how. */
function watch(
  before: ProbeState,
  { soilMoisture, day }: ProbeReading,
  { mmOfMoisture, fieldCapacity }: { mmOfMoisture: number; fieldCapacity: number },
): ProbeState {
  const { last, flat } = before;
  const days = Math.max(0, daysBetween(last.date, day.date));
  const modelMoisture = day.soilMoisture;
  const water = day.effectiveRainMm + day.irrigationMm;
  const explained = JUMP + (WATER_ERROR * water) / mmOfMoisture;
  const change = soilMoisture - last.soilMoisture - (modelMoisture - last.modelMoisture);
  const isJump = Math.abs(change) > explained;
  const isDrained = day.percolationMm === 0 && day.effectiveRainMm === 0;
  const isAbove = isDrained && soilMoisture > fieldCapacity + BEYOND;
  const isStill = Math.abs(soilMoisture - flat.soilMoisture) < FLAT_CHANGE;
  const fading = DRIFT_FADING_PER_DAY ** days;
  return {
    ...before,
    last: { date: day.date, soilMoisture, modelMoisture },
    flat: isStill
      ? {
          ...flat,
          modelLow: Math.min(flat.modelLow, modelMoisture),
          modelHigh: Math.max(flat.modelHigh, modelMoisture),
        }
      : { since: day.date, soilMoisture, modelLow: modelMoisture, modelHigh: modelMoisture },
    jumps: before.jumps * JUMP_FADING_PER_DAY ** days + (isJump ? 1 : 0),
    // A soil that has been filled up has forgotten what was corrected before.
    correctedMm: day.percolationMm > 0 ? 0 : before.correctedMm * fading,
    movedMm: before.movedMm * fading + day.etcActualMm + water,
    aboveDays: isAbove ? (before.aboveDays ?? 0) + days : 0,
  };
}

function wrongWith(
  probe: ProbeState,
  { deviations, noise, date }: { deviations: number; noise: number; date: string },
): Doubt | null {
  const { flat } = probe;
  if (daysBetween(flat.since, date) >= FLAT_DAYS && flat.modelHigh - flat.modelLow > FLAT_MODEL_CHANGE)
    return 'flat';
  if (probe.jumps > JUMPS_TO_DOUBT) return 'jumps';
  if (Math.abs(probe.correctedMm) > DRIFT_SHARE * probe.movedMm + Math.sqrt(noise)) return 'drifts';
  const oneSidedMm = Math.max(probe.wetterMm ?? 0, probe.drierMm ?? 0);
  if (oneSidedMm > Math.sqrt(noise) || (probe.aboveDays ?? 0) >= DAYS_ABOVE) return 'drifts';
  if (deviations > CONTRADICTION && probe.days + 1 >= DAYS_TO_DOUBT) return 'disagrees';
  return null;
}

/** A probe in doubt, or one that has just come into it, or agrees again. */
function inDoubt(
  probe: ProbeState,
  earlier: Doubt | null,
  now: Doubt | null,
  deviations: number,
): ProbeState {
  if (earlier === null) return doubted(probe, now ?? 'disagrees');
  // A slow drift is within noise for weeks: one that has been found must say what the model says.
  const { soilMoisture, modelMoisture } = probe.last;
  const isNear = earlier !== 'drifts' || Math.abs(soilMoisture - modelMoisture) <= PROBE_ERROR;
  const isFine = now === null && isNear && deviations <= AGREEMENT;
  const days = isFine ? probe.days + 1 : 0;
  if (days >= DAYS_TO_TRUST) return { ...probe, ...FORGIVEN, doubt: null };
  return { ...probe, doubt: now ?? earlier, days };
}

const FORGIVEN = { days: 0, correctedMm: 0, movedMm: 0, wetterMm: 0, drierMm: 0, aboveDays: 0 };

function doubted(probe: ProbeState, doubt: Doubt): ProbeState {
  return { ...probe, ...FORGIVEN, doubt };
}

function told(state: SoilState): Assimilated {
  return { state, disagreement: disagreementOf(state.probe) };
}
