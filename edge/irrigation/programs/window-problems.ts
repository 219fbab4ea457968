import { dayOfText, localDay, minutesOfText } from './calendar.ts';
import type { ProgramContext } from './context.ts';
import { type Program, type Window, weekdays } from './program.ts';

/** Nothing can be opened and closed in less. */
const SHORTEST_MINUTES = 2;
const WEEK_MINUTES = 7 * 1440;

/** What is wrong with a program's windows: each for itself, then together. */
export function windowProblems({ windows = [] }: Program, at: string, context: ProgramContext): string[] {
  const own = windows.flatMap((window, w) => problemsOf(window, `${at}.windows[${w}]`, context));
  return own.length > 0 ? own : overlaps(windows, at);
}

function problemsOf(window: Window, field: string, { nowMs, site }: ProgramContext): string[] {
  const { firstDate, lastDate } = window;
  const [start, end] = [minutesOfText(window.start), minutesOfText(window.end)];
  const times = (['start', 'end'] as const).filter((name) => minutesOfText(window[name]) === null);
  const dates = (['firstDate', 'lastDate'] as const).filter((name) => isNoDay(window[name]));
  const problems = [
    ...times.map((name) => `${field}.${name} must be a time such as 04:30`),
    ...dates.map((name) => `${field}.${name} must be a day such as 2026-11-23`),
  ];
  if (start === 1440) problems.push(`${field}.start must be before 24:00: write 00:00`);
  if (start !== null && end !== null && start < 1440 && lengthOf(start, end) < SHORTEST_MINUTES)
    problems.push(
      `${field} is of no length: its end must be at least ${SHORTEST_MINUTES} minutes after its start`,
    );
  const [first, last] = [dayOfText(firstDate ?? ''), dayOfText(lastDate ?? '')];
  if (first !== null && last !== null && last < first)
    problems.push(`${field}.lastDate must not be before firstDate (${firstDate})`);
  else if (last !== null && nowMs !== null && last < localDay(site.timeZone, nowMs))
    problems.push(`${field} lies in the past, its lastDate was ${lastDate}: set a later one, or remove it`);
  return problems;
}

function isNoDay(date: string | undefined): boolean {
  return date !== undefined && dayOfText(date) === null;
}

/** Equal times are of no length, not of a day. */
function lengthOf(start: number, end: number): number {
  return end >= start ? end - start : end - start + 1440;
}

/** Two windows at one time would be two decisions; seasons that do not meet keep them apart. */
function overlaps(windows: readonly Window[], at: string): string[] {
  return windows.flatMap((one, w) =>
    windows.slice(w + 1).flatMap((other, n) => {
      if (areApart(one, other) || areApart(other, one)) return [];
      if (!begins(one, other) && !begins(other, one)) return [];
      return [`${at}.windows[${w + 1 + n}] overlaps with windows[${w}]: join them, or move one`];
    }),
  );
}

function areApart({ lastDate }: Window, { firstDate }: Window): boolean {
  const [last, first] = [dayOfText(lastDate ?? ''), dayOfText(firstDate ?? '')];
  return last !== null && first !== null && last + 1 < first;
}

/** Whether `other` begins within `one`, in a week that has no beginning. */
function begins(one: Window, other: Window): boolean {
  const [start, end] = [minutesOfText(one.start) ?? 0, minutesOfText(one.end) ?? 0];
  const daysOf = ({ days = [...weekdays] }: Window) => days.map((day) => weekdays.indexOf(day) * 1440);
  return daysOf(one).some((day) =>
    daysOf(other).some((otherDay) => {
      const otherStart = otherDay + (minutesOfText(other.start) ?? 0);
      return (otherStart - day - start + 2 * WEEK_MINUTES) % WEEK_MINUTES < lengthOf(start, end);
    }),
  );
}
