import {
  channelName,
  isMetricName,
  type JournalRecord,
  type MappingRecord,
  type MetricName,
  metrics,
} from '@nongtin/broker/wire';
import type { ParsedReading } from '../profiles/profile.ts';
import { convert, toMetricUnit } from '../units/units.ts';
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
  /** Absent: the one that the payload states, or none where the metric has none. */
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
  /** When the field last came since the start; null: it has not come yet. */
  readonly lastSeenAtMs: number | null;
}

type Kept = { -readonly [Key in keyof Mapping]: Mapping[Key] } & { stated?: string | undefined };

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
  readonly #mappings = new Map<string, Map<string, Kept>>();
  #count = 0;
  /** The change under way: of two for one target the second must see the first. */
  #changing: Promise<unknown> = Promise.resolve();

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
    return [...this.#mappings.values()].flatMap((channels) => [...channels.values()].map(copyOf));
  }

  /** Resolves when it is durable. Throws a MappingProblem. */
  set(wish: MappingWish): Promise<Mapping> {
    return this.#inTurn(async () => {
      const mapping = this.#checked(wish);
      const { device, channel, metric, unit, toChannel, recordedBy, atMs } = mapping;
      await this.#options.journal.appendRecord({
        ...{ kind: 'mapping', atMs, device, channel, metric, unit, toChannel, recordedBy },
      });
      this.#put(mapping);
      return copyOf(mapping);
    });
  }

  /** The field is raw again. False when it had no meaning. */
  remove(device: string, channel: string, recordedBy: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#mappings.get(device)?.get(channel) === undefined) return false;
      const atMs = this.#options.clock.nowMs();
      await this.#options.journal.appendRecord({ kind: 'mapping', atMs, device, channel, recordedBy });
      this.#drop(device, channel);
      return true;
    });
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => {});
    return changed;
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
      if (mapping === undefined) {
        this.#fields.note(device, reading, atMs);
        return reading;
      }
      mapping.lastSeenAtMs = atMs;
      mapping.stated = reading.unit;
      const mapped = mappedReading(reading, mapping);
      if (mapped !== undefined && !told(readings, mapped)) return mapped;
      // What cannot be converted (a number beyond any range), or is told beside it, is kept as it came.
      this.#fields.note(device, mapped === undefined ? reading : { ...reading, rawReason: 'repeated' }, atMs);
      return reading;
    });
  }

  #checked(wish: MappingWish): Kept {
    const { device, channel, metric, recordedBy } = wish;
    if (!isMetricName(metric) || metric === 'raw')
      throw new MappingProblem(`There is no metric '${metric}': the names are in docs/wire.md.`);
    const seen = this.#fields.get(device, channel);
    const before = this.#mappings.get(device)?.get(channel);
    const stated = seen?.unit ?? before?.stated;
    const unit = unitOf(metric, wish, stated);
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
    if (before === undefined && this.#count >= MOST_MAPPINGS)
      throw new MappingProblem(
        `There are ${MOST_MAPPINGS} mappings, no more are kept: delete some first.`,
        true,
      );
    const atMs = this.#options.clock.nowMs();
    const lastSeenAtMs = seen?.lastAtMs ?? before?.lastSeenAtMs ?? null;
    return { device, channel, metric, unit, toChannel, recordedBy, atMs, lastSeenAtMs, stated };
  }

  #take({ device, channel, metric, unit, toChannel, recordedBy, atMs }: MappingRecord): void {
    // A metric of a newer version: the field stays raw.
    if (metric === undefined || !isMetricName(metric)) this.#drop(device, channel);
    else
      this.#put({
        ...{ device, channel, metric, unit: unit ?? metrics[metric].unit },
        ...{ toChannel: toChannel ?? channel, recordedBy, atMs, lastSeenAtMs: null },
      });
  }

  #put(mapping: Kept): void {
    const { device, channel } = mapping;
    const channels = this.#mappings.get(device) ?? new Map<string, Kept>();
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

function copyOf({ stated: _, ...mapping }: Kept): Mapping {
  return mapping;
}

/** With the unit that the payload states, where it states one; undefined when that cannot be the metric. */
function mappedReading(
  reading: ParsedReading,
  { metric, unit, toChannel }: Mapping,
): ParsedReading | undefined {
  const { value, observedAtMs } = reading;
  const converted = toMetricUnit(metric, value, isUnit(reading.unit) ? reading.unit : unit);
  if (converted === undefined) return undefined;
  const time = observedAtMs === undefined ? {} : { observedAtMs };
  return { metric, channel: toChannel, value: converted, ...time };
}

/** Whether the message tells the same series by itself. */
function told(readings: readonly ParsedReading[], { metric, channel, observedAtMs }: ParsedReading): boolean {
  return readings.some(
    (other) => other.metric === metric && other.channel === channel && other.observedAtMs === observedAtMs,
  );
}

function isUnit(unit: string | undefined): unit is string {
  return unit !== undefined && convert(1, unit, unit) !== undefined;
}

/** The unit of a mapping: as the payload states it, or as the person says. Never guessed. Throws a MappingProblem. */
function unitOf(metric: MetricName, wish: MappingWish, stated: string | undefined): string {
  const own = metrics[metric].unit;
  const { device, channel, unit = isUnit(stated) ? stated : undefined } = wish;
  if (unit === undefined && own !== '1' && own !== 'pH')
    throw new MappingProblem(
      `Say in which unit '${channel}' of ${device} is given: ${metric} is measured in ${own}, and the payload does not tell.`,
    );
  if (toMetricUnit(metric, 1, unit ?? '') === undefined) {
    const told = unit === undefined || unit === '' ? 'A number without a unit' : `Unit '${unit}'`;
    throw new MappingProblem(`${told} cannot be ${metric}, which is measured in ${own}.`);
  }
  if (isUnit(stated) && toMetricUnit(metric, 1, stated) !== toMetricUnit(metric, 1, unit ?? ''))
    throw new MappingProblem(
      `'${channel}' of ${device} is given in '${stated}', as its payload says, not in '${unit}': leave the unit out.`,
      true,
    );
  return unit ?? '';
}
