import type { Forecast } from './forecast.ts';

/**
 * Reads a forecast as Open-Meteo answers it (https://open-meteo.com/en/docs), from its service or from a file of the same
 * shape: `hourly` with `time`, `precipitation` and, if it is there, `precipitation_probability`; or `daily` with `time`,
 * `precipitation_sum` and `precipitation_probability_max`. A value of an hour is the sum of the hour before its time.
 */
const MOST_CHARACTERS = 1_000_000;
const MOST_VALUES = 3_000;
/** Beyond the records of the Earth (305 mm in 42 minutes; 1,825 mm in a day) a number is no rain. */
const MOST_MM = { hourly: 500, daily: 2_000 } as const;
const HOUR_MS = 3_600_000;

type Read = { readonly forecast: Forecast } | { readonly problem: string };
type Fields = Readonly<Record<string, unknown>>;

class Unreadable extends Error {}

/** `problem` says what is wrong with it and what to do; `issuedAtMs`: when it was fetched, or its file written. */
export function readForecast(text: string, issuedAtMs: number): Read {
  try {
    return { forecast: { issuedAtMs, hours: hoursOf(parsed(text)) } };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

function parsed(text: string): Fields {
  if (text.length > MOST_CHARACTERS)
    throw new Unreadable(
      `it has ${text.length} characters, ${MOST_CHARACTERS} are the most: ask for fewer days`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Unreadable('it is not JSON: give the address or the file of an Open-Meteo forecast');
  }
  const fields = fieldsOf(value);
  if (!fields) throw new Unreadable('it is not a JSON object: give the address or the file of a forecast');
  if (fields.error === true)
    throw new Unreadable(`the service refuses: ${String(fields.reason).slice(0, 200)}`);
  return fields;
}

function hoursOf(fields: Fields): Forecast['hours'] {
  const hourly = fieldsOf(fields.hourly);
  const daily = fieldsOf(fields.daily);
  const offsetMs = offsetOf(fields);
  if (hourly?.precipitation !== undefined) {
    const rows = rowsOf(hourly, 'hourly', 'precipitation', 'precipitation_probability', fields, offsetMs);
    return rows.map(({ atMs, mm, probability }) => ({ startMs: atMs - HOUR_MS, rainMm: mm, probability }));
  }
  const sum = daily?.precipitation_sum === undefined ? 'precipitation' : 'precipitation_sum';
  if (!daily || daily[sum] === undefined)
    throw new Unreadable(
      'it has no hourly.precipitation and no daily.precipitation_sum: ask for hourly=precipitation,precipitation_probability',
    );
  const days = rowsOf(daily, 'daily', sum, 'precipitation_probability_max', fields, offsetMs);
  return days.flatMap(({ atMs, mm, probability }) =>
    Array.from({ length: 24 }, (_, hour) => ({
      ...{ startMs: atMs + hour * HOUR_MS, rainMm: mm / 24, probability },
    })),
  );
}

interface Row {
  readonly atMs: number;
  readonly mm: number;
  readonly probability: number | null;
}

/** Rows without a number are beyond the end of the forecast, and left out. */
function rowsOf(
  part: Fields,
  at: keyof typeof MOST_MM,
  rainField: string,
  probabilityField: string,
  fields: Fields,
  offsetMs: number,
): Row[] {
  const unit = fieldsOf(fields[`${at}_units`])?.[rainField];
  if (unit !== undefined && unit !== 'mm')
    throw new Unreadable(`${at}.${rainField} is in ${String(unit)}: ask for precipitation_unit=mm`);
  const times = listOf(part.time, `${at}.time`);
  const rain = listOf(part[rainField], `${at}.${rainField}`, times.length);
  const likely =
    part[probabilityField] === undefined
      ? null
      : listOf(part[probabilityField], `${at}.${probabilityField}`, times.length);
  const rows = times.flatMap((time, n): Row[] => {
    const atMs = momentOf(time, `${at}.time[${n}]`, offsetMs);
    const mm = numberOf(rain[n], `${at}.${rainField}[${n}]`, MOST_MM[at]);
    const percent = numberOf(likely?.[n] ?? null, `${at}.${probabilityField}[${n}]`, 100);
    return mm === null ? [] : [{ atMs, mm, probability: percent === null ? null : percent / 100 }];
  });
  if (rows.length === 0) throw new Unreadable(`${at}.${rainField} holds no number`);
  const unordered = rows.findIndex(({ atMs }, n) => n > 0 && atMs <= (rows[n - 1]?.atMs ?? 0));
  if (unordered > 0) throw new Unreadable(`${at}.time must grow from one value to the next`);
  return rows;
}

function offsetOf({ utc_offset_seconds: seconds = 0 }: Fields): number {
  if (typeof seconds === 'number' && Number.isFinite(seconds) && Math.abs(seconds) <= 64_800)
    return seconds * 1000;
  throw new Unreadable('utc_offset_seconds must be a number of seconds');
}

/** Local time of the forecast's own offset, '2026-11-23T04:00' or '2026-11-23'; or seconds since 1970, in UTC. */
function momentOf(time: unknown, at: string, offsetMs: number): number {
  if (typeof time === 'number' && Number.isSafeInteger(time) && time > 0 && time < 1e11) return time * 1000;
  const isText = typeof time === 'string' && /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?$/.test(time);
  const ms = isText ? Date.parse(`${time.length === 10 ? `${time}T00:00` : time}:00Z`) : Number.NaN;
  if (Number.isFinite(ms)) return ms - offsetMs;
  throw new Unreadable(`${at} must be a time such as 2026-11-23T04:00`);
}

function numberOf(value: unknown, at: string, most: number): number | null {
  if (value === null) return null;
  if (typeof value === 'number' && value >= 0 && value <= most) return value;
  throw new Unreadable(`${at} must be a number from 0 to ${most}`);
}

function listOf(value: unknown, at: string, length?: number): unknown[] {
  if (!Array.isArray(value)) throw new Unreadable(`${at} must be a list`);
  if (value.length > MOST_VALUES)
    throw new Unreadable(`${at} has more than ${MOST_VALUES} values: ask for fewer days`);
  if (length !== undefined && value.length !== length)
    throw new Unreadable(`${at} must have as many values as there are times (${length})`);
  return value;
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}
