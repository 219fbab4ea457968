/**
 * Local days and times of a place with a fixed IANA time zone. A local day is a number: days since 1970-01-01, so that
 * days are counted and compared without a clock. A time of day is minutes since local midnight.
 *
 * A time that the zone leaves out (clocks go forward) happens as much later as the gap is long; one that it has twice
 * (clocks go back) happens the first time only. That is what RFC 5545 (3.3.5) and Temporal's 'compatible' say too.
 */
export type LocalDay = number;

const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
/** No zone's rules change within less than this. */
const BUCKET_MS = 15 * MINUTE_MS;
const MOST_BUCKETS = 4_000;
/** Programs ask for the same days again and again. */
const MOST_DATES = 400;
const dates = new Map<LocalDay, string>();

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** Offset by quarter of an hour: asking Intl costs more than all the rest of a decision. */
  readonly offsets: Map<number, number>;
}
const zones = new Map<string, Zone>();

export function isTimeZone(name: string): boolean {
  try {
    zoneOf(name);
    return true;
  } catch {
    return false;
  }
}

/** How far local time is ahead of UTC at a moment, in ms. Throws a RangeError for a zone that nobody knows. */
function offsetMs(timeZone: string, atMs: number): number {
  const { format, offsets } = zoneOf(timeZone);
  const bucket = Math.floor(atMs / BUCKET_MS);
  const known = offsets.get(bucket);
  if (known !== undefined) return known;
  const utcMs = bucket * BUCKET_MS;
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = format
    .format(utcMs)
    .split(/\D+/)
    .map(Number);
  const offset = Date.UTC(year, month - 1, day, hour, minute, second) - utcMs;
  if (offsets.size >= MOST_BUCKETS) offsets.clear();
  offsets.set(bucket, offset);
  return offset;
}

export function localDay(timeZone: string, atMs: number): LocalDay {
  return Math.floor((atMs + offsetMs(timeZone, atMs)) / DAY_MS);
}

export function minuteOfDay(timeZone: string, atMs: number): number {
  const localMs = atMs + offsetMs(timeZone, atMs);
  return Math.floor((localMs - Math.floor(localMs / DAY_MS) * DAY_MS) / MINUTE_MS);
}

/** The moment (UTC ms) of a time of day; `minutes` may be beyond the day's end. */
export function momentOf(timeZone: string, day: LocalDay, minutes: number): number {
  const localMs = day * DAY_MS + minutes * MINUTE_MS;
  const before = offsetMs(timeZone, localMs - DAY_MS);
  const after = offsetMs(timeZone, localMs + DAY_MS);
  const fits = (offset: number) => offsetMs(timeZone, localMs - offset) === offset;
  // The larger offset gives the earlier moment, which is the first of two.
  const fitting = [Math.max(before, after), Math.min(before, after)].find(fits);
  return localMs - (fitting ?? before);
}

/** 0 is Sunday. */
export function weekday(day: LocalDay): number {
  return (((day + 4) % 7) + 7) % 7;
}

/** Month 1–12 and day of the month 1–31. */
export function dateOf(day: LocalDay): { month: number; dayOfMonth: number } {
  const date = new Date(day * DAY_MS);
  return { month: date.getUTCMonth() + 1, dayOfMonth: date.getUTCDate() };
}

/** '2026-11-23' */
export function dateText(day: LocalDay): string {
  const known = dates.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
  if (dates.size >= MOST_DATES) dates.clear();
  dates.set(day, text);
  return text;
}

/** Null for what is no day of the calendar, such as '2026-02-30'. */
export function dayOfText(date: string): LocalDay | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return null;
  const ms = Date.parse(`${date}T00:00:00Z`);
  if (!Number.isFinite(ms)) return null;
  const day = ms / DAY_MS;
  return dateText(day) === date ? day : null;
}

/** '04:30' → 270; '24:00' is the day's end. Null for anything else. */
export function minutesOfText(time: string): number | null {
  const match = /^(\d{2}):(\d{2})$/.exec(time);
  if (!match) return null;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  return Number(match[2]) < 60 && minutes <= 1440 ? minutes : null;
}

/** The local time of a moment, '04:30'. */
export function timeText(timeZone: string, atMs: number): string {
  const minutes = minuteOfDay(timeZone, atMs);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone: name, hourCycle: 'h23', era: undefined },
    ...{
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    },
  });
  const zone = { format, offsets: new Map<number, number>() };
  zones.set(name, zone);
  return zone;
}
