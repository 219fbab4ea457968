import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { isMetricName, type MetricName } from './metrics.ts';

/**
 * Canonical line protocol: the one encoding of a reading, from the journal to the series store and the cloud.
 *
 *   metric[,channel=C],device=D value=V[,quality=Qi][,received=Ri] TIME
 *
 * Canonical means: tags in byte order, no tag without a value, fields in the order above, no quality that is good (0),
 * no receive time that lies within ten seconds of TIME, TIME in nanoseconds, one line a reading, lines joined by "\n", no trailing
 * newline. InfluxDB accepts it as it stands (InfluxDB line protocol reference, sections "Special characters" and "Data
 * types"); what is left out halves what InfluxDB and the SD card have to do. The form that spells everything out
 * (until version 0.1) is still read.
 */
export interface Reading {
  readonly metric: MetricName;
  /** The device's identity as the broker knows it. */
  readonly device: string;
  /** Which of several sensors of one device ('DS18B20', a raw field's name); empty when there is one. */
  readonly channel: string;
  /** In the metric's unit; always finite. */
  readonly value: number;
  /** Bits of `quality`. */
  readonly quality: number;
  readonly receivedAtMs: number;
  /**
   * The time the series is stored under: the observation's time in nanoseconds, whose sub-millisecond digits hold
   * the reading's running number, so that two readings never share one identity.
   */
  readonly timeNs: bigint;
}

const NS_PER_MS = 1_000_000n;

/** Series time from the observation's time and the reading's running number in the journal. */
export function seriesTimeNs(observedAtMs: number, runningNumber: number): bigint {
  return BigInt(Math.floor(observedAtMs)) * NS_PER_MS + BigInt(runningNumber % 1_000_000);
}

/** The observation's time of a reading, in milliseconds since 1970 UTC. */
export function observedAtMs(reading: Pick<Reading, 'timeNs'>): number {
  // BigInt division truncates, but a time before 1970 must be rounded down as well.
  const subMs = reading.timeNs % NS_PER_MS;
  return Number((reading.timeNs - subMs) / NS_PER_MS) - (subMs < 0n ? 1 : 0);
}

const UNESCAPABLE = /[\\\p{Cc}]/u;

const escapeTag = (text: string): string => text.replace(/[,= ]/g, (char) => `\\${char}`);

/** What nearly all channels are: they need no second look. */
const PLAIN_CHANNEL = /^[A-Za-z0-9_.:/~ -]{0,64}$/;

/** What may not stand in a channel: among it all that InfluxDB cannot escape, and halves of surrogate pairs. */
const FOREIGN = /[^\p{L}\p{N}_.:/~ -]/gu;

/**
 * A channel as it may stand in a line: composed (NFC), so that one name has one spelling; every other character than
 * letters, digits, space and `_.:/~-` becomes '_'; at most 64 characters long. Two names that would become one keep
 * apart by a tail: '~' and eight hex digits of the original's SHA-256.
 */
export function channelName(text: string): string {
  if (PLAIN_CHANNEL.test(text)) return text;
  const composed = text.normalize('NFC');
  const name = composed.replace(FOREIGN, '_');
  // By code points: half a surrogate pair has no UTF-8, and the entry's hash is taken over UTF-8.
  const points = name.length <= 64 ? undefined : Array.from(name);
  if (name === composed && (points?.length ?? 0) <= 64) return name;
  const head = (points ?? Array.from(name)).slice(0, 55).join('');
  return `${head}~${bytesToHex(sha256(utf8ToBytes(composed.toWellFormed()))).slice(0, 8)}`;
}

/** Throws a RangeError on a reading that has no line: one that is not finite, or whose names could break out of it. */
export function encodeReading(reading: Reading): string {
  const { value, quality, receivedAtMs, timeNs } = reading;
  if (!Number.isFinite(value)) {
    throw new RangeError(`a reading of ${reading.metric} must be finite, not ${value}`);
  }
  const received = isToldByTime(receivedAtMs, observedAtMs(reading)) ? undefined : receivedAtMs;
  return lineHead(reading) + lineTail(value, quality, received, String(timeNs));
}

const TOLD_BY_TIME_MS = 10_000;

/**
 * Whether a reading's time tells when it was received as well as anybody needs it: a device with a clock is seldom
 * further off, and whether a reading came late is flagged. A line that leaves it out is read as received at its time.
 */
export function isToldByTime(receivedAtMs: number, observedAtMs: number): boolean {
  return Math.abs(receivedAtMs - observedAtMs) <= TOLD_BY_TIME_MS;
}

/** The part of a line that all readings of a series share; throws a RangeError on names that could break out of it. */
export function lineHead(series: Pick<Reading, 'metric' | 'device' | 'channel'>): string {
  if (!hasPlainNames(series)) {
    throw new RangeError(`'${series.device}' or '${series.channel}' cannot stand in a line: use channelName`);
  }
  return `${seriesKey(series)} value=`;
}

/** The rest of it: a finite value, quality bits, the receive time unless TIME tells it, TIME in nanoseconds. */
export function lineTail(value: number, quality: number, receivedAtMs: number | undefined, timeNs: string) {
  const bits = quality === 0 ? '' : `,quality=${quality}i`;
  const received = receivedAtMs === undefined ? '' : `,received=${receivedAtMs}i`;
  return `${value}${bits}${received} ${timeNs}`;
}

function hasPlainNames({ device, channel }: Pick<Reading, 'device' | 'channel'>): boolean {
  return device !== '' && !UNESCAPABLE.test(device) && !UNESCAPABLE.test(channel);
}

/** As version 0.1 wrote it: entries are never changed, so it is read for ever. */
function encodeInFull(reading: Reading): string {
  const { value, quality, receivedAtMs, timeNs } = reading;
  return `${seriesKey(reading)} value=${value},quality=${quality}i,received=${receivedAtMs}i ${timeNs}`;
}

function seriesKey({ metric, channel, device }: Pick<Reading, 'metric' | 'device' | 'channel'>): string {
  const tag = channel === '' ? '' : `,channel=${escapeTag(channel)}`;
  return `${metric}${tag},device=${escapeTag(device)}`;
}

const LINE =
  /^([a-z0-9_]+)((?:,(?:\\.|[^\\ ])+)?) value=([^\s,]+)(?:,quality=(\d+)i)?(?:,received=(-?\d+)i)? (-?\d+)$/;

/**
 * Reads one line back; throws a SyntaxError that quotes the line. A reading has exactly one line (and the one of
 * version 0.1): any other spelling of it (`1.0` for `1`, tags in another order) is refused.
 */
export function parseReading(line: string): Reading {
  const match = LINE.exec(line);
  const [, metric = '', tagText = '', value = '', quality = '0', received, time = ''] = match ?? [];
  const tags = parseTags(tagText);
  const device = tags.get('device');
  if (!match || !isMetricName(metric) || device === undefined || !Number.isFinite(Number(value))) {
    throw notCanonical(line);
  }
  const timeNs = BigInt(time);
  const reading = {
    metric,
    device,
    channel: tags.get('channel') ?? '',
    value: Number(value),
    quality: Number(quality),
    receivedAtMs: received === undefined ? observedAtMs({ timeNs }) : Number(received),
    timeNs,
  };
  const isCanonical = hasPlainNames(reading) && encodeReading(reading) === line;
  if (!isCanonical && (!hasPlainNames(reading) || encodeInFull(reading) !== line)) throw notCanonical(line);
  return reading;
}

const DEVICE = ',device=';
const VALUE = ' value=';
const NS_DIGITS = 6;
const MS_DIGITS = /^\d{1,13}$/;

/**
 * Of which device a line is and when it was observed: all that a look through very many of them needs. It does not prove
 * that the line is canonical. `,device=` and ` value=` stand in it once, because in a tag's value every '=' has a
 * backslash before it. What looks unusual is left to parseReading.
 */
export function deviceAndTime(line: string): { readonly device: string; readonly atMs: number } {
  const [start, end] = [line.indexOf(DEVICE), line.indexOf(VALUE)];
  const device = line.slice(start + DEVICE.length, end);
  const ms = line.slice(line.lastIndexOf(' ') + 1, -NS_DIGITS);
  const isUsual = start > 0 && end > start && !device.includes('\\') && MS_DIGITS.test(ms);
  if (isUsual) return { device, atMs: Number(ms) };
  const reading = parseReading(line);
  return { device: reading.device, atMs: observedAtMs(reading) };
}

function notCanonical(line: string): SyntaxError {
  return new SyntaxError(`not a canonical reading: ${line.slice(0, 200)}`);
}

export function encodeReadings(readings: readonly Reading[]): string {
  return readings.map(encodeReading).join('\n');
}

export function parseReadings(lines: string): Reading[] {
  return lines === '' ? [] : lines.split('\n').map(parseReading);
}

function parseTags(text: string): Map<string, string> {
  const tags = new Map<string, string>();
  for (const part of text.match(/,(?:\\.|[^\\,])+/g) ?? []) {
    const split = part.indexOf('=');
    tags.set(part.slice(1, split), part.slice(split + 1).replace(/\\(.)/g, '$1'));
  }
  return tags;
}
