import { type Amount, cuttingOf, durationSeconds, partsOf } from './amount.ts';
import {
  DAY_MS,
  dateOf,
  dateText,
  dayOfText,
  type LocalDay,
  localDay,
  minutesOfText,
  momentOf,
  weekday,
} from './calendar.ts';
import type { Conditions, Site } from './conditions.ts';
import { type Opportunity, ofWindow, withinTurn, withoutHolidays } from './opportunities.ts';
import { type ScheduledProgram, weekdays } from './program.ts';
import { type SunEvent, sunMoment } from './sun.ts';

/** A start (or a finish) of the calendar, and how long it may be carried out. */
export interface Slot extends Opportunity {
  /** The time that the program states. */
  readonly statedMs: number;
}
type Moment = Pick<Conditions, 'nowMs' | 'site' | 'zone' | 'turn'>;
export type Start = ScheduledProgram['starts'][number];

/** How much later than planned it may go on: other zones may be before it. */
const LATE_MS = 2 * 3_600_000;
/** Each opening takes its time, and what must be over by a finish begins that much earlier. */
const OPENING_SECONDS = 60;
const DAYS_AHEAD = 400;
/** Where none of so many days has a slot (it never meets a water turn, say) none of the others will. */
const MOST_DAYS = 60;

/** Slots that are not over: all those that have begun, and at least one to come where there is one within a year. */
export function slots(program: ScheduledProgram, amount: Amount | null, conditions: Moment): Slot[] {
  const { site, nowMs } = conditions;
  const today = localDay(site.timeZone, nowMs);
  const found: Slot[] = [];
  const isDay = dayTest(program.days);
  let tried = 0;
  for (let day = today - 2; day <= today + DAYS_AHEAD && tried < MOST_DAYS; day++) {
    if (!isDay(day)) continue;
    tried += 1;
    for (const start of program.starts)
      found.push(
        ...slotOn(program, start, day, amount, conditions).filter(
          ({ endMs, startMs }) => endMs > nowMs && endMs > startMs,
        ),
      );
    // Sunset and minutes may lie on the next day, a finish's start on the day before.
    if (day > today + 1 && found.some(({ startMs }) => startMs > nowMs)) break;
  }
  return found.sort((a, b) => a.startMs - b.startMs);
}

function slotOn(
  program: ScheduledProgram,
  start: Start,
  day: LocalDay,
  amount: Amount | null,
  { site, zone, turn }: Moment,
): Slot[] {
  const statedMs = momentOfStart(start, day, site);
  if (statedMs === null) return [];
  const cutting = cuttingOf(program.cycles, zone);
  const seconds = amount?.seconds ?? 0;
  const lastsMs = (durationSeconds(seconds, cutting) + partsOf(seconds, cutting) * OPENING_SECONDS) * 1000;
  const isFinish = program.anchor === 'finish';
  const slot: Slot = {
    ...{ slot: `${dateText(day)}T${nameOf(start)}`, rank: 0, statedMs },
    startMs: isFinish ? statedMs - lastsMs : statedMs,
    endMs: isFinish ? statedMs : statedMs + lastsMs + LATE_MS,
  };
  return withinWindows(slot, program.windows, site)
    .flatMap((part) => withoutHolidays(part, program.holidays ?? [], site))
    .flatMap((part) => withinTurn(part, site, turn));
}

/** '05:00', 'sunrise-30', 'sunset+15': names a start within its day, whatever the sun does. */
export function nameOf({ at, sunriseMinutes, sunsetMinutes }: Start): string {
  if (at !== undefined) return at;
  const [event, minutes] =
    sunriseMinutes === undefined ? ['sunset', sunsetMinutes ?? 0] : ['sunrise', sunriseMinutes];
  return `${event}${minutes < 0 ? '-' : '+'}${Math.abs(minutes)}`;
}

function momentOfStart(
  { at, sunriseMinutes, sunsetMinutes }: Start,
  day: LocalDay,
  site: Site,
): number | null {
  if (at !== undefined) {
    const minutes = minutesOfText(at);
    return minutes === null ? null : momentOf(site.timeZone, day, minutes);
  }
  const event: SunEvent = sunriseMinutes === undefined ? 'sunset' : 'sunrise';
  const sunMs = sunMoment(event, day, site);
  return sunMs === null ? null : sunMs + (sunriseMinutes ?? sunsetMinutes ?? 0) * 60_000;
}

function dayTest(days: ScheduledProgram['days']): (day: LocalDay) => boolean {
  if (!days) return () => true;
  const { weekdays: named, everyDays, from: fromText = '', parity } = days;
  if (named) return (day) => named.includes(weekdays[weekday(day)] ?? 'sun');
  if (everyDays !== undefined) {
    const from = dayOfText(fromText) ?? Infinity;
    return (day) => day >= from && (day - from) % everyDays === 0;
  }
  return (day) => parity === undefined || isParity(day, parity);
}

/** As controllers of Hunter and Toro have it: 'odd' leaves out what the 1st of the next month would follow at once. */
function isParity(day: LocalDay, parity: 'odd' | 'even'): boolean {
  const { month, dayOfMonth } = dateOf(day);
  if (parity === 'even') return dayOfMonth % 2 === 0;
  return dayOfMonth % 2 === 1 && dayOfMonth !== 31 && !(month === 2 && dayOfMonth === 29);
}

function withinWindows(slot: Slot, windows: ScheduledProgram['windows'], site: Site): Slot[] {
  if (!windows) return [slot];
  const days = [-1, 0, 1].map((step) => localDay(site.timeZone, slot.startMs + step * DAY_MS));
  return windows.flatMap((window, rank) =>
    days
      .flatMap((day) => ofWindow(window, rank, day, site))
      .map((one) => ({
        ...slot,
        startMs: Math.max(slot.startMs, one.startMs),
        endMs: Math.min(slot.endMs, one.endMs),
      }))
      .filter(({ startMs, endMs }) => endMs > startMs),
  );
}
