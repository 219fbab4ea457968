import type { DosingHeadSpec } from '../../firmware-sim/farm/dosing-head.ts';
import type { SourceWaterSpec } from '../../firmware-sim/field/dosing/source-water.ts';
import type { WaterProbeSpec } from '../../firmware-sim/field/dosing/water-probe.ts';

/** A season's truth: water, stocks, pumps, probes and luck. No controller knows any of it. */
export interface World {
  readonly name: string;
  readonly seed: number;
  readonly water: SourceWaterSpec;
  readonly strength: Strength;
  readonly pumps: Pumps;
  readonly probes: Probes;
  readonly luck: Luck;
}

/** Of what was weighed: all of it wrong by a scale, and each filling anew. */
interface Strength {
  readonly scale: number;
  readonly spread: number;
}

interface Pumps {
  /** By tank: true rate over calibrated rate on the first day. */
  readonly rate: Readonly<Record<TankId, number>>;
  /** Share of the rate that is lost with each litre. */
  readonly wearPerLitre: number;
  readonly startSeconds: number;
  readonly stopSeconds: number;
}

interface Probes {
  readonly ecNoise: number;
  readonly ecGain: number;
  readonly ecDriftPerDay: number;
  readonly responseSeconds: number;
  /** Of a hundred runs: in so many a probe fails for some minutes. */
  readonly failuresPerHundredRuns: number;
}

interface Luck {
  /** Of a hundred runs: in so many the gateway is started anew. */
  readonly restartsPerHundredRuns: number;
  /** Of commands to pumps and of their words. */
  readonly lostFraction: number;
  /** What the meter tells of what flows. */
  readonly meterFactor: number;
}

export type TankId = 'acid' | 'a' | 'b';
export const tankIds: readonly TankId[] = ['acid', 'a', 'b'];

/** mL/s, as all pumps were calibrated on the first day; stock as it is meant to be. */
export const calibrated: Readonly<Record<TankId, number>> = { acid: 8, a: 16, b: 16 };
/** Calcium nitrate 15.5 % N, 120 g/L; potassium nitrate 60, MAP 20 and magnesium sulphate 40 g/L; acid of 1 eq/L. */
export const stocks = {
  acid: { acidEquivalentsPerLitre: 1, ecPerMillilitrePerLitre: 0.02 },
  a: { gramsPerLitre: { N: 18.6 }, ecPerMillilitrePerLitre: 0.144 },
  b: { gramsPerLitre: { N: 10.6, P2O5: 12.2, K2O: 27.8 }, ecPerMillilitrePerLitre: 0.13 },
} as const;
export const CAPACITY_LITRES: Readonly<Record<TankId, number>> = { acid: 60, a: 200, b: 200 };

const water: SourceWaterSpec = {
  ...{ ec: 0.5, ph: 7.5, alkalinity: 2, ecPerDay: 0.001 },
  ...{ tide: { ec: 0.06, hours: 12.4 }, wander: { ec: 0.04, hours: 4 } },
};
const probes: Probes = {
  ...{ ecNoise: 0.03, ecGain: 1, ecDriftPerDay: 0.0005, responseSeconds: 4 },
  failuresPerHundredRuns: 2,
};
const pumps: Pumps = {
  rate: { acid: 1, a: 1.01, b: 0.99 },
  ...{ wearPerLitre: 0.00001, startSeconds: 0.2, stopSeconds: 0.2 },
};
const luck: Luck = { restartsPerHundredRuns: 1, lostFraction: 0.002, meterFactor: 1 };
const strength: Strength = { scale: 1, spread: 0.02 };
const usual = { water, probes, pumps, luck, strength };

export const worlds: readonly World[] = [
  { ...usual, name: 'usual', seed: 1 },
  {
    ...{ ...usual, name: 'noisy probes', seed: 2 },
    probes: {
      ...{ ecNoise: 0.08, ecGain: 1.015, ecDriftPerDay: 0.001, responseSeconds: 8 },
      failuresPerHundredRuns: 10,
    },
  },
  {
    ...{ ...usual, name: 'water that changes', seed: 3 },
    water: {
      ...water,
      ...{ ec: 0.45, ecPerDay: 0.0025, alkalinity: 2.5 },
      ...{
        tide: { ec: 0.12, hours: 12.4 },
        wander: { ec: 0.08, hours: 2 },
        switches: { ec: 0.12, hours: 9 },
      },
    },
  },
  {
    ...{ ...usual, name: 'stocks weighed wrong', seed: 4 },
    strength: { scale: 0.85, spread: 0.05 },
    luck: { ...luck, meterFactor: 1.03 },
  },
  {
    ...{ ...usual, name: 'worn pumps', seed: 5 },
    pumps: {
      rate: { acid: 0.95, a: 0.93, b: 1.04 },
      ...{ wearPerLitre: 0.00004, startSeconds: 0.3, stopSeconds: 0.22 },
    },
  },
  {
    ...{ ...usual, name: 'restarts and a bad radio', seed: 6 },
    luck: { restartsPerHundredRuns: 20, lostFraction: 0.02, meterFactor: 0.98 },
  },
  {
    ...{ name: 'all of it', seed: 7 },
    water: {
      ...water,
      ...{ ecPerDay: 0.002, tide: { ec: 0.1, hours: 12.4 }, wander: { ec: 0.06, hours: 2 } },
      switches: { ec: 0.1, hours: 15 },
    },
    strength: { scale: 1.12, spread: 0.04 },
    pumps: {
      rate: { acid: 1.04, a: 1.05, b: 0.96 },
      ...{ wearPerLitre: 0.00004, startSeconds: 0.25, stopSeconds: 0.2 },
    },
    probes: {
      ...{ ecNoise: 0.05, ecGain: 0.985, ecDriftPerDay: -0.0008, responseSeconds: 6 },
      failuresPerHundredRuns: 6,
    },
    luck: { restartsPerHundredRuns: 8, lostFraction: 0.01, meterFactor: 1.02 },
  },
];

export function headOf({ strength: { scale }, pumps: own }: World): DosingHeadSpec {
  return {
    ...{ id: 'head', source: 'well', plugLitres: 12, chamberLitres: 40, chambers: 1 },
    tanks: tankIds.map((id) => ({
      ...{ id, capacityLitres: CAPACITY_LITRES[id], firstLitres: CAPACITY_LITRES[id] },
      stock: stocks[id],
      // The first filling is weighed as the others are (plant.ts).
      strength: id === 'acid' ? 1 : scale,
      pump: {
        ...{ millilitresPerSecond: calibrated[id] * own.rate[id], wearPerLitre: own.wearPerLitre },
        ...{
          startSeconds: own.startSeconds,
          stopSeconds: own.stopSeconds,
          spread: 0.01,
          lineMillilitres: 40,
        },
      },
    })),
  };
}

export function probeOf({ probes: own }: World, quantity: 'ec' | 'ph', index: number): WaterProbeSpec {
  const sign = index === 0 ? 1 : -0.4;
  return quantity === 'ec'
    ? {
        ...{ responseSeconds: own.responseSeconds, noise: own.ecNoise, gain: own.ecGain },
        ...{ driftPerDay: own.ecDriftPerDay * sign, compensationPerCelsius: 0.02 },
      }
    : { responseSeconds: 2 * own.responseSeconds, noise: 0.05, driftPerDay: 0.002 };
}
