import { Compile } from 'typebox/compile';
import { shapeProblems } from '../../shape.ts';
import { minutesOfText } from './calendar.ts';
import { weekdays } from './program.ts';
import { chainOf, timesOf, WaterTurns } from './turns.ts';

const validator = Compile(WaterTurns);
const WEEK_MINUTES = 7 * 1440;

/** What is wrong with turns, field by field and with the remedy; `at` names them, `zones` are those of the farm. */
export function turnsProblems(value: unknown, at: string, zones: readonly string[]): string[] {
  if (!validator.Check(value)) return shapeProblems(validator.Errors(value), at);
  const own = [...memberProblems(value, at, zones), ...turnProblems(value, at)];
  return own.length > 0 ? own : overlaps(value, at);
}

function memberProblems(
  { members, timetable, inTurnBy }: WaterTurns,
  at: string,
  zones: readonly string[],
): string[] {
  const problems: string[] = [];
  if ((timetable === undefined) === (inTurnBy === undefined))
    problems.push(`${at} must have either a timetable or inTurnBy: keep one`);
  const placed = new Map<string, string>();
  members.forEach(({ id, zones: own, share }, m) => {
    const field = `${at}.members[${m}]`;
    if (members.findIndex((one) => one.id === id) < m)
      problems.push(`${field}.id '${id}' is there twice, rename one`);
    if (timetable && share !== undefined)
      problems.push(`${field}.share means nothing in a timetable: give longer turns, or use inTurnBy`);
    own.forEach((zone, z) => {
      const zoneField = `${field}.zones[${z}]`;
      const other = placed.get(zone);
      if (!zones.includes(zone)) problems.push(`${zoneField} '${zone}' is no zone of this farm: correct it`);
      else if (other) problems.push(`${zoneField} '${zone}' is at ${other} too: keep one`);
      placed.set(zone, zoneField);
    });
    if (timetable && !timetable.some(({ member }) => member === id))
      problems.push(`${field} '${id}' has no turn, so its zones would never be watered: add one`);
  });
  return problems;
}

function turnProblems({ members, timetable = [] }: WaterTurns, at: string): string[] {
  return timetable.flatMap((turn, t): string[] => {
    const field = `${at}.timetable[${t}]`;
    const problems: string[] = [];
    if (!members.some(({ id }) => id === turn.member))
      problems.push(`${field}.member '${turn.member}' is none of the members: correct it`);
    if (turn.id !== undefined && timetable.findIndex(({ id }) => id === turn.id) < t)
      problems.push(`${field}.id '${turn.id}' is there twice, rename one`);
    if (turn.after === undefined) return [...problems, ...timeProblems(turn, field)];
    if (turn.start ?? turn.end ?? turn.days)
      problems.push(
        `${field} follows '${turn.after}', so it has no days, start or end of its own: remove them`,
      );
    if (turn.minutes === undefined) problems.push(`${field} lacks minutes, add how long it lasts`);
    if (!timetable.some(({ id }) => id === turn.after))
      problems.push(`${field}.after '${turn.after}' is the id of no turn: correct it`);
    else if (chainOf(turn, timetable) === null)
      problems.push(`${field}.after: ${circle(turn.id ?? turn.member, turn.after, timetable)}`);
    return problems;
  });
}

function timeProblems(turn: NonNullable<WaterTurns['timetable']>[number], field: string): string[] {
  const { start = '', end = '', minutes } = turn;
  const wrong = (['start', 'end'] as const).filter((name) => minutesOfText(turn[name] ?? '') === null);
  return [
    ...wrong.map(
      (name) => `${field}.${name} must be a time such as 05:30, or name the turn that it comes after`,
    ),
    ...(wrong.length === 0 && start === end
      ? [`${field} is of no length: its end must differ from its start`]
      : []),
    ...(minutes === undefined
      ? []
      : [`${field}.minutes is for a turn after another one: use end, remove it`]),
  ];
}

/** 'a waits for b, which waits for a: give one of them a start and an end' */
function circle(from: string, after: string, timetable: readonly { id?: string; after?: string }[]): string {
  const seen = [from];
  for (let id: string | undefined = after; id !== undefined && !seen.includes(id); ) {
    seen.push(id);
    const current: string = id;
    id = timetable.find((turn) => turn.id === current)?.after;
  }
  return `turns in a circle (${seen.join(' after ')} after …): give one of them a start and an end`;
}

interface Busy {
  readonly field: string;
  readonly start: number;
  readonly minutes: number;
}

/** Two turns at one time, by the minutes of a week that has no beginning. */
function overlaps({ timetable = [] }: WaterTurns, at: string): string[] {
  const busy = timetable.flatMap((turn, t): Busy[] =>
    (timesOf(turn, timetable) ?? []).map(({ weekday, startMinute, minutes }) => ({
      ...{ field: `${at}.timetable[${t}]`, start: weekday * 1440 + startMinute, minutes },
    })),
  );
  const problems = busy.flatMap((one, n) =>
    busy.slice(n + 1).flatMap((other) => {
      const [first, second] = startsWithin(one, other) ? [one, other] : [other, one];
      if (!startsWithin(first, second)) return [];
      return `${second.field} begins (${timeOf(second.start)}) before ${first.field} is over (${timeOf(first.start + first.minutes)}): shorten one, or move it`;
    }),
  );
  return [...new Set(problems)];
}

function startsWithin(one: Busy, other: Busy): boolean {
  return (((other.start - one.start) % WEEK_MINUTES) + WEEK_MINUTES) % WEEK_MINUTES < one.minutes;
}

function timeOf(minuteOfWeek: number): string {
  const minute = minuteOfWeek % WEEK_MINUTES;
  const [hours, minutes] = [Math.floor((minute % 1440) / 60), minute % 60];
  return `${weekdays[Math.floor(minute / 1440)]} ${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
}
