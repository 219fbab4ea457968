import {
  channelName,
  isMetricName,
  type JournalRecord,
  type MappingRecord,
  type MetricName,
  metrics,
} from '@nongtin/broker/wire';
import type { ParsedReading } from '../profiles/profile.ts';
import { toMetricUnit } from '../units/units.ts';
import { type RawField, RawFields } from './raw-fields.ts';

interface MappingsOptions {
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    records(kind: 'mapping', limit: number): Promise<readonly MappingRecord[]>;
  };
  readonly clock: { nowMs(): number };
}

/** What a person says a raw field means. */
export interface MappingWish {
  readonly device: string;
  /** Channel of the raw field. */
  readonly channel: string;
  readonly metric: string;
  /** Absent: the metric's own unit. */
  readonly unit?: string;
  /** Absent: the raw field's. */
  readonly toChannel?: string;
  readonly recordedBy: string;
}

export interface Mapping {
  readonly device: string;
  readonly channel: string;
  readonly metric: MetricName;
  readonly unit: string;
  readonly toChannel: string;
  readonly recordedBy: string;
  readonly atMs: number;
}

/** A mapping that cannot be; the message says why and what to do. */
export class MappingProblem extends Error {
  readonly isConflict: boolean;

  constructor(message: string, isConflict = false) {
    super(message);
    this.isConflict = isConflict;
  }
}

const MOST_RECORDS = 100_000;
const MOST_MAPPINGS = 10_000;

/**
 * Raw fields that people gave a meaning: from then on they are stored as that metric. Each change is a record of the
 * journal, so that a restart forgets nothing and a series can be explained.
 */
export class Mappings {
  readonly #options: MappingsOptions;
  readonly #fields = new RawFields();
  /** By device, then by channel. */
  readonly #mappings = new Map<string, Map<string, Mapping>>();
  #count = 0;

  constructor(options: MappingsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const records = await this.#options.journal.records('mapping', MOST_RECORDS);
    for (const record of [...records].reverse()) this.#take(record);
  }

  /** The readings of a message with their meaning; the very same list when nothing of it is raw. */
  apply(device: string, readings: readonly ParsedReading[], atMs: number): readonly ParsedReading[] {
    for (const { metric } of readings) if (metric === 'raw') return this.#applyAll(device, readings, atMs);
    return readings;
  }

  /** Fields without a meaning, as far as they came since the start. */
  unmapped(): RawField[] {
    return this.#fields.list();
  }

  list(): Mapping[] {
    return [...this.#mappings.values()].flatMap((channels) => [...channels.values()]);
  }

  /** Resolves when it is durable. Throws a MappingProblem. */
  async set(wish: MappingWish): Promise<Mapping> {
    const mapping = this.#checked(wish);
    const { device, channel, metric, unit, toChannel, recordedBy, atMs } = mapping;
    await this.#options.journal.appendRecord({
      ...{ kind: 'mapping', atMs, device, channel, metric, unit, toChannel, recordedBy },
    });
    this.#put(mapping);
    return mapping;
  }

  /** The field is raw again. False when it had no meaning. */
  async remove(device: string, channel: string, recordedBy: string): Promise<boolean> {
    if (this.#mappings.get(device)?.get(channel) === undefined) return false;
    const atMs = this.#options.clock.nowMs();
    await this.#options.journal.appendRecord({ kind: 'mapping', atMs, device, channel, recordedBy });
    this.#drop(device, channel);
    return true;
  }

  #applyAll(device: string, readings: readonly ParsedReading[], atMs: number): readonly ParsedReading[] {
    const channels = this.#mappings.get(device);
    if (channels === undefined) {
      for (const reading of readings) if (reading.metric === 'raw') this.#fields.note(device, reading, atMs);
      return readings;
    }
    return readings.map((reading) => {
      if (reading.metric !== 'raw') return reading;
      const mapping = channels.get(reading.channel);
      const value = mapping && toMetricUnit(mapping.metric, reading.value, mapping.unit);
      // What cannot be converted (a number beyond any range) is kept as it came.
      if (mapping && value !== undefined)
        return { ...reading, metric: mapping.metric, channel: mapping.toChannel, value };
      this.#fields.note(device, reading, atMs);
      return reading;
    });
  }

  #checked(wish: MappingWish): Mapping {
    const { device, channel, metric, recordedBy } = wish;
    if (!isMetricName(metric) || metric === 'raw')
      throw new MappingProblem(`There is no metric '${metric}': the names are in docs/wire.md.`);
    const own = metrics[metric].unit;
    const unit = wish.unit ?? (own === '1' ? '' : own);
    if (toMetricUnit(metric, 1, unit) === undefined) {
      const told = unit === '' ? 'A number without a unit' : `Unit '${unit}'`;
      throw new MappingProblem(`${told} cannot be ${metric}, which is measured in ${own}.`);
    }
    const toChannel = wish.toChannel ?? channel;
    if (channelName(toChannel) !== toChannel)
      throw new MappingProblem(
        `'${toChannel}' cannot be a channel: letters, digits, space and _ . : / ~ - are allowed.`,
      );
    const rival = [...(this.#mappings.get(device)?.values() ?? [])].find(
      (other) => other.metric === metric && other.toChannel === toChannel && other.channel !== channel,
    );
    if (rival)
      throw new MappingProblem(
        `'${rival.channel}' of ${device} is ${metric} '${toChannel}' already: give another toChannel.`,
        true,
      );
    if (this.#count >= MOST_MAPPINGS)
      throw new MappingProblem(
        `There are ${MOST_MAPPINGS} mappings, no more are kept: delete some first.`,
        true,
      );
    const atMs = this.#options.clock.nowMs();
    return { device, channel, metric, unit, toChannel, recordedBy, atMs };
  }

  #take({ device, channel, metric, unit, toChannel, recordedBy, atMs }: MappingRecord): void {
    // A metric of a newer version: the field stays raw.
    if (metric === undefined || !isMetricName(metric)) this.#drop(device, channel);
    else
      this.#put({
        ...{ device, channel, metric, unit: unit ?? metrics[metric].unit },
        ...{ toChannel: toChannel ?? channel, recordedBy, atMs },
      });
  }

  #put(mapping: Mapping): void {
    const { device, channel } = mapping;
    const channels = this.#mappings.get(device) ?? new Map<string, Mapping>();
    if (!channels.has(channel)) this.#count += 1;
    this.#mappings.set(device, channels.set(channel, mapping));
    this.#fields.forget(device, channel);
  }

  #drop(device: string, channel: string): void {
    const channels = this.#mappings.get(device);
    if (channels === undefined || !channels.delete(channel)) return;
    this.#count -= 1;
    if (channels.size === 0) this.#mappings.delete(device);
  }
}
