import type { DayWeather } from './climate.ts';
import { seededRandom } from './random.ts';
import { extraterrestrialWattsPerM2, localInstantMs, localTime, type Site } from './sun.ts';
import { clearSkyWattsPerM2, type Sky, saturationVapourPressureKpa, skyOfDays } from './weather.ts';

/** A weather file that cannot be used, line by line with the remedy. */
export class WeatherProblem extends Error {
  override readonly name = 'WeatherProblem';
}

/** A series of real weather: what it spans, and the sky that it makes. */
export interface WeatherSeries {
  readonly fromMs: number;
  readonly toMs: number;
  sky(seed: number): Sky;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** FAO-56 (2025), section 3: what stands in for wind that nobody measured. */
const USUAL_WIND_METRES_PER_SECOND = 2;
/** FAO-56 (1998), equation 50, inland. */
const RADIATION_COEFFICIENT = 0.16;
const MOST_PROBLEMS = 10;

/** Columns by name; a row has one value for each. `optional` may be missing as a column, or be empty in a row. */
const DAILY = {
  needed: ['date', 'min_c', 'max_c', 'rain_mm'],
  optional: ['rh_percent', 'wind_m_s', 'solar_mj_m2'],
} as const;
const HOURLY = {
  needed: ['time', 'air_c', 'rh_percent', 'rain_mm'],
  optional: ['wind_m_s', 'solar_w_m2'],
} as const;

/** Believable values, so that a wrong unit or column is found when the file is read. */
const RANGES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  min_c: [-30, 45],
  max_c: [-30, 55],
  air_c: [-30, 55],
  rain_mm: [0, 1_000],
  rh_percent: [1, 100],
  wind_m_s: [0, 60],
  solar_mj_m2: [0, 45],
  solar_w_m2: [0, 1_500],
};

type Row = Readonly<Record<string, number>> & { readonly atMs: number };

/**
 * Reads comma-separated weather. Daily: `date` (YYYY-MM-DD, local), `min_c`, `max_c`, `rain_mm`, and if they are known
 * `rh_percent` (mean), `wind_m_s` (at 2 m), `solar_mj_m2`. Hourly: `time` (ISO 8601 with an offset, the hour's beginning),
 * `air_c`, `rh_percent`, `rain_mm`, and `wind_m_s`, `solar_w_m2`. Rows follow one another without a gap.
 *
 * What is not known is made as FAO-56 says: the dew point from the night's minimum, radiation from the range of
 * temperatures, wind 2 m/s. After its end the last day comes again and again, without rain. Throws a WeatherProblem.
 */
export function readWeather(csv: string, site: Site): WeatherSeries {
  const lines = csv.split(/\r?\n/).map((line) => line.trim());
  const columns = (lines[0] ?? '')
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const isHourly = columns.includes('time');
  const { needed, optional } = isHourly ? HOURLY : DAILY;
  const missing = needed.filter((name) => !columns.includes(name));
  if (missing.length > 0)
    throw new WeatherProblem(
      `line 1 lacks the column ${missing.join(', ')}: it must name ${needed.join(', ')}, and may name ${optional.join(', ')}`,
    );
  const problems: string[] = [];
  const rows = lines.slice(1).flatMap((line, index): Row[] => {
    if (line === '' || problems.length >= MOST_PROBLEMS) return [];
    const row = rowOf(line, columns, needed, site);
    if (typeof row !== 'string') return [row];
    problems.push(`line ${index + 2} ${row}`);
    return [];
  });
  const stepMs = isHourly ? HOUR_MS : DAY_MS;
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (before !== undefined && row.atMs - before.atMs !== stepMs && problems.length < MOST_PROBLEMS)
      problems.push(
        `row ${index + 1} does not follow the one before by ${isHourly ? 'an hour' : 'a day'}: sort the rows and fill the gap`,
      );
  }
  if (problems.length > 0) throw new WeatherProblem(problems.join('; '));
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) throw new WeatherProblem('there is no row behind line 1');
  const span = { fromMs: first.atMs, toMs: last.atMs + stepMs };
  return { ...span, sky: isHourly ? () => hourlySky(rows, site) : (seed) => dailySky(rows, site, seed) };
}

function rowOf(
  line: string,
  columns: readonly string[],
  needed: readonly string[],
  site: Site,
): Row | string {
  const cells = line.split(',').map((cell) => cell.trim());
  const row: Record<string, number> = {};
  let atMs = Number.NaN;
  for (const [index, name] of columns.entries()) {
    const cell = cells[index] ?? '';
    if (name === 'date' || name === 'time') {
      atMs = name === 'date' ? midnightOf(cell, site) : hourOf(cell);
      const form = name === 'date' ? 'a date such as 2026-02-10' : 'an hour such as 2026-02-10T05:00+07:00';
      if (!Number.isFinite(atMs)) return `has '${cell}' as ${name}, write ${form}`;
      continue;
    }
    const range = RANGES[name];
    if (range === undefined) continue;
    if (cell === '') {
      if (needed.includes(name)) return `has no ${name}, fill it in`;
      continue;
    }
    const value = Number(cell);
    if (!(value >= range[0] && value <= range[1]))
      return `has '${cell}' as ${name}, which must be a number from ${range[0]} to ${range[1]}`;
    row[name] = value;
  }
  if ((row.max_c ?? 0) < (row.min_c ?? row.max_c ?? 0)) return 'has a max_c below its min_c, correct it';
  return { ...row, atMs } as Row;
}

function midnightOf(text: string, site: Site): number {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return Number.NaN;
  return Date.parse(`${text}T00:00:00Z`) - site.utcOffsetHours * HOUR_MS;
}

function hourOf(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:00(:00)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

/** Within a day, weather moves as in the seeded climates; when its rain falls is drawn. */
function dailySky(rows: readonly Row[], site: Site, seed: number): Sky {
  const firstDay = localTime(rows[0]?.atMs ?? 0, site).day;
  return skyOfDays(site, (day) => {
    const row = rows[day - firstDay] ?? (day < firstDay ? rows[0] : rows.at(-1));
    if (row === undefined) throw new RangeError('a series has rows');
    const made = dayOf(row, day, site, seed);
    // Outside of the series a day stands in for those that nobody measured; its rain fell once.
    return rows[day - firstDay] === undefined ? { ...made, shower: undefined } : made;
  });
}

function dayOf(row: Row, day: number, site: Site, seed: number): DayWeather {
  const random = seededRandom(seed, `shower ${day}`);
  const { min_c = 0, max_c = 0, rain_mm = 0, rh_percent, wind_m_s, solar_mj_m2 } = row;
  const startHours = 1 + 18 * random();
  // Light rain is short; none is harder than some 20 mm an hour.
  const durationHours = Math.min(23.9 - startHours, Math.max(0.5 + 3 * random(), rain_mm / 20));
  const skyMegajoules = extraterrestrialMegajoules(day, site);
  const solar = solar_mj_m2 ?? RADIATION_COEFFICIENT * Math.sqrt(Math.max(0, max_c - min_c)) * skyMegajoules;
  const clear = (0.75 + 2e-5 * site.altitudeMetres) * skyMegajoules;
  return {
    minimumCelsius: min_c,
    maximumCelsius: max_c,
    dewPointCelsius: rh_percent === undefined ? min_c - 1 : dewPoint(min_c, max_c, rh_percent),
    clearness: Math.min(1, Math.max(0.05, solar / clear)),
    meanWindMetresPerSecond: wind_m_s ?? USUAL_WIND_METRES_PER_SECOND,
    shower: rain_mm > 0 ? { startHours, durationHours, depthMm: rain_mm } : undefined,
  };
}

/** MJ/m² of a local day, above the atmosphere. */
function extraterrestrialMegajoules(day: number, site: Site): number {
  let megajoules = 0;
  for (let hour = 0.25; hour < 24; hour += 0.5)
    megajoules += extraterrestrialWattsPerM2(localInstantMs(day, hour, site), site) * 0.0018;
  return megajoules;
}

/** FAO-56, equations 3.16 and 3.11 turned round. */
function dewPoint(minimum: number, maximum: number, humidityPercent: number): number {
  const mean = (saturationVapourPressureKpa(minimum) + saturationVapourPressureKpa(maximum)) / 2;
  const logarithm = Math.log(((humidityPercent / 100) * mean) / 0.6108);
  return (237.3 * logarithm) / (17.27 - logarithm);
}

/** Straight lines between the middles of hours; rain and radiation are those of the hour. */
function hourlySky(rows: readonly Row[], site: Site): Sky {
  const firstMs = rows[0]?.atMs ?? 0;
  // Behind the last row its day comes again, as far as there is a whole one.
  const again = Math.min(24, rows.length);
  const rowAt = (index: number) =>
    rows[index < rows.length ? Math.max(0, index) : rows.length - again + ((index - rows.length) % again)];
  const between = (atMs: number, of: (row: Row) => number) => {
    const place = (atMs - firstMs) / HOUR_MS - 0.5;
    const index = Math.floor(place);
    const [a, b] = [rowAt(index), rowAt(index + 1)];
    if (a === undefined || b === undefined) return 0;
    return of(a) + (of(b) - of(a)) * (place - index);
  };
  const clearnessByDay = new Map<number, number>();
  const clearnessOn = (atMs: number) => {
    const { day } = localTime(atMs, site);
    const known = clearnessByDay.get(day) ?? clearnessOf(rows, firstMs, day, site);
    clearnessByDay.set(day, known);
    return known;
  };
  return {
    at(atMs) {
      const airTemperatureCelsius = between(atMs, ({ air_c = 0 }) => air_c);
      const solar_w_m2 = rowAt(Math.floor((atMs - firstMs) / HOUR_MS))?.solar_w_m2;
      const clearSky = clearSkyWattsPerM2(atMs, site);
      const clearness = solar_w_m2 === undefined ? 0.7 : clearnessOn(atMs);
      return {
        airTemperatureCelsius,
        relativeHumidityPercent: Math.min(
          100,
          Math.max(
            1,
            between(atMs, ({ rh_percent = 70 }) => rh_percent),
          ),
        ),
        windMetresPerSecond: between(atMs, ({ wind_m_s = USUAL_WIND_METRES_PER_SECOND }) => wind_m_s),
        solarWattsPerM2: solar_w_m2 ?? clearness * clearSky,
        clearness,
      };
    },
    rainMm(fromMs, toMs) {
      let rainMm = 0;
      const hourOfMs = (atMs: number) => Math.floor((atMs - firstMs) / HOUR_MS);
      for (let index = Math.max(0, hourOfMs(fromMs)); index <= hourOfMs(toMs); index += 1) {
        const row = rows[index];
        if (row === undefined) break;
        const wetMs = Math.min(toMs, row.atMs + HOUR_MS) - Math.max(fromMs, row.atMs);
        rainMm += ((row.rain_mm ?? 0) * Math.max(0, wetMs)) / HOUR_MS;
      }
      return rainMm;
    },
  };
}

/** Of the local day's radiation, so that there is one at night too. */
function clearnessOf(rows: readonly Row[], firstMs: number, day: number, site: Site): number {
  const startMs = localInstantMs(day, 0, site);
  let [measured, clear] = [0, 0];
  for (let hour = 0; hour < 24; hour += 1) {
    const row = rows[Math.round((startMs - firstMs) / HOUR_MS) + hour];
    if (row === undefined) continue;
    measured += row.solar_w_m2 ?? 0;
    clear += clearSkyWattsPerM2(row.atMs + HOUR_MS / 2, site);
  }
  return clear === 0 ? 0.7 : Math.min(1, Math.max(0.05, measured / clear));
}
