import { isMetricName, type MetricName } from './metrics.ts';

/**
 * Canonical line protocol: the one encoding of a reading, from the journal to the series store and the cloud.
 *
 *   metric[,channel=C],device=D value=V,quality=Qi,received=Ri TIME
 *
 * Canonical means: tags in byte order, no tag without a value, fields in the order above, TIME in
 * nanoseconds, one line a reading, lines joined by "\n", no trailing newline. InfluxDB accepts it as it stands
 * (InfluxDB line protocol reference, sections "Special characters" and "Data types").
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
  return BigInt(Math.trunc(observedAtMs)) * NS_PER_MS + BigInt(runningNumber % 1_000_000);
}

/** The observation's time of a reading, in milliseconds since 1970 UTC. */
export function observedAtMs(reading: Pick<Reading, 'timeNs'>): number {
  return Number(reading.timeNs / NS_PER_MS);
}

const escapeTag = (text: string): string => text.replace(/[,= ]/g, (char) => `\\${char}`);

/**
 * A channel as it may stand in a line: what InfluxDB cannot escape (backslash, control characters) becomes '_',
 * and it is at most 64 characters long.
 */
export function channelName(text: string): string {
  return text.replace(/[^\p{L}\p{N}_.:/ -]/gu, '_').slice(0, 64);
}

export function encodeReading(reading: Reading): string {
  if (!Number.isFinite(reading.value)) {
    throw new RangeError(`a reading of ${reading.metric} must be finite, not ${reading.value}`);
  }
  const channel = reading.channel === '' ? '' : `,channel=${escapeTag(reading.channel)}`;
  return (
    `${reading.metric}${channel},device=${escapeTag(reading.device)} ` +
    `value=${reading.value},quality=${reading.quality}i,received=${reading.receivedAtMs}i ${reading.timeNs}`
  );
}

const LINE = /^([a-z_]+)((?:,(?:\\.|[^\\ ])+)?) value=(\S+),quality=(\d+)i,received=(-?\d+)i (-?\d+)$/;

/** Reads one line back; throws a SyntaxError that quotes the line. */
export function parseReading(line: string): Reading {
  const match = LINE.exec(line);
  const [, metric = '', tagText = '', value = '', quality = '', received = '', time = ''] = match ?? [];
  const tags = parseTags(tagText);
  const device = tags.get('device');
  if (!match || !isMetricName(metric) || device === undefined || !Number.isFinite(Number(value))) {
    throw new SyntaxError(`not a canonical reading: ${line.slice(0, 200)}`);
  }
  return {
    metric,
    device,
    channel: tags.get('channel') ?? '',
    value: Number(value),
    quality: Number(quality),
    receivedAtMs: Number(received),
    timeNs: BigInt(time),
  };
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
