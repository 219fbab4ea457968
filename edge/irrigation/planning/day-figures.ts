import type { WaterBalanceRecord } from '@nongtin/broker/wire';
import type { DayReport } from '../crop-water/balance.ts';
import type { SoilState } from '../crop-water/state.ts';
import type { DayEt0 } from './day-et0.ts';
import type { GivenWater } from './given.ts';
import { reasonsOf, type WeatherTrust } from './weather-trust.ts';

interface ClosedDay {
  readonly report: DayReport;
  /** At its end, with what the probe has corrected. */
  readonly soil: SoilState;
  readonly et0: DayEt0;
  readonly doubts: ReturnType<WeatherTrust['doubts']>;
  readonly given: GivenWater;
  /** Null: no gauge spoke. */
  readonly rainMm: number | null;
  readonly correctedMm: number;
}

type Figures = Omit<WaterBalanceRecord, 'kind' | 'atMs' | 'zone' | 'isAssumed' | 'isFromProbe'>;

/** Every figure of a day that is over, as it is journaled: to a ten-thousandth. */
export function figuresOf(day: ClosedDay): Figures {
  const { report, soil, et0, doubts, given, rainMm, correctedMm } = day;
  return {
    ...{ date: report.date, et0Mm: round(et0.mm), et0Method: et0.method },
    ...{ et0Reasons: [...reasonsOf(doubts), ...et0.reasons], stage: report.stage },
    ...{ kc: round(report.kc), ks: round(report.ks) },
    ...{ etcMm: round(report.etcMm), etcActualMm: round(report.etcActualMm) },
    ...{ rainMm: rainMm === null ? null : round(rainMm), effectiveRainMm: round(report.effectiveRainMm) },
    ...{ runoffMm: round(report.runoffMm), measuredLitres: round(given.measuredLitres) },
    ...{ unprovenLitres: round(given.unprovenLitres), irrigationMm: round(report.irrigationMm) },
    ...{ percolationMm: round(report.percolationMm), correctedMm: round(correctedMm) },
    ...{ depletionMm: round(soil.depletionMm), rawMm: round(report.rawMm), tawMm: round(report.tawMm) },
    ...{ rootDepthMetres: round(soil.rootDepthMetres), surfaceDepletionMm: round(soil.surfaceDepletionMm) },
    ...{ wettedFraction: round(soil.wettedFraction), probe: soil.probe },
  };
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
