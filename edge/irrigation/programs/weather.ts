import type { Reason } from '@nongtin/broker/wire';
import type { Conditions, Rain } from './conditions.ts';
import { expectedRainMm, isStale } from './forecast.ts';
import type { Program } from './program.ts';
import { programReason } from './reasons.ts';

const HOUR_MS = 3_600_000;

/** What speaks against watering for now, the most important first, and what could not be asked. */
interface WeatherWord {
  readonly against: readonly Reason[];
  readonly notes: readonly Reason[];
}

export function weatherWord(program: Program, conditions: Conditions): WeatherWord {
  const words = [
    rainWord(program, conditions),
    windWord(program, conditions),
    forecastWord(program, conditions),
  ];
  return {
    against: [...conditions.against, ...words.flatMap((word) => word.against)],
    notes: words.flatMap((word) => word.notes),
  };
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

function rainWord({ rainSkip }: Program, conditions: Conditions): WeatherWord {
  const { rain } = conditions;
  if (!rainSkip) return { against: [], notes: [] };
  const against = rain ? rainReasons(rainSkip, rain, conditions) : [];
  // What a silent gauge has missed can only add to what is known.
  const isUnknown = against.length === 0 && (!rain || rain.isGaugeSilent);
  return { against, notes: isUnknown ? [programReason('program_rain_unknown', {})] : [] };
}

function rainReasons(
  { mm, hours, whileRaining = true }: NonNullable<Program['rainSkip']>,
  { isRaining }: Rain,
  conditions: Conditions,
): Reason[] {
  const rainMm = rainMmOfLast(hours, conditions);
  return [
    ...(rainMm >= mm ? [rainReason({ rainMm, hours }, conditions)] : []),
    ...(isRaining && whileRaining ? [programReason('program_raining', {})] : []),
  ];
}

/** With what is known of the soil beside it. */
function rainReason(
  figures: { rainMm: number; hours: number },
  { depletion, soilMoisture }: Conditions,
): Reason {
  if (depletion && depletion.tawMm > 0) {
    const availableWater = 1 - depletion.depletionMm / depletion.tawMm;
    return programReason('program_rain_soil', { ...figures, availableWater });
  }
  if (soilMoisture !== null) return programReason('program_rain_moisture', { ...figures, soilMoisture });
  return programReason('program_rain', figures);
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

function forecastWord({ forecastSkip }: Program, conditions: Conditions): WeatherWord {
  const { forecast, nowMs } = conditions;
  const notes = forecastNotes(conditions, forecastSkip !== undefined);
  if (!forecastSkip || !forecast) return { against: [], notes };
  const { mm, hours, probabilityFraction = 0 } = forecastSkip;
  const toMs = nowMs + hours * HOUR_MS;
  const likely = forecast.hours.filter(({ probability }) => (probability ?? 1) >= probabilityFraction);
  const expectedMm = expectedRainMm({ ...forecast, hours: likely }, nowMs, toMs, nowMs) ?? 0;
  const against = expectedMm >= mm ? [programReason('program_forecast_rain', { expectedMm, hours })] : [];
  return { against, notes };
}

/** Said where there is a forecast that does not count, or was not renewed; or none where the program asks for one. */
function forecastNotes(
  { forecast, forecastProblem: problem, nowMs }: Conditions,
  isAsked: boolean,
): Reason[] {
  const ageHours = forecast && Math.round((nowMs - forecast.issuedAtMs) / HOUR_MS);
  if (problem !== null)
    return forecast && ageHours !== null && !isStale(forecast, nowMs)
      ? [programReason('program_forecast_not_renewed', { problem, ageHours: Math.max(0, ageHours) })]
      : [programReason('program_forecast_unreadable', { problem })];
  if (!forecast || ageHours === null) return isAsked ? [programReason('program_forecast_missing', {})] : [];
  if (!isStale(forecast, nowMs)) return [];
  if (forecast.issuedAtMs > nowMs) return [programReason('program_forecast_ahead', {})];
  return [programReason('program_forecast_stale', { ageHours })];
}
