import { parseArgs } from 'node:util';
import { StartProblem } from '@nongtin/service';
import { parsedJson, type Read, typedNumber, withNegatives } from '../../command-line.ts';
import { readColumns } from '../../irrigation/crop-water/tool/input.ts';
import { dateText, dayOfText } from '../../irrigation/programs/calendar.ts';
import { type DegreeDayMethod, degreeDayMethods, type Thresholds } from '../degree-days.ts';
import { type HeatOfDay, heatByDay } from '../heat-sum.ts';
import { loadPests } from '../library.ts';
import { type Development, developmentAfter } from '../life-cycle.ts';
import type { PestProfile } from '../profile.ts';
import { ENOUGH_HOURS } from '../weather-days.ts';
import { COLUMNS, type Day, daysOf } from './days.ts';

export const USAGE = `Usage: npm run degree-days -- FILE --lower T [--upper T] [--method M] [--from DATE] [--fahrenheit] [--json]
       npm run degree-days -- FILE --pest ID [--from DATE] [--pests FILE] [--json]
       npm run degree-days -- pests
  FILE          a table (comma, semicolon or tab; first line: column names) or JSON {"days": [{"date": "2026-03-01", "tmin": 24, …}]}
                - reads what is piped in
  --lower T     the temperature below which nothing develops; --upper T  above which it is no faster (horizontal cut-off)
  --method M    ${degreeDayMethods.join(', ')}; single_sine if not given
  --pest ID     thresholds and method of the library, and how far the pest is; --pests FILE  with pests of your own
  --from DATE   the biofix, from which on heat is added up; the first day of the table if not given
  --fahrenheit  table and thresholds are in °F, and so are the degree-days
Columns: date (YYYY-MM-DD), or time of hours (2026-03-01T14:00+07:00), and
${Object.entries(COLUMNS)
  .map(([name, meaning]) => `  ${name.padEnd(6)}${meaning}`)
  .join('\n')}
Empty, - or NA: not measured. A day of hours counts with ${ENOUGH_HOURS} of them.`;

const options = {
  lower: { type: 'string' },
  upper: { type: 'string' },
  method: { type: 'string' },
  pest: { type: 'string' },
  pests: { type: 'string' },
  from: { type: 'string' },
  fahrenheit: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

export type Arguments = ReturnType<typeof readArguments>;

/** Throws an Error that says what of the command line is wrong. */
export function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({ args: withNegatives(args), options, allowPositionals: true });
  const [name, ...others] = positionals;
  if (name === undefined) throw new Error('a file is expected, or - for what is piped in');
  if (others.length > 0) throw new Error(`${others.join(' ')} is too much`);
  const { pest, fahrenheit, method } = values;
  const lower = typedNumber(values.lower, '--lower') ?? null;
  const upper = typedNumber(values.upper, '--upper') ?? null;
  const from = values.from === undefined ? null : dayOfText(values.from);
  if (values.from !== undefined && from === null)
    throw new Error(`--from '${values.from}' is no day: write it as YYYY-MM-DD`);
  if (method !== undefined && !isMethod(method))
    throw new Error(`--method is one of ${degreeDayMethods.join(', ')}`);
  if (pest !== undefined && (lower !== null || upper !== null || method !== undefined || fahrenheit))
    throw new Error('--pest brings thresholds and method along, in °C: leave the others out');
  if (name !== 'pests' && pest === undefined && lower === null)
    throw new Error('--lower or --pest is expected');
  if (lower !== null && upper !== null && lower >= upper)
    throw new Error(`--lower (${lower}) must be below --upper (${upper})`);
  const { json } = values;
  return { name, pest, ownPests: values.pests, lower, upper, method: method ?? null, from, fahrenheit, json };
}

/** What the tool says. Throws a StartProblem with what is wrong with what was given. */
export function answer(given: Arguments, read: Read): string {
  const library = loadPests(
    given.ownPests === undefined
      ? undefined
      : parsedJson(read(given.ownPests, 'pests of your own as JSON'), given.ownPests),
  );
  if (given.name === 'pests') return [...library.values()].map(pestLine).join('\n');
  const pest = given.pest === undefined ? null : pestOf(library, given.pest);
  const file = given.name === '-' ? 'the input' : given.name;
  const input = readColumns(read(given.name, 'a table or JSON of temperatures'), file, COLUMNS);
  const days = daysOf(input, file);
  const { thresholds, method } = rules(given, pest);
  const first = given.from ?? days[0]?.day ?? 0;
  const last = days.at(-1)?.day ?? 0;
  if (first > last)
    throw new StartProblem(`--from ${dateText(first)} is after the last day of ${file}, ${dateText(last)}`);
  const heat = heatByDay(days, { fromDay: first, toDay: last }, thresholds, method);
  let sum = 0;
  const told = heat.map(({ day, degreeDays, is }) => {
    sum += degreeDays;
    return { date: dateText(day), degreeDays, is, sum };
  });
  const cycle = pest?.development ?? null;
  const development =
    cycle === null ? null : developmentAfter({ thresholds: cycle, stages: cycle.stages }, sum);
  const published = compared(days, heat);
  const unit = given.fahrenheit ? '°F·d' : 'K·d';
  if (given.json)
    return JSON.stringify({ thresholds, method, unit, sum, development, published, days: told }, null, 2);
  const lines = told.map(({ date, degreeDays, is, sum: soFar }) =>
    `${date} ${(is === 'missing' ? '?' : digits(degreeDays)).padStart(8)} ${digits(soFar).padStart(10)}  ${WORDS[is]}`.trimEnd(),
  );
  const count = (of: HeatOfDay['is']) => heat.filter(({ is }) => is === of).length;
  const upTo = thresholds.upperCelsius === null ? '' : `, cut off at ${thresholds.upperCelsius}`;
  return [
    `${method} above ${thresholds.lowerCelsius}${upTo} ${given.fahrenheit ? '°F' : '°C'}: day, its degree-days, their sum`,
    ...lines,
    `${digits(sum)} ${unit} in ${heat.length} days: ${count('measured')} measured, ${count('filled')} filled, ${count('missing')} missing`,
    ...(count('missing') > 0 ? ['the sum is a lower bound: nobody knows the heat of the missing days'] : []),
    ...(published === null
      ? []
      : [
          `against the published: ${published.days} days, sum ${digits(published.sum)}, greatest difference ${digits(published.greatest)} on ${published.on}`,
        ]),
    ...(development === null ? [] : developmentLines(development)),
  ].join('\n');
}

const WORDS = {
  measured: '',
  filled: 'not measured: the mean of the days at both sides',
  missing: 'not measured: counts nothing',
} as const;

function rules(
  { lower, upper, method }: Arguments,
  pest: PestProfile | null,
): { thresholds: Thresholds; method: DegreeDayMethod } {
  const development = pest?.development;
  if (development) {
    const { lowerCelsius, upperCelsius } = development;
    return { thresholds: { lowerCelsius, upperCelsius }, method: development.method };
  }
  return {
    thresholds: { lowerCelsius: lower ?? 0, upperCelsius: upper },
    method: (method ?? 'single_sine') as DegreeDayMethod,
  };
}

function pestOf(library: ReturnType<typeof loadPests>, id: string): PestProfile {
  const pest = library.get(id);
  if (pest === undefined)
    throw new StartProblem(`'${id}' is not in the library: there are ${[...library.keys()].join(', ')}`);
  if (pest.development === null)
    throw new StartProblem(
      `the library has no degree-days of ${id}: ${pest.unknown.map((one) => (typeof one === 'string' ? one : one.en)).join(' ') || 'none are of use there'}`,
    );
  return pest;
}

/** Days whose degree-days somebody has published beside ours; null: none. */
function compared(days: readonly Day[], heat: readonly HeatOfDay[]) {
  const ours = new Map(
    heat.flatMap(({ day, degreeDays, is }) => (is === 'measured' ? [[day, degreeDays]] : [])),
  );
  let sum = 0;
  let count = 0;
  let worst = { greatest: 0, on: '' };
  for (const { day, published } of days) {
    const own = ours.get(day);
    if (published === null || own === undefined) continue;
    count++;
    sum += published;
    const difference = own - published;
    if (worst.on === '' || Math.abs(difference) > Math.abs(worst.greatest))
      worst = { greatest: difference, on: dateText(day) };
  }
  return count === 0 ? null : { days: count, sum, ...worst };
}

function developmentLines({ generation, stage, fraction, ahead }: Development): string[] {
  return [
    `generation ${generation}, ${stage}: ${Math.floor(fraction * 100)} % of it is over`,
    ...ahead.map(
      (next) => `${digits(next.degreeDays)} K·d until ${next.stage} of generation ${next.generation}`,
    ),
  ];
}

function pestLine({ id, name, development }: PestProfile): string {
  const known =
    development === null
      ? 'no degree-days'
      : `T0 ${development.lowerCelsius} °C, ${development.stages.map(({ stage, degreeDays }) => `${stage} ${degreeDays}`).join(', ')} K·d`;
  return `${id.padEnd(28)}${known}  ${name.vi} · ${name.en}`;
}

function isMethod(text: string): text is DegreeDayMethod {
  return degreeDayMethods.some((one) => one === text);
}

function digits(value: number): string {
  return value.toFixed(2);
}
