import { StartProblem } from '@nongtin/service';
import type { Input } from '../../irrigation/crop-water/tool/input.ts';
import { dateText, dayOfText } from '../../irrigation/programs/calendar.ts';
import type { Extremes } from '../degree-days.ts';
import type { HeatDay } from '../heat-sum.ts';
import { ENOUGH_HOURS } from '../weather-days.ts';

export const COLUMNS = {
  tmin: 'lowest temperature of the day',
  tmax: 'highest temperature of the day',
  t: 'temperature, where the rows are hours or readings',
  dd: 'published degree-days of the day: compared with ours',
} as const;
type Table = Input<keyof typeof COLUMNS>;

/** A day of somebody's table; `published`: what they have printed for it. */
export type Day = HeatDay & { readonly published: number | null };

const HOUR_MS = 3_600_000;
const MOST_PROBLEMS = 20;
/** A year written wrongly would make millions of missing days. */
const MOST_DAYS = 36_600;

/** The days of a table, in their order; days that it leaves out are left out. Throws a StartProblem that names every wrong row. */
export function daysOf(table: Table, file: string): Day[] {
  if (table.rows.length === 0) throw new StartProblem(`${file} has no rows below its column names`);
  if (table.period === 'month')
    throw new StartProblem(`${file} has months: degree-days are of days or hours`);
  const problems: string[] = [];
  const days = table.period === 'hour' ? fromHours(table, problems) : fromDays(table, problems);
  const [first, last] = [days[0]?.day ?? 0, days.at(-1)?.day ?? 0];
  if (last - first >= MOST_DAYS)
    problems.push(`${dateText(first)} to ${dateText(last)} is more than ${MOST_DAYS} days: is a year wrong?`);
  if (problems.length === 0) return days;
  const more = problems.length > MOST_PROBLEMS ? [`and ${problems.length - MOST_PROBLEMS} more`] : [];
  throw new StartProblem(
    `${file} cannot be used:\n  ${[...problems.slice(0, MOST_PROBLEMS), ...more].join('\n  ')}`,
  );
}

function fromDays({ rows }: Table, problems: string[]): Day[] {
  const days: Day[] = [];
  for (const { at, date, numbers } of rows) {
    const day = dayOfText(date) ?? 0;
    const before = days.at(-1);
    if (before !== undefined && day <= before.day)
      problems.push(`${at}: ${date} does not come after ${dateText(before.day)}: sort the days, each once`);
    const { tmin, tmax, t, dd } = numbers;
    if (t !== undefined) problems.push(`${at}: t is of hours; a day has tmin and tmax`);
    if ((tmin === undefined) !== (tmax === undefined))
      problems.push(`${at} has ${tmin === undefined ? 'tmax' : 'tmin'} alone: give both, or neither`);
    if (tmin !== undefined && tmax !== undefined && tmin > tmax)
      problems.push(`${at}: tmin (${tmin}) is above tmax (${tmax})`);
    const extremes = tmin === undefined || tmax === undefined ? null : { minCelsius: tmin, maxCelsius: tmax };
    days.push({ day, extremes, published: dd ?? null });
  }
  return days;
}

/** Days by the date that is written, which is the place's own; as the gateway takes them, with so many measured hours. */
function fromHours({ rows }: Table, problems: string[]): Day[] {
  const days = new Map<number, { readonly hours: Set<number>; readonly values: number[] }>();
  for (const { at, date, startsAtMs, numbers } of rows) {
    const { tmin, tmax, t, dd } = numbers;
    if (tmin !== undefined || tmax !== undefined || dd !== undefined)
      problems.push(`${at}: an hour has t; tmin, tmax and dd are of days`);
    const day = dayOfText(date.slice(0, 10)) ?? 0;
    const its = days.get(day) ?? { hours: new Set(), values: [] };
    days.set(day, its);
    if (t === undefined) continue;
    its.hours.add(Math.floor(startsAtMs / HOUR_MS));
    its.values.push(t);
  }
  const sorted = [...days].sort(([a], [b]) => a - b);
  return sorted.map(([day, { hours, values }]) => ({
    ...{ day, published: null },
    extremes: hours.size < ENOUGH_HOURS ? null : extremesOf(values),
  }));
}

function extremesOf(values: readonly number[]): Extremes {
  return values.reduce(
    ({ minCelsius, maxCelsius }, value) => ({
      minCelsius: Math.min(minCelsius, value),
      maxCelsius: Math.max(maxCelsius, value),
    }),
    { minCelsius: Infinity, maxCelsius: -Infinity },
  );
}
