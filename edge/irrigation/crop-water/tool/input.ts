import { StartProblem } from '@nongtin/service';
import { dayOfYear } from '../radiation.ts';

/** A row of weather as somebody wrote it: where it stands, and its cells by column. */
export interface Row<Name extends string = Column> {
  /** 'line 7' of a table, 'days[3]' of JSON. */
  readonly at: string;
  readonly date: string;
  readonly month: number;
  readonly startsAtMs: number;
  readonly numbers: Readonly<Partial<Record<Name, number>>>;
}

export type Period = 'day' | 'hour' | 'month';

export interface Input<Name extends string = Column> {
  readonly period: Period;
  readonly rows: readonly Row<Name>[];
  /** Beside the rows, where the input was JSON: site, edition, zone, startDepletionMm. */
  readonly site: unknown;
  readonly zone: unknown;
  readonly edition: unknown;
  readonly startDepletionMm: unknown;
}

/** Columns by what they hold; docs/crop-water.md lists them. */
export const COLUMNS = {
  tmin: 'lowest temperature, °C',
  tmax: 'highest temperature, °C',
  t: 'mean temperature of the hour, °C',
  tprev: 'mean temperature of the month before, °C',
  tnext: 'mean temperature of the month after, °C',
  rhmax: 'highest relative humidity, %',
  rhmin: 'lowest relative humidity, %',
  rhmean: 'mean relative humidity, %',
  rh: 'relative humidity of the hour, %',
  tdew: 'dew point, °C',
  tdry: 'dry bulb of a psychrometer, °C',
  twet: 'its wet bulb, °C',
  ea: 'actual vapour pressure, kPa',
  wind: 'mean wind at the height of the anemometer, m/s',
  rs: 'solar radiation, MJ/m² in the day or hour',
  rs_wm2: 'solar radiation, mean W/m²',
  sunshine: 'sunshine, h',
  clearness: 'Rs/Rso before sunset, for an hour of the night',
  et0: 'published ET0, mm: compared with ours, or used by a balance',
  rain: 'rain, mm',
  irrigation: 'irrigation that reached the soil, mm over the whole area',
  moisture: 'what a soil probe says, m³/m³',
} as const;
type Column = keyof typeof COLUMNS;

/** What a station writes where it measured nothing. */
const NOTHING = new Set(['', '-', 'NA', 'na', 'null']);
const MOST_PROBLEMS = 20;
const lists = { days: 'day', hours: 'hour', months: 'month' } as const;
const keyOf = { day: 'date', hour: 'time', month: 'month' } as const;

/** Reads JSON or a table. Throws a StartProblem that names every wrong place of it. */
export function readInput(text: string, file: string): Input {
  return readColumns(text, file, COLUMNS);
}

type Columns<Name extends string> = Readonly<Record<Name, string>>;

/** The same, of other columns. */
export function readColumns<Name extends string>(
  text: string,
  file: string,
  columns: Columns<Name>,
): Input<Name> {
  return text.trimStart().startsWith('{') ? fromJson(text, file, columns) : fromTable(text, file, columns);
}

function fromJson<Name extends string>(text: string, file: string, columns: Columns<Name>): Input<Name> {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new StartProblem(`${file} is no JSON: ${(error as Error).message}`);
  }
  const known = ['site', 'zone', 'edition', 'startDepletionMm', ...Object.keys(lists)];
  const strange = Object.keys(value).filter((key) => !known.includes(key));
  if (strange.length > 0)
    throw new StartProblem(`${file}: ${strange.join(', ')} is not known; known are ${known.join(', ')}`);
  const name = (Object.keys(lists) as (keyof typeof lists)[]).find((key) => Array.isArray(value[key]));
  if (name === undefined) throw new StartProblem(`${file} has no list of days, hours or months`);
  const problems: string[] = [];
  const rows = (value[name] as unknown[]).map((one, i) => {
    const cells = typeof one === 'object' && one !== null ? Object.entries(one) : [];
    if (cells.length === 0)
      problems.push(`${name}[${i}] must be an object such as {"date": "2026-03-01", "tmin": 24}`);
    const texts = cells.map(([key, cell]) => [key, cell === null ? '' : String(cell)] as const);
    const place = { at: `${name}[${i}]`, period: lists[name], joint: '.' };
    return rowOf(new Map(texts), place, columns, problems);
  });
  refuse(problems, file);
  const { site, zone, edition, startDepletionMm } = value;
  return { period: lists[name], rows, site, zone, edition, startDepletionMm };
}

function fromTable<Name extends string>(text: string, file: string, columns: Columns<Name>): Input<Name> {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'));
  const [head, ...rest] = lines;
  if (head === undefined)
    throw new StartProblem(`${file} is empty: give JSON, or a table with a line of column names`);
  const separator = [';', '\t', ','].find((one) => head.line.includes(one)) ?? ',';
  const cellsOf = (line: string) =>
    line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  const names = cellsOf(head.line).map((name) => name.toLowerCase());
  const period = (Object.keys(keyOf) as Period[]).find((one) => names.includes(keyOf[one]));
  if (period === undefined)
    throw new StartProblem(
      `${file} line ${head.number} names no column date, time or month: name one of them`,
    );
  const problems: string[] = [];
  names.forEach((name, i) => {
    if (names.indexOf(name) < i) problems.push(`line ${head.number} names the column ${name} twice`);
  });
  const rows = rest.map(({ line, number }) => {
    const cells = cellsOf(line);
    if (cells.length !== names.length)
      problems.push(`line ${number} has ${cells.length} cells, the first line ${names.length}`);
    const texts = names.map((name, i) => [name, cells[i] ?? ''] as const);
    return rowOf(new Map(texts), { at: `line ${number}`, period, joint: ', column ' }, columns, problems);
  });
  refuse(problems, file);
  return {
    ...{ period, rows, site: undefined, zone: undefined, edition: undefined, startDepletionMm: undefined },
  };
}

interface Place {
  readonly at: string;
  readonly period: Period;
  readonly joint: string;
}

function rowOf<Name extends string>(
  cells: ReadonlyMap<string, string>,
  { at, period, joint }: Place,
  columns: Columns<Name>,
  problems: string[],
): Row<Name> {
  const numbers: Partial<Record<Name, number>> = {};
  for (const [name, text] of cells) {
    if (name === keyOf[period]) continue;
    if (!Object.hasOwn(columns, name)) {
      problems.push(`${at}${joint}${name} is not known; known are ${Object.keys(columns).join(', ')}`);
      continue;
    }
    if (NOTHING.has(text)) continue;
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (!Number.isFinite(value))
      problems.push(`${at}${joint}${name}: '${text}' is not a number: write it like 24.5, or leave it empty`);
    numbers[name as Name] = value;
  }
  const key = cells.get(keyOf[period]) ?? '';
  const moment = momentOf(key, period);
  if (moment === null)
    problems.push(`${at}${joint}${keyOf[period]}: '${key}' is none: write ${likeThis[period]}`);
  return { at, numbers, ...(moment ?? { date: '', month: 0, startsAtMs: 0 }) };
}

const likeThis = {
  day: 'it as YYYY-MM-DD',
  hour: 'when the hour began, with Z or an offset, such as 2026-03-01T14:00+07:00',
  month: '1 to 12',
} as const;

function momentOf(text: string, period: Period): Pick<Row, 'date' | 'month' | 'startsAtMs'> | null {
  if (period === 'month') {
    const month = /^\d{1,2}$/.test(text) ? Number(text) : 0;
    return month >= 1 && month <= 12 ? { date: text, month, startsAtMs: 0 } : null;
  }
  if (period === 'hour') {
    const startsAtMs = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text)
      ? Date.parse(text)
      : Number.NaN;
    return Number.isNaN(startsAtMs) ? null : { date: text, month: 0, startsAtMs };
  }
  try {
    dayOfYear(text);
  } catch {
    return null;
  }
  return { date: text, month: Number(text.slice(5, 7)), startsAtMs: 0 };
}

function refuse(problems: readonly string[], file: string): void {
  if (problems.length === 0) return;
  // A column that is not known is so in each line: it is said once.
  const different = [
    ...new Map(problems.map((one) => [one.replace(/^(line \d+|\w+\[\d+\])/, ''), one])).values(),
  ];
  const said = (different.length < problems.length ? different : problems).slice(0, MOST_PROBLEMS);
  const more = problems.length - said.length;
  throw new StartProblem(
    `${file} cannot be used:\n${said.map((one) => `  ${one}`).join('\n')}${more > 0 ? `\n  and ${more} more` : ''}`,
  );
}
