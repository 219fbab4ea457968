import type { Reason } from '@nongtin/broker/wire';
import { type Amount, amountOfLitres } from './amount.ts';
import { dateOf, localDay, timeText } from './calendar.ts';
import type { Conditions } from './conditions.ts';
import type { ScheduledProgram } from './program.ts';
import { programReason } from './reasons.ts';
import type { Slot } from './schedule.ts';
import { not, type Sum, type Verdict, water } from './verdict.ts';

/** A day's ET0 that is far from the one the amount was meant for is an error rather than weather. */
const MOST_FACTOR = 2;

/** The amount on a usual day, before the season changes it; null when the zone lacks what it is counted by. */
function statedAmount(program: ScheduledProgram, { zone }: Pick<Conditions, 'zone'>): Amount | null {
  if (program.kind === 'clock') return { seconds: program.runSeconds, litres: null };
  const { litres, litresPerPlant, mm } = program;
  const { plants, areaSquareMetres } = zone;
  if (litres !== undefined) return amountOfLitres(litres, zone);
  if (litresPerPlant !== undefined)
    return plants === null ? null : amountOfLitres(litresPerPlant * plants, zone);
  return mm === undefined || areaSquareMetres === null ? null : amountOfLitres(mm * areaSquareMetres, zone);
}

/** The amount in the month that asks for most, by its percent; null when the zone lacks what it is counted by. */
export function greatestAmount(program: ScheduledProgram, { zone }: Pick<Conditions, 'zone'>): Amount | null {
  const stated = statedAmount(program, { zone });
  const { percentByMonth = [100], et0MmPerDay } = program.season ?? {};
  const factor = Math.max(et0MmPerDay === undefined ? 0 : 1, Math.max(...percentByMonth) / 100);
  return stated && { seconds: stated.seconds * factor, litres: null };
}

interface Season {
  readonly factor: number;
  /** Why nothing is left of it, where that is so. */
  readonly off: Reason;
}

/** How much of the stated amount this month, or this weather, asks for: 1 is all of it. */
function seasonOf({ season }: ScheduledProgram, { et0MmPerDay, nowMs, site }: Conditions): Season {
  const { month } = dateOf(localDay(site.timeZone, nowMs));
  if (season?.et0MmPerDay !== undefined && et0MmPerDay !== null)
    return {
      factor: Math.min(MOST_FACTOR, Math.max(0, et0MmPerDay / season.et0MmPerDay)),
      off: programReason('program_season_et0_off', { et0MmPerDay }),
    };
  return {
    factor: (season?.percentByMonth?.[month - 1] ?? 100) / 100,
    off: programReason('program_season_off', { month }),
  };
}

/** What a slot of today comes to; null when it cannot be told. */
export function amountOf(program: ScheduledProgram, conditions: Conditions): Amount | null {
  const stated = statedAmount(program, conditions);
  if (stated === null) return null;
  const { factor } = seasonOf(program, conditions);
  return {
    seconds: Math.round(stated.seconds * factor),
    litres: stated.litres === null ? null : stated.litres * factor,
  };
}

/** Said when the season should follow the weather and cannot. */
export function seasonNotes({ season }: ScheduledProgram, { et0MmPerDay }: Conditions): Reason[] {
  const isMissing = season?.et0MmPerDay !== undefined && et0MmPerDay === null;
  return isMissing ? [programReason('program_et0_unknown', {})] : [];
}

/** In a slot of its schedule such a program waters. */
export function bySchedule(program: ScheduledProgram, slot: Slot, conditions: Conditions): Verdict {
  const { site } = conditions;
  const amount = amountOf(program, conditions);
  if (amount === null) {
    const field = program.kind === 'volume' && program.mm !== undefined ? 'areaSquareMetres' : 'plants';
    return not(programReason('program_zone_incomplete', { field }));
  }
  if (amount.seconds === 0) return not(seasonOf(program, conditions).off);
  const statedTime = timeText(site.timeZone, slot.statedMs);
  return water(amount, (sum) => scheduledReason(program, statedTime, sum));
}

function scheduledReason({ kind, anchor }: ScheduledProgram, statedTime: string, sum: Sum): Reason {
  const key = anchor === 'finish' ? (`program_${kind}_finish` as const) : (`program_${kind}` as const);
  return programReason(key, { ...sum, statedTime });
}
