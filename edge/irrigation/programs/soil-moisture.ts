import { type Amount, amountOfLitres, cuttingOf } from './amount.ts';
import type { Conditions } from './conditions.ts';
import type { SoilMoistureProgram } from './program.ts';
import type { Progress } from './progress.ts';
import { programReason } from './reasons.ts';
import { goingOn, not, type Verdict, water } from './verdict.ts';
import { rainMmOfLast } from './weather.ts';

/** A filling that has rested for longer than its soak and this was over; it begins anew only below the threshold. */
const GOES_ON_SECONDS = 1_800;
const RAIN_HOURS = 24;
const TOLD_RAIN_MM = 1;

/**
 * On below one moisture, off at another. A fresh reading of a probe that is believed is needed for each cycle: without one,
 * nothing is watered "until it is wet". The most of one window or day is never exceeded, whatever the probe says.
 */
export function bySoilMoisture(
  program: SoilMoistureProgram,
  progress: Progress,
  conditions: Conditions,
): Verdict {
  const { soilMoisture, isProbeDoubted } = conditions;
  const { openBelowFraction: openBelow, targetFraction: target } = program;
  if (isProbeDoubted) return not(programReason('program_probe_doubted', {}));
  if (soilMoisture === null) return not(programReason('program_moisture_unknown', {}));
  const figures = { soilMoisture, openBelow, target };
  if (isFilling(program, progress, conditions) && progress.planned) {
    if (soilMoisture >= target) return not(programReason('program_target_reached', { soilMoisture, target }));
    return water(progress.planned, (sum) => goingOn(sum, progress.delivered));
  }
  if (soilMoisture >= openBelow) return not(wet(figures, conditions));
  return water(progress.planned ?? mostOf(program, conditions), (sum) =>
    programReason('program_soil_dry', { ...figures, ...sum }),
  );
}

/** Why soil above the threshold is not watered, with the rain that may have made it so. */
export function wet(figures: { soilMoisture: number; openBelow: number }, conditions: Conditions) {
  const { soilMoisture, openBelow } = figures;
  const rainMm = rainMmOfLast(RAIN_HOURS, conditions);
  return rainMm < TOLD_RAIN_MM
    ? programReason('program_soil_wet', { soilMoisture, openBelow })
    : programReason('program_soil_wet_rain', { soilMoisture, openBelow, rainMm });
}

function isFilling(program: SoilMoistureProgram, progress: Progress, { zone }: Conditions): boolean {
  const { soakSeconds } = cuttingOf(program.cycles, zone);
  return !progress.hasReachedTarget && progress.restedSeconds <= soakSeconds + GOES_ON_SECONDS;
}

function mostOf({ maxSeconds, maxLitres }: SoilMoistureProgram, { zone }: Conditions): Amount {
  if (maxLitres !== undefined) return amountOfLitres(maxLitres, zone);
  return { seconds: maxSeconds ?? zone.maxRunSeconds, litres: null };
}
