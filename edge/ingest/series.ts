import {
  lineHead,
  type Metric,
  type MetricName,
  metrics,
  type Reading,
  seriesTimeNs,
} from '@nongtin/broker/wire';
import { Batteries } from './batteries.ts';
import { newSeriesState, type SeriesState } from './observation.ts';
import type { SeriesMemory } from './series-memory.ts';

/** What all readings of one device, metric and channel share, made once. */
export interface Series {
  readonly metric: MetricName;
  readonly device: string;
  readonly channel: string;
  readonly limits: Metric;
  /** What was observed before; quality is judged against it. */
  readonly state: SeriesState;
  /** Its part of a line, in UTF-8. */
  readonly head: Uint8Array;
}

const encoder = new TextEncoder();

/** Devices × metrics × channels of a large farm, several times over. */
const MOST_SERIES = 50_000;

/** What is remembered of one device. */
export interface DeviceSeries {
  readonly batteries: Batteries;
  /** By metric, then by channel. */
  readonly series: Map<MetricName, Map<string, Series>>;
}

/** The devices and series seen so far; when there are too many, all of it begins anew. */
export class SeriesTable {
  readonly #memory: SeriesMemory | undefined;
  readonly #devices = new Map<string, DeviceSeries>();
  #count = 0;

  /** `memory`: what was known of the series before this start. */
  constructor(memory?: SeriesMemory) {
    this.#memory = memory;
  }

  device(name: string): DeviceSeries {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const made: DeviceSeries = { batteries: new Batteries(), series: new Map() };
    this.#devices.set(name, made);
    return made;
  }

  /** Another sensor is behind its series: what it says first is neither a jump nor a counter that goes on. */
  replaced(name: string): void {
    this.#memory?.replaced(name);
    for (const channels of this.#devices.get(name)?.series.values() ?? [])
      for (const { state } of channels.values()) state.believed = Number.NaN;
  }

  of(device: DeviceSeries, name: string, metric: MetricName, channel: string): Series {
    return device.series.get(metric)?.get(channel) ?? this.#add(device, name, metric, channel);
  }

  #newState(name: string, { aggregate, flatHours }: Metric): SeriesState {
    const state = newSeriesState();
    if (aggregate === 'counter' || flatHours !== undefined) this.#memory?.recall(name, state);
    return state;
  }

  #add({ series }: DeviceSeries, device: string, metric: MetricName, channel: string): Series {
    if (this.#count >= MOST_SERIES) {
      this.#devices.clear();
      this.#count = 0;
    }
    const made: Series = {
      metric,
      device,
      channel,
      limits: metrics[metric],
      state: this.#newState(`${device}\n${metric}\n${channel}`, metrics[metric]),
      head: encoder.encode(lineHead({ metric, device, channel })),
    };
    const channels = series.get(metric) ?? new Map<string, Series>();
    series.set(metric, channels.set(channel, made));
    this.#count += 1;
    return made;
  }
}

/** A reading on its way. Its time in nanoseconds is made when somebody asks: BigInt is slow, and hardly anybody does. */
export class IncomingReading implements Reading {
  readonly metric: MetricName;
  readonly device: string;
  readonly channel: string;
  readonly value: number;
  readonly quality: number;
  readonly receivedAtMs: number;
  /** Observation time, whole milliseconds since 1970 UTC. */
  readonly atMs: number;
  /** Its running number in the journal. */
  readonly number: number;

  constructor(
    { metric, device, channel }: Series,
    value: number,
    quality: number,
    receivedAtMs: number,
    atMs: number,
    number: number,
  ) {
    this.metric = metric;
    this.device = device;
    this.channel = channel;
    this.value = value;
    this.quality = quality;
    this.receivedAtMs = receivedAtMs;
    this.atMs = atMs;
    this.number = number;
  }

  get timeNs(): bigint {
    return seriesTimeNs(this.atMs, this.number);
  }
}
