import { type QuarantineRecord, qualityFlags, type Reading } from '@nongtin/broker/wire';

const MOST_SERIES = 20_000;
const MOST_LISTED = 1_000;
const MOST_TOPICS = 200;

/** What a replay tells, for people and as JSON. Times are UTC milliseconds. */
export interface ReplaySummary {
  file: string;
  lines: number;
  messages: number;
  readings: number;
  duplicates: number;
  /** Values that were missing or no numbers. */
  missing: number;
  statuses: number;
  /** Understood, and no reading. */
  ignored: number;
  quarantined: number;
  firstAtMs: number | null;
  lastAtMs: number | null;
  devices: DeviceSummary[];
  /** Fields nobody has mapped to a metric. */
  unmapped: { device: string; field: string; count: number; lastValue: number }[];
  unreadable: { line: number; device: string; topic: string; cause: string; detail: string }[];
  /** Lines that hold no message. */
  skipped: { line: number; reason: string }[];
  skippedLines: number;
  /** Topics that devices do not speak on: commands, and what is not in the table of topics. */
  otherTopics: { topic: string; count: number; reason: 'command' | 'unknown_topic' }[];
  /** Where journal and series lie; null when they have been deleted. */
  into: string | null;
}

interface DeviceSummary {
  device: string;
  series: SeriesSummary[];
}

interface SeriesSummary {
  metric: string;
  channel: string;
  count: number;
  firstAtMs: number;
  lastAtMs: number;
  min: number;
  max: number;
  last: number;
  /** Flag → how many readings carry it. */
  flags: Record<string, number>;
}

/** What is asked of a reading. */
type Read = Pick<Reading, 'device' | 'metric' | 'channel' | 'value' | 'quality'> & { readonly atMs: number };

/** Collects what a replay has seen, within bounds. */
export class Collected {
  readonly #series = new Map<string, SeriesSummary & { device: string }>();
  readonly #topics = new Map<string, ReplaySummary['otherTopics'][number]>();
  readonly unreadable: ReplaySummary['unreadable'] = [];
  readonly skipped: ReplaySummary['skipped'] = [];
  skippedLines = 0;

  readings(readings: readonly Read[]): void {
    for (const { device, metric, channel, value, quality, atMs } of readings) {
      const key = `${device}\n${metric}\n${channel}`;
      const known = this.#series.get(key);
      if (known === undefined && this.#series.size >= MOST_SERIES) continue;
      const series = known ?? {
        ...{ device, metric, channel, count: 0, firstAtMs: atMs, lastAtMs: atMs },
        ...{ min: value, max: value, last: value, flags: {} },
      };
      if (known === undefined) this.#series.set(key, series);
      series.count += 1;
      series.firstAtMs = Math.min(series.firstAtMs, atMs);
      series.lastAtMs = Math.max(series.lastAtMs, atMs);
      series.min = Math.min(series.min, value);
      series.max = Math.max(series.max, value);
      series.last = value;
      for (const flag of qualityFlags(quality)) series.flags[flag] = (series.flags[flag] ?? 0) + 1;
    }
  }

  quarantined(line: number, { device, topic, cause, detail }: QuarantineRecord): void {
    if (this.unreadable.length < MOST_LISTED) this.unreadable.push({ line, device, topic, cause, detail });
  }

  skip(line: number, reason: string): void {
    this.skippedLines += 1;
    if (this.skipped.length < MOST_LISTED) this.skipped.push({ line, reason });
  }

  otherTopic(topic: string, reason: 'command' | 'unknown_topic'): void {
    const known = this.#topics.get(topic);
    if (known !== undefined) known.count += 1;
    else if (this.#topics.size < MOST_TOPICS) this.#topics.set(topic, { topic, count: 1, reason });
  }

  get otherTopics(): ReplaySummary['otherTopics'] {
    return [...this.#topics.values()];
  }

  /** By device, in the order of their names. */
  devices(): Pick<ReplaySummary, 'devices' | 'unmapped' | 'firstAtMs' | 'lastAtMs'> {
    const all = [...this.#series.values()];
    const groups = Map.groupBy(all, ({ device }) => device);
    return {
      devices: [...groups].sort(byName).map(([device, series]) => ({
        device,
        series: series.map(({ device: _, ...rest }) => rest).sort(byMetric),
      })),
      unmapped: all
        .filter(({ metric }) => metric === 'raw')
        .map(({ device, channel, count, last }) => ({ device, field: channel, count, lastValue: last })),
      firstAtMs: all.reduce<number | null>((first, { firstAtMs: at }) => Math.min(first ?? at, at), null),
      lastAtMs: all.reduce<number | null>((last, { lastAtMs: at }) => Math.max(last ?? at, at), null),
    };
  }
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : 1;
}

function byMetric(one: SeriesSummary, other: SeriesSummary): number {
  return `${one.metric} ${one.channel}` < `${other.metric} ${other.channel}` ? -1 : 1;
}
