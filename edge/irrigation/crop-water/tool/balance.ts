import type { Reason } from '@nongtin/broker/wire';
import { StartProblem } from '@nongtin/service';
import { assimilate } from '../assimilation.ts';
import { type DayReport, initialSoil, stepDay } from '../balance.ts';
import { type Climate, climateOf, daysBetween } from '../crop-curve.ts';
import { irrigationNeed, type Need } from '../need.ts';
import type { Site } from '../types.ts';
import type { ZoneModel } from '../zone-model.ts';
import { dailyWeather, type Et0Options, et0Of } from './et0.ts';
import { FIGURES, figureLines } from './figures.ts';
import type { Input, Row } from './input.ts';

const CLIMATE_DAYS = 7;

export interface BalanceOptions {
  readonly zone: ZoneModel;
  /** Null: every row states its ET0. */
  readonly weather: Et0Options | null;
  readonly startDepletionMm: number;
  readonly flowLitresPerMinute: number | null;
  readonly waterComes: 'early' | 'late';
}

export interface Balance {
  readonly days: readonly (DayReport & {
    readonly substitutions: readonly string[];
    readonly disagreement: Reason | null;
  })[];
  /** What the zone needs after the last day. */
  readonly need: Need;
  readonly assumed: readonly Reason[];
}

/** The balance over the rows, a day each. Throws a StartProblem that names the row it cannot go on with. */
export function balance({ period, rows }: Input, options: BalanceOptions): Balance {
  const [first] = rows;
  if (period !== 'day' || first === undefined)
    throw new StartProblem('a balance takes days: give a column date, and a row a day');
  const { zone } = options;
  let state = initialSoil(zone, first.date, options.startDepletionMm);
  let before: Row | null = null;
  const days = rows.map((row, i) => {
    if (before !== null && daysBetween(before.date, row.date) !== 1)
      throw new StartProblem(
        `${row.at}: ${row.date} does not follow ${before.date}: every day is needed, in order`,
      );
    before = row;
    const { rain = 0, irrigation = 0, moisture } = row.numbers;
    if (rain < 0 || irrigation < 0)
      throw new StartProblem(`${row.at}: rain and irrigation are mm, 0 or more`);
    const { et0Mm, substitutions } = et0On(row, options.weather);
    const climate = climateBefore(rows, i, options.weather?.site ?? null);
    const stepped = stepDay(
      state,
      {
        date: row.date,
        et0Mm,
        rainMm: rain,
        irrigationMm: irrigation,
        climate,
        waterComes: options.waterComes,
      },
      zone,
    );
    state = stepped.state;
    if (moisture === undefined) return { ...stepped.report, substitutions, disagreement: null };
    const result = assimilate(state, { soilMoisture: moisture, day: stepped.report }, zone);
    state = result.state;
    const corrected = { depletionMm: state.depletionMm };
    return { ...stepped.report, ...corrected, substitutions, disagreement: result.disagreement };
  });
  const { waterEcDsPerM, assumed } = zone;
  const { flowLitresPerMinute } = options;
  return {
    days,
    need: irrigationNeed(state, zone, { waterEcDsPerM, fillTo: 1, flowLitresPerMinute }),
    assumed,
  };
}

function et0On(row: Row, weather: Et0Options | null): { et0Mm: number; substitutions: readonly string[] } {
  if (row.numbers.et0 !== undefined) {
    if (row.numbers.et0 < 0) throw new StartProblem(`${row.at}: et0 is mm, 0 or more`);
    return { et0Mm: row.numbers.et0, substitutions: [] };
  }
  if (weather === null)
    throw new StartProblem(
      `${row.at} has no et0: state it, or weather and the site (--latitude, --elevation)`,
    );
  const et0 = et0Of(row, 'day', weather);
  if (et0.mm === null)
    throw new StartProblem(
      `${row.at}: ET0 is unknown without tmin and tmax: add them, or et0, or monthlyEt0Mm of the site`,
    );
  return { et0Mm: et0.mm, substitutions: et0.substitutions };
}

/** Kc is adjusted to the last week, where rows tell wind and humidity. */
function climateBefore(rows: readonly Row[], i: number, site: Site | null): Climate | null {
  const week = rows.slice(Math.max(0, i - CLIMATE_DAYS + 1), i + 1);
  return climateOf(
    week.map((row) => dailyWeather(row, 'aspirated')),
    { windHeightMetres: site?.windHeightMetres ?? 2 },
  );
}

export function balanceAsJson(result: Balance): string {
  return JSON.stringify({ ...result, figures: FIGURES }, null, 2);
}

const columns = [
  'kc',
  'et0Mm',
  'etcMm',
  'ks',
  'etcActualMm',
  'effectiveRainMm',
  'irrigationMm',
  'percolationMm',
] as const;
const more = ['depletionMm', 'rawMm', 'tawMm'] as const;
const heads = ['Kc', 'ET0', 'ETc', 'Ks', 'ETc adj', 'P−RO', 'I', 'DP', 'Dr', 'RAW', 'TAW'];

export function balanceInWords({ days, need, assumed }: Balance, isFull: boolean): string {
  const cells = (values: readonly string[]) => values.map((one) => one.padStart(8)).join('');
  const table = days.flatMap((day) => {
    const numbers = [...columns, ...more].map((key) =>
      day[key].toFixed(key === 'kc' || key === 'ks' ? 2 : 1),
    );
    const said = day.disagreement === null ? '' : `  ${day.disagreement.key}`;
    const instead = day.substitutions.length === 0 ? '' : `  [${day.substitutions.join(', ')}]`;
    const line = `${day.date}${cells(numbers)}  ${day.stage}${instead}${said}`;
    return isFull ? [line, ...figureLines(day), ''] : [line];
  });
  const total = (key: (typeof columns)[number]) => days.reduce((sum, day) => sum + day[key], 0).toFixed(1);
  return [
    `${'date'.padEnd(10)}${cells(heads)}  (mm over the whole area; every figure and its equation with --full or --json)`,
    ...table,
    `sums: ETc ${total('etcMm')}, drawn ${total('etcActualMm')}, effective rain ${total('effectiveRainMm')}, irrigation ${total('irrigationMm')}, percolation ${total('percolationMm')} mm; days of stress ${days.filter(({ isStressed }) => isStressed).length}`,
    'needed now:',
    ...figureLines(need),
    ...(need.reason === null ? [] : [`  ${need.reason.key}`]),
    ...assumed.map(({ figures }) => `assumed: ${figures.field} = ${figures.value}`),
  ].join('\n');
}
