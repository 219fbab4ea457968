const ISO =
  /^(\d{4}-\d{2}-\d{2})[T ]((?:[01]\d|2[0-3]):\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?$/i;
const HOUR_MS = 3_600_000;
const ABOUT_NOW_MS = 5 * 60_000;

/** An ISO 8601 time with its offset, in milliseconds since 1970 UTC; undefined for anything else. */
export function timeWithOffset(text: unknown): number | undefined {
  return utcOfKnownDay(text) ?? anyTimeWithOffset(text);
}

/** `2026-11-21T10:04:56.000Z`, as nearly every device that has a clock writes it, on the day of the time before it. */
const USUAL_LENGTH = 24;

function utcOfKnownDay(text: unknown): number | undefined {
  if (typeof text !== 'string' || text.length !== USUAL_LENGTH || knownDay === '') return undefined;
  if (!text.startsWith(knownDay) || text[10] !== 'T' || text[13] !== ':' || text[16] !== ':')
    return undefined;
  if (text[19] !== '.' || text[23] !== 'Z') return undefined;
  const hours = twoDigits(text, 11);
  const minutes = twoDigits(text, 14);
  const seconds = twoDigits(text, 17);
  const milliseconds = twoDigits(text, 20) * 10 + oneDigit(text, 22);
  const isTime = hours < 24 && minutes < 60 && seconds < 60 && milliseconds < 1_000;
  return isTime ? knownDayMs + ((hours * 60 + minutes) * 60 + seconds) * 1_000 + milliseconds : undefined;
}

const ZERO = 48;

/** NaN where there is anything but two digits. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const units = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? tens * 10 + units : Number.NaN;
}

function oneDigit(text: string, at: number): number {
  const digit = text.charCodeAt(at) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : Number.NaN;
}

function anyTimeWithOffset(text: unknown): number | undefined {
  const parts = split(text);
  return parts?.offset === undefined ? undefined : parse(parts.local, parts.offset);
}

/**
 * A time of a device that may leave out the offset: then it is the farm's local time. A device that was never told its
 * zone sends UTC: when that is about now while the local reading of it is hours away, it is taken as UTC. (Such a
 * device sends what it measures at once; it has no old readings that could be mistaken.)
 */
export function localTime(
  text: unknown,
  zoneOffsetMinutes: number,
  receivedAtMs: number,
): number | undefined {
  const parts = split(text);
  if (parts === undefined) return undefined;
  if (parts.offset !== undefined) return parse(parts.local, parts.offset);
  const asUtc = parse(parts.local, 'Z');
  if (asUtc === undefined) return undefined;
  const asLocal = asUtc - zoneOffsetMinutes * 60_000;
  const utcIsNow = Math.abs(asUtc - receivedAtMs) <= ABOUT_NOW_MS;
  return utcIsNow && Math.abs(asLocal - receivedAtMs) >= HOUR_MS ? asUtc : asLocal;
}

/** '+07:00' as 420. Throws a RangeError on anything else. */
export function offsetMinutes(text: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):(\d{2})$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes);
  if (!(total <= 14 * 60)) throw new RangeError(`'${text}' is no offset from UTC such as +07:00`);
  return sign === '-' ? -total : total;
}

function split(text: unknown): { local: string; offset: string | undefined } | undefined {
  const match = typeof text === 'string' && text.length <= 40 ? ISO.exec(text) : null;
  if (match === null) return undefined;
  return { local: `${match[1]}T${match[2]}`, offset: match[3]?.toUpperCase() };
}

function parse(local: string, offset: string): number | undefined {
  if (!isDay(local.slice(0, 10))) return undefined;
  const ms = Date.parse(local + (offset === 'Z' ? 'Z' : offset.replace(/^(...):?/, '$1:')));
  return Number.isNaN(ms) ? undefined : ms;
}

/** The last day that was found in the calendar: nearly every time is of the same day as the one before. */
let knownDay = '';
let knownDayMs = 0;

/** Whether the calendar has this day: JavaScript takes 30 February for 2 March. */
function isDay(day: string): boolean {
  if (day === knownDay) return true;
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || !midnight.toISOString().startsWith(day)) return false;
  knownDay = day;
  knownDayMs = midnight.getTime();
  return true;
}
