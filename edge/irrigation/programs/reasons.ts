import type { Reason } from '@nongtin/broker/wire';

/** When something is foreseen: the local date and time. */
interface When {
  readonly nextDate: string;
  readonly nextTime: string;
}
/** What a wanted decision comes to; a record's reader finds it there (historyOf). */
interface Sum {
  readonly decisionSeconds: number;
  /** Only where a meter counts them. */
  readonly decisionLitres?: number | undefined;
  /** At the zone's nominal flow. */
  readonly plannedLitres: number;
  readonly cycle: number;
  readonly cycles: number;
}
interface DepletionFigures {
  readonly depletionMm: number;
  readonly lineMm: number;
  /** 1: field capacity; 0: wilting point. */
  readonly availableWater: number;
}

/** Every reason that a program gives, with its figures. Each has a sentence in dashboards/field/messages. */
export interface ProgramReasons {
  // What waters
  program_depletion: DepletionFigures & Sum;
  program_depletion_ahead: DepletionFigures & Sum & { expectedDepletionMm: number; rawMm: number } & When;
  program_soil_dry: Sum & { soilMoisture: number; openBelow: number; target: number };
  program_clock: Sum & { statedTime: string };
  program_clock_finish: Sum & { statedTime: string };
  program_volume: Sum & { statedTime: string };
  program_volume_finish: Sum & { statedTime: string };
  program_cycle_litres: Sum & { deliveredLitres: number };
  program_cycle_time: Sum & { deliveredSeconds: number };
  // What forbids it
  no_flow_meter: Record<never, never>;
  program_stop_all: { by: string };
  program_paused: When;
  program_paused_by: { by: string } & When;
  program_clock_untrusted: Record<never, never>;
  program_holiday: { date: string };
  // Where the decision stands
  already_running: Record<never, never>;
  program_running: { cycle: number };
  program_soaking: { soakSeconds: number; nextTime: string };
  program_done_litres: { deliveredLitres: number; decisionLitres: number };
  program_done_time: { deliveredSeconds: number; decisionSeconds: number };
  program_stopped_by_person: Record<never, never>;
  program_gave_up: { cycles: number };
  // What is not needed, or not now
  program_depletion_unknown: Record<never, never>;
  program_enough: DepletionFigures;
  program_enough_rain: DepletionFigures & { rainMm: number };
  program_moisture_unknown: Record<never, never>;
  program_probe_doubted: Record<never, never>;
  program_soil_wet: { soilMoisture: number; openBelow: number };
  program_soil_wet_rain: { soilMoisture: number; openBelow: number; rainMm: number };
  program_target_reached: { soilMoisture: number; target: number };
  program_season_off: { month: number };
  program_season_et0_off: { et0MmPerDay: number };
  program_zone_incomplete: { field: string };
  program_no_opportunity: Record<never, never>;
  program_waits_start: When;
  program_waits_turn: When & { member: string };
  program_not_in_turn: { member: string };
  program_waits_window: When;
  program_waits_window_soil: DepletionFigures & When;
  program_waits_better_window: DepletionFigures & When;
  program_window_short: { leftSeconds: number };
  // Weather
  program_raining: Record<never, never>;
  program_rain: { rainMm: number; hours: number };
  program_rain_soil: { rainMm: number; hours: number; availableWater: number };
  program_rain_moisture: { rainMm: number; hours: number; soilMoisture: number };
  program_wind: { windMetresPerSecond: number; limitMetresPerSecond: number };
  program_forecast_rain: { expectedMm: number; hours: number };
  program_postponed_rain: DepletionFigures & { expectedMm: number } & When;
  // Notes beside a decision
  program_forecast_missing: Record<never, never>;
  program_forecast_stale: { ageHours: number };
  program_forecast_ahead: Record<never, never>;
  program_forecast_unreadable: { problem: string };
  program_forecast_not_renewed: { problem: string; ageHours: number };
  program_rain_unknown: Record<never, never>;
  program_wind_unknown: Record<never, never>;
  program_et0_unknown: Record<never, never>;
  program_crop_over: { days: number };
}

export function programReason<Key extends keyof ProgramReasons>(
  key: Key,
  figures: ProgramReasons[Key],
): Reason {
  const kept: Reason['figures'] = {};
  for (const [name, value] of Object.entries<number | string | undefined>({ ...figures })) {
    if (value !== undefined)
      kept[name] = typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value;
  }
  return { key, figures: kept };
}
