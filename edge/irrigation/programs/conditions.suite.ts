import type { Conditions, Watering } from './index.ts';

type Depletion = NonNullable<Conditions['depletion']>;

/** Plot A3 at Phan Thiết: 1,000 m² of dragon fruit behind one valve of 100 L/min. */
export const zone: Conditions['zone'] = {
  ...{ id: 'a3', nominalFlowLitresPerMinute: 100, isMetered: true, maxRunSeconds: 3600 },
  ...{ areaSquareMetres: 1000, plants: 110 },
};
export const hanoi = { latitude: 21.0285, longitude: 105.8542 };
const phanThiet = { latitude: 10.9289, longitude: 108.1021 };

/** A moment in Vietnam, '2026-11-23 05:00'. */
export function at(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}:00+07:00`);
}

/** A dry, windless moment at which everything is known. */
export function conditions(text: string, other: Partial<Conditions> = {}): Conditions {
  const nowMs = at(text);
  return {
    nowMs,
    clock: { isTrusted: true, sinceStartMs: 864_000_000, totalUptimeMs: 8_640_000_000 },
    site: { timeZone: 'Asia/Ho_Chi_Minh', location: phanThiet },
    ...{
      zone,
      stopAll: null,
      pause: null,
      depletion: null,
      soilMoisture: null,
      isProbeDoubted: false,
      cropOverDays: 0,
      rain: null,
    },
    ...{
      windMetresPerSecond: null,
      forecast: null,
      forecastProblem: null,
      et0MmPerDay: null,
      against: [],
      turn: null,
      history: [],
    },
    ...other,
  };
}

/** 1 mm takes 1,250 litres through the valve: 1,000 m² at an efficiency of 0.8. */
export function depleted(text: string, depletionMm: number, other: Partial<Depletion> = {}): Depletion {
  return {
    ...{ asOfMs: at(text), depletionMm, rawMm: 30, tawMm: 60, etcMmPerDay: 5, litresPerMm: 1250 },
    ...other,
  };
}

/** A cycle that has been carried out as it was wanted. */
export function watered(
  wanted: { decisionId: string; cycle: number; seconds: number } & Pick<
    Watering,
    'decisionSeconds' | 'decisionLitres'
  >,
  ended: { at: string; litres: number | null; seconds?: number } & Partial<NonNullable<Watering['ended']>>,
): Watering {
  const { at: text, litres, ...rest } = ended;
  const { decisionId, cycle, decisionSeconds, decisionLitres, seconds: plannedSeconds } = wanted;
  const seconds = ended.seconds ?? plannedSeconds;
  return {
    ...{ decisionId, cycle, decisionSeconds, decisionLitres, plannedSeconds },
    startedAtMs: at(text) - seconds * 1000,
    ended: { atMs: at(text), agoSeconds: null, litres, outcome: 'completed', ...rest, seconds },
  };
}
