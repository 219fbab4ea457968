import {
  DAY_MS,
  dateText,
  dayOfText,
  type LocalDay,
  localDay,
  minutesOfText,
  momentOf,
  weekday,
} from './calendar.ts';
import type { Conditions, Site, TurnTimes } from './conditions.ts';
import { isHoliday } from './holidays.ts';
import { type Program, type Window, weekdays } from './program.ts';

/** A stretch of time in which a program may water; at most one decision is made in all stretches of one slot. */
export interface Opportunity {
  /** Names it for ever: the local date, and the time at which its window begins. */
  readonly slot: string;
  readonly startMs: number;
  readonly endMs: number;
  /** 0 is the best. */
  readonly rank: number;
}

/** The one of this moment, and those to come. */
export interface Stretches {
  readonly now: Opportunity;
  readonly later: readonly Opportunity[];
}

/** A week is seen whole, also from within a stretch that began yesterday. */
const DAYS_AHEAD = 8;
const LONGEST_TURN_DAYS = 7;

/**
 * Those that are not over, the earliest first; of those that begin together the best. Without a trusted clock a day is 24
 * hours of the gateway's running, over all its starts: that many, and no fewer, have passed in truth.
 */
export function opportunities(
  program: Pick<Program, 'windows' | 'holidays'>,
  conditions: Pick<Conditions, 'site' | 'nowMs' | 'turn' | 'clock'>,
): Opportunity[] {
  const { site, nowMs, turn, clock } = conditions;
  if (!clock.isTrusted) {
    const days = Math.floor(clock.totalUptimeMs / DAY_MS);
    const startMs = nowMs - (clock.totalUptimeMs - days * DAY_MS);
    return [{ slot: `uptime-day-${days}`, startMs, endMs: startMs + DAY_MS, rank: 0 }];
  }
  const today = localDay(site.timeZone, nowMs);
  const found: Opportunity[] = [];
  for (let day = today - (turn ? LONGEST_TURN_DAYS : 1); day <= today + DAYS_AHEAD; day++) {
    for (const one of beginningOn(day, program.windows, site, turn)) {
      if (one.endMs <= nowMs) continue;
      const free = withoutHolidays(one, program.holidays ?? [], site);
      found.push(
        ...free.flatMap((stretch) => (program.windows ? withinTurn(stretch, site, turn) : [stretch])),
      );
    }
  }
  return found
    .filter(({ startMs, endMs }) => endMs > nowMs && endMs > startMs)
    .sort((a, b) => a.startMs - b.startMs || a.rank - b.rank);
}

function beginningOn(
  day: LocalDay,
  windows: readonly Window[] | undefined,
  site: Site,
  turn: TurnTimes | null,
): Opportunity[] {
  if (windows) return windows.flatMap((window, rank) => ofWindow(window, rank, day, site));
  if (turn) return turnsOn(day, site, turn);
  const { timeZone } = site;
  const [startMs, endMs] = [momentOf(timeZone, day, 0), momentOf(timeZone, day + 1, 0)];
  return [{ slot: dateText(day), startMs, endMs, rank: 0 }];
}

export function ofWindow(window: Window, rank: number, day: LocalDay, { timeZone }: Site): Opportunity[] {
  const { start, end, days, firstDate, lastDate } = window;
  if (days && !days.includes(weekdays[weekday(day)] ?? 'sun')) return [];
  if (firstDate !== undefined && day < (dayOfText(firstDate) ?? day)) return [];
  if (lastDate !== undefined && day > (dayOfText(lastDate) ?? day)) return [];
  const [from, to] = [minutesOfText(start), minutesOfText(end)];
  if (from === null || to === null) return [];
  const endMinute = to > from ? to : to + 1440;
  return [
    {
      ...{ slot: `${dateText(day)}T${start}`, rank },
      ...{ startMs: momentOf(timeZone, day, from), endMs: momentOf(timeZone, day, endMinute) },
    },
  ];
}

function turnsOn(day: LocalDay, { timeZone }: Site, { times }: TurnTimes): Opportunity[] {
  return times
    .filter((time) => time.weekday === weekday(day))
    .map(({ startMinute, minutes }) => ({
      ...{ slot: `${dateText(day)}T${clockTime(startMinute)}`, rank: 0 },
      startMs: momentOf(timeZone, day, startMinute),
      endMs: momentOf(timeZone, day, startMinute + minutes),
    }));
}

/** What of it lies within turns of the zone's member. */
export function withinTurn<Stretch extends { startMs: number; endMs: number }>(
  stretch: Stretch,
  site: Site,
  turn: TurnTimes | null,
): Stretch[] {
  if (!turn) return [stretch];
  const first = localDay(site.timeZone, stretch.startMs) - LONGEST_TURN_DAYS;
  const last = localDay(site.timeZone, stretch.endMs);
  const parts: Stretch[] = [];
  for (let day = first; day <= last; day++)
    for (const one of turnsOn(day, site, turn)) {
      const startMs = Math.max(stretch.startMs, one.startMs);
      const endMs = Math.min(stretch.endMs, one.endMs);
      if (endMs > startMs) parts.push({ ...stretch, startMs, endMs });
    }
  return parts;
}

/** What of it lies on days on which something may run. */
export function withoutHolidays<Stretch extends { startMs: number; endMs: number }>(
  stretch: Stretch,
  holidays: readonly string[],
  { timeZone }: Site,
): Stretch[] {
  if (holidays.length === 0) return [stretch];
  const parts: Stretch[] = [];
  let startMs = stretch.startMs;
  for (let day = localDay(timeZone, startMs); startMs < stretch.endMs; day++) {
    const midnightMs = momentOf(timeZone, day + 1, 0);
    const endMs = Math.min(stretch.endMs, midnightMs);
    if (!isHoliday(day, holidays)) {
      const before = parts.at(-1);
      if (before?.endMs === startMs) parts[parts.length - 1] = { ...before, endMs };
      else parts.push({ ...stretch, startMs, endMs });
    }
    startMs = Math.max(startMs, midnightMs);
  }
  return parts;
}

function clockTime(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}
