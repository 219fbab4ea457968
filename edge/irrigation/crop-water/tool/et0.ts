import { dailyEt0, monthlyEt0 } from '../et0.ts';
import { hourlyEt0 } from '../hourly.ts';
import type { DailyWeather, Edition, Et0, Site, WetBulb } from '../types.ts';
import { FIGURES, figureLines, inDigits } from './figures.ts';
import type { Input, Period, Row } from './input.ts';

export interface Et0Options {
  readonly site: Site;
  readonly edition: Edition;
  readonly ventilation: WetBulb['ventilation'];
}

export type Et0Row = Et0 & { readonly at: string; readonly publishedMm: number | null };

/** ET0 of each row. */
export function et0Rows({ period, rows }: Input, options: Et0Options): Et0Row[] {
  let clearnessBefore: number | undefined;
  return rows.map((row) => {
    const et0 = et0Of(row, period, { ...options, clearnessBefore });
    clearnessBefore = et0.terms.clearness ?? clearnessBefore;
    return { at: row.date, publishedMm: row.numbers.et0 ?? null, ...et0 };
  });
}

export function et0Of(
  row: Row,
  period: Period,
  { site, edition, ventilation, clearnessBefore }: Et0Options & { clearnessBefore?: number | undefined },
): Et0 {
  const { numbers: n } = row;
  if (period === 'hour')
    return hourlyEt0(
      {
        ...{ startsAtMs: row.startsAtMs, tCelsius: n.t, rhPercent: n.rh, dewPointCelsius: n.tdew },
        ...{ windMetresPerSecond: n.wind, tMinCelsius: n.tmin },
        ...{
          solarMegajoules: n.rs ?? scaled(n.rs_wm2, 0.0036),
          clearnessBefore: n.clearness ?? clearnessBefore,
        },
      },
      site,
      edition,
    );
  const weather = dailyWeather(row, ventilation);
  if (period === 'day') return dailyEt0({ ...weather, date: row.date }, site, edition);
  const around = { tMeanPreviousCelsius: n.tprev, tMeanNextCelsius: n.tnext };
  return monthlyEt0({ ...weather, ...around, month: row.month }, site, edition);
}

/** A row as the weather of a day. */
export function dailyWeather({ numbers: n }: Row, ventilation: WetBulb['ventilation']): DailyWeather {
  const hasBulbs = n.tdry !== undefined && n.twet !== undefined;
  return {
    ...{ tMinCelsius: n.tmin, tMaxCelsius: n.tmax, rhMaxPercent: n.rhmax, rhMinPercent: n.rhmin },
    ...{ rhMeanPercent: n.rhmean, dewPointCelsius: n.tdew, vapourKpa: n.ea, windMetresPerSecond: n.wind },
    ...{ solarMegajoules: n.rs ?? scaled(n.rs_wm2, 0.0864), sunshineHours: n.sunshine },
    wetBulb: hasBulbs ? { dryCelsius: n.tdry, wetCelsius: n.twet, ventilation } : null,
  };
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

export function et0AsJson(rows: readonly Et0Row[]): string {
  return JSON.stringify({ rows, comparison: comparison(rows), figures: FIGURES }, null, 2);
}

/** Few rows with every figure, many as a table. */
export function et0InWords(rows: readonly Et0Row[], isFull: boolean): string {
  const lines = rows.flatMap((row) => {
    const { at, mm, method, substitutions, publishedMm } = row;
    const figure = mm === null ? 'unknown' : `${mm.toFixed(3)} mm`;
    const published = publishedMm === null ? '' : `  published ${publishedMm}`;
    const instead = substitutions.length === 0 ? '' : `  [${substitutions.join(', ')}]`;
    const head = `${at}  ET0 ${figure}  ${method}${published}${instead}`;
    if (!isFull && rows.length > 3) return head;
    const why = row.reasons.map(
      ({ key, figures }) =>
        `  ${key} ${Object.entries(figures)
          .map(([name, value]) => `${name}=${value}`)
          .join(' ')}`,
    );
    return [
      head,
      ...figureLines(row.terms),
      ...(row.vapourFrom ? [`  ea from ${row.vapourFrom}`] : []),
      ...why,
      '',
    ];
  });
  const known = rows.flatMap(({ mm }) => (mm === null ? [] : mm));
  const sum = known.reduce((total, mm) => total + mm, 0);
  const found = comparison(rows);
  return [
    ...lines,
    ...(rows.length > 1 ? [`sum ${inDigits(sum)} mm over ${known.length} of ${rows.length}`] : []),
    ...(found === null
      ? []
      : [
          `against the published: ${found.count} rows, mean difference ${found.meanMm.toFixed(3)} mm, greatest ${found.greatestMm.toFixed(3)} mm (${found.at})`,
        ]),
  ].join('\n');
}

function comparison(rows: readonly Et0Row[]) {
  const differences = rows.flatMap(({ at, mm, publishedMm }) =>
    mm === null || publishedMm === null ? [] : [{ at, mm: mm - publishedMm }],
  );
  const [first] = differences;
  if (first === undefined) return null;
  const greatest = differences.reduce(
    (most, one) => (Math.abs(one.mm) > Math.abs(most.mm) ? one : most),
    first,
  );
  const meanMm = differences.reduce((sum, { mm }) => sum + mm, 0) / differences.length;
  return { count: differences.length, meanMm, greatestMm: greatest.mm, at: greatest.at };
}
