import type { Reason } from '@nongtin/broker/wire';
import type { Conditions, Rain } from './conditions.ts';
import { expectedRainMm, isStale } from './forecast.ts';
import type { Program } from './program.ts';
import { programReason } from './reasons.ts';

const HOUR_MS = 3_600_000;

/** What the weather has against watering, the most important first, and what could not be asked. */
export interface WeatherWord {
  readonly against: readonly Reason[];
  readonly notes: readonly Reason[];
}

export function weatherWord(program: Program, conditions: Conditions): WeatherWord {
  const { depletion } = conditions;
  const availableWater =
    depletion && depletion.tawMm > 0 ? 1 - depletion.depletionMm / depletion.tawMm : null;
  const words = [
    rainWord(program, conditions, availableWater),
    windWord(program, conditions),
    forecastWord(program, conditions),
  ];
  return { against: words.flatMap((word) => word.against), notes: words.flatMap((word) => word.notes) };
}

/** Rain (mm) of the last hours; an hour that reaches further back counts in part. */
export function rainMmOfLast(hours: number, { rain, nowMs }: Pick<Conditions, 'rain' | 'nowMs'>): number {
  const fromMs = nowMs - hours * HOUR_MS;
  return (rain?.hours ?? []).reduce((sum, { startMs, mm }) => {
    const overlapMs = Math.min(nowMs, startMs + HOUR_MS) - Math.max(fromMs, startMs);
    const lengthMs = Math.min(HOUR_MS, nowMs - startMs);
    return overlapMs > 0 && lengthMs > 0 ? sum + mm * Math.min(1, overlapMs / lengthMs) : sum;
  }, 0);
}

function rainWord({ rainSkip }: Program, conditions: Conditions, availableWater: number | null): WeatherWord {
  const { rain } = conditions;
  if (!rainSkip) return { against: [], notes: [] };
  if (!rain) return { against: [], notes: [programReason('program_rain_unknown', {})] };
  return { against: rainReasons(rainSkip, rain, conditions, availableWater), notes: [] };
}

function rainReasons(
  { mm, hours, whileRaining = true }: NonNullable<Program['rainSkip']>,
  rain: Rain,
  conditions: Conditions,
  availableWater: number | null,
): Reason[] {
  const rainMm = rainMmOfLast(hours, conditions);
  const enough =
    rainMm < mm
      ? []
      : availableWater === null
        ? [programReason('program_rain', { rainMm, hours })]
        : [programReason('program_rain_soil', { rainMm, hours, availableWater })];
  return [...enough, ...(rain.isRaining && whileRaining ? [programReason('program_raining', {})] : [])];
}

function windWord({ windSkip }: Program, { windMetresPerSecond }: Conditions): WeatherWord {
  if (!windSkip) return { against: [], notes: [] };
  if (windMetresPerSecond === null)
    return { against: [], notes: [programReason('program_wind_unknown', {})] };
  const { metresPerSecond: limitMetresPerSecond } = windSkip;
  if (windMetresPerSecond <= limitMetresPerSecond) return { against: [], notes: [] };
  return {
    against: [programReason('program_wind', { windMetresPerSecond, limitMetresPerSecond })],
    notes: [],
  };
}

function forecastWord({ forecastSkip }: Program, { forecast, nowMs }: Conditions): WeatherWord {
  const notes = forecastNotes(forecast, forecastSkip !== undefined, nowMs);
  if (!forecastSkip || !forecast || notes.length > 0) return { against: [], notes };
  const { mm, hours, probabilityFraction = 0 } = forecastSkip;
  const toMs = nowMs + hours * HOUR_MS;
  const likely = forecast.hours.filter(({ probability }) => (probability ?? 1) >= probabilityFraction);
  const expectedMm = expectedRainMm({ ...forecast, hours: likely }, nowMs, toMs, nowMs) ?? 0;
  const against = expectedMm >= mm ? [programReason('program_forecast_rain', { expectedMm, hours })] : [];
  return { against, notes: [] };
}

/** Said whenever there is a forecast that is not used, or none where the program asks for one. */
function forecastNotes(forecast: Conditions['forecast'], isAsked: boolean, nowMs: number): Reason[] {
  if (!forecast) return isAsked ? [programReason('program_forecast_missing', {})] : [];
  if (!isStale(forecast, nowMs)) return [];
  const ageHours = Math.round(Math.abs(nowMs - forecast.issuedAtMs) / HOUR_MS);
  return [programReason('program_forecast_stale', { ageHours })];
}
