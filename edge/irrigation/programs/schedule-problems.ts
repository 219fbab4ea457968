import { cuttingOf, durationSeconds } from './amount.ts';
import { dayOfText, minutesOfText } from './calendar.ts';
import type { ProgramContext } from './context.ts';
import type { ScheduledProgram, Window } from './program.ts';
import { nameOf, type Start } from './schedule.ts';

/** What is wrong with the days, starts and season of a program by the calendar. */
export function scheduleProblems(program: ScheduledProgram, at: string, context: ProgramContext): string[] {
  const { starts } = program;
  const wrong = starts.flatMap((start, s) => startProblems(start, `${at}.starts[${s}]`, context));
  const twice = starts.flatMap((start, s) => {
    const first = starts.findIndex((one) => nameOf(one) === nameOf(start));
    return first < s ? [`${at}.starts[${s}] is the same as starts[${first}]: keep one`] : [];
  });
  const problems = [...dayProblems(program, at), ...wrong, ...seasonProblems(program, at)];
  return problems.length > 0 ? problems : [...twice, ...windowProblems(program, at, context)];
}

function startProblems(start: Start, field: string, { site }: ProgramContext): string[] {
  const { at, sunriseMinutes, sunsetMinutes } = start;
  const stated = [at, sunriseMinutes, sunsetMinutes].filter((one) => one !== undefined).length;
  if (stated !== 1) return [`${field} must say exactly one of at, sunriseMinutes and sunsetMinutes`];
  if (at === undefined)
    return site.location
      ? []
      : [`${field} goes by the sun, and nobody has said where the farm is: add its location`];
  const minutes = minutesOfText(at);
  return minutes === null || minutes === 1440 ? [`${field}.at must be a time from 00:00 to 23:59`] : [];
}

function dayProblems({ days }: ScheduledProgram, at: string): string[] {
  if (!days) return [];
  const field = `${at}.days`;
  const { weekdays, everyDays, from, parity } = days;
  const stated = [weekdays, everyDays, parity].filter((one) => one !== undefined).length;
  if (stated !== 1) return [`${field} must say exactly one of weekdays, everyDays and parity`];
  if (everyDays === undefined)
    return from === undefined ? [] : [`${field}.from is for everyDays only: remove it`];
  if (from === undefined) return [`${field} lacks from, add the day that everyDays is counted from`];
  return dayOfText(from) === null ? [`${field}.from must be a day such as 2026-11-23`] : [];
}

function seasonProblems({ season }: ScheduledProgram, at: string): string[] {
  if (!season) return [];
  const { percentByMonth, et0MmPerDay } = season;
  if (percentByMonth === undefined && et0MmPerDay === undefined)
    return [
      `${at}.season must say percentByMonth or et0MmPerDay, or both: then the months stand in when ET0 is unknown`,
    ];
  if (percentByMonth?.every((percent) => percent === 0))
    return [`${at}.season.percentByMonth is 0 in every month, so nothing would ever be watered: raise one`];
  return [];
}

/** A start must lie in a window, and the whole watering with its soaks beside it; as far as its length is known here. */
function windowProblems(program: ScheduledProgram, at: string, { zone }: ProgramContext): string[] {
  const { windows, starts, anchor } = program;
  if (!windows) return [];
  const seconds = program.kind === 'clock' ? program.runSeconds : 0;
  const lasts = Math.ceil(durationSeconds(seconds, cuttingOf(program.cycles, zone)) / 60);
  return starts.flatMap((start, s): string[] => {
    const stated = start.at === undefined ? null : minutesOfText(start.at);
    if (stated === null) return [];
    const field = `${at}.starts[${s}]`;
    const rooms = windows.flatMap((window) => roomIn(window, stated, anchor === 'finish'));
    if (rooms.length === 0)
      return [`${field} ${start.at} lies in none of its windows: move it, or the window`];
    if (Math.max(...rooms) >= lasts) return [];
    return anchor === 'finish'
      ? [`${field} cannot be over by ${start.at}: it lasts ${lasts} min, and no window begins early enough`]
      : [
          `${field} ${start.at} lasts ${lasts} min, and its window ends before that: lengthen it, or shorten the run`,
        ];
  });
}

/** Minutes of the window before a finish or after a start; nothing when it lies outside. */
function roomIn(window: Window, stated: number, isFinish: boolean): number[] {
  const [from, to] = [minutesOfText(window.start) ?? 0, minutesOfText(window.end) ?? 0];
  const length = (to - from + 1440) % 1440 || 1440;
  const into = (stated - from + 1440) % 1440;
  if (isFinish) return into <= length && into > 0 ? [into] : [];
  return into < length ? [length - into] : [];
}
