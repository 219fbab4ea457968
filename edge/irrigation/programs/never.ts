import { DAY_MS, dayOfText, momentOf } from './calendar.ts';
import type { Conditions } from './conditions.ts';
import type { ProgramContext } from './context.ts';
import { opportunities } from './opportunities.ts';
import type { Program, Window } from './program.ts';
import { slots } from './schedule.ts';

/** Any week will do where nobody says what day it is. */
const SOME_DAY = 21_000;
const WEEK_DAYS = 7;
/** So far slots are looked for at once (schedule.ts). */
const SLOTS_DAYS = 60;
const YEAR_DAYS = 366;

type Moment = Pick<Conditions, 'nowMs' | 'site' | 'zone' | 'turn' | 'clock'>;

/** A program each part of which is sound, and which yet waters nothing within a year of its beginning. */
export function neverProblems(program: Program, at: string, context: ProgramContext): string[] {
  const { turn } = context;
  const { id, windows } = program;
  if (turn && windows && !isEver({ id, windows: windows.map(undatedWindow) }, context))
    return [`${at}.windows never meet the water turns of ${turn.member}: move one of them`];
  if (isEver(context.nowMs === null ? asEveryYear(program) : program, context)) return [];
  return [
    `${at} would never water anything: its days, times, windows, water turns and holidays leave no moment of a year, move one of them`,
  ];
}

function undatedWindow({ start, end, days }: Window): Window {
  return days ? { start, end, days } : { start, end };
}

/** Without what is bound to one year, which may be over. */
function asEveryYear(program: Program): Program {
  const holidays = program.holidays?.filter((holiday) => dayOfText(holiday) === null) ?? [];
  return { ...program, holidays, ...(program.windows && { windows: program.windows.map(undatedWindow) }) };
}

function isEver(program: Program, { nowMs, site, zone, turn }: ProgramContext): boolean {
  const isScheduled = program.kind === 'clock' || program.kind === 'volume';
  const from = isScheduled ? [program.days?.from ?? ''] : [];
  const dates = [...from, ...(program.windows ?? []).map(({ firstDate = '' }) => firstDate)];
  const beginMs = nowMs ?? momentOf(site.timeZone, SOME_DAY, 0);
  const begins = dates.flatMap((date) => momentOf(site.timeZone, dayOfText(date) ?? SOME_DAY, 0));
  const clock = { isTrusted: true, sinceStartMs: 0, totalUptimeMs: 0 };
  const stepDays = isScheduled ? SLOTS_DAYS : WEEK_DAYS;
  const at = (atMs: number): Moment => ({ nowMs: atMs, site, zone, turn, clock });
  return [beginMs, ...begins.filter((atMs) => atMs > beginMs)].some((firstMs) => {
    for (let day = 0; day < YEAR_DAYS; day += stepDays) {
      const moment = at(firstMs + day * DAY_MS);
      const found = isScheduled
        ? slots(program, { seconds: 60, litres: null }, moment)
        : opportunities(program, moment);
      if (found.length > 0) return true;
    }
    return false;
  });
}
