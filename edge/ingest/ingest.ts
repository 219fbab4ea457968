import type { InboundMessage } from '@nongtin/broker';
import {
  channelName,
  matchTopic,
  type QuarantineRecord,
  quality,
  type TopicName,
} from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Journal } from '../journal/index.ts';
import type { Mappings } from '../mapping/mapping.ts';
import {
  offsetMinutes,
  type Parsed,
  type ParsedMessage,
  type Profile,
  type Profiles,
} from '../profiles/index.ts';
import { DuplicateWindow } from './duplicates.ts';
import { storable } from './fields.ts';
import { MessageLines } from './lines.ts';
import { isCredible, isLate, observe } from './observation.ts';
import { Quarantine, type Unreadable } from './quarantine.ts';
import { IncomingReading, SeriesTable } from './series.ts';
import type { SeriesMemory } from './series-memory.ts';

interface IngestOptions {
  readonly journal: Journal;
  readonly profiles: Pick<Profiles, 'find' | 'version'>;
  /** While `isTrusted` says no, readings wait for their date; absent: it is always trusted. */
  readonly clock: { nowMs(): number; monotonicMs(): number; isTrusted?(): boolean };
  readonly logger: Logger;
  /** What quality knew of the series before this start; absent: it begins anew. */
  readonly seriesMemory?: SeriesMemory;
  /** What people say raw fields mean; absent: they stay raw. */
  readonly mappings?: Pick<Mappings, 'apply'>;
  /** Under which name the series of who speaks are kept; absent: its own. */
  readonly names?: { of(hardware: string): string };
  /** The farm's offset from UTC, such as '+07:00' (the default): for devices that send local time. */
  readonly zoneOffset?: string;
  /** Called before the fsync: control and live views do not wait for the disk. Never for a duplicate. */
  onReadings(
    readings: readonly IncomingReading[],
    /** Fields of the message that should have held a reading and held none. */
    missing: number,
    /** The profile that read it. */
    family: string,
    /** The device's own time. */
    deviceMs: number | undefined,
  ): void;
  /** The device has spoken, and its sensors had no value. */
  onSilent?(device: string, missing: number, family: string): void;
  onStatus(device: string, online: boolean): void;
  /** Called when the record is on the disk. */
  onQuarantine(record: QuarantineRecord): void;
}

interface IngestCounters {
  /** Messages of devices, of every kind. */
  messages: number;
  readings: number;
  /** Readings with at least one quality flag. */
  flagged: number;
  /** Fields that held no usable value. */
  missing: number;
  duplicates: number;
  /** Messages that could not be read, or not all of it, kept or not. */
  quarantined: number;
  /** Of these, what is beyond what is kept of one device within an hour. */
  suppressed: number;
  statuses: number;
  /** Messages that hold no reading, and need not. */
  ignored: number;
  /** QoS 0 messages given up because the disk could not keep up. */
  dropped: number;
}

export interface Ingest {
  /** Resolves when what the message says is on the disk; the broker then acknowledges it. */
  receive(message: InboundMessage): Promise<unknown>;
  counters(): Readonly<IngestCounters>;
  /** Another sensor speaks for this device from now on: it neither jumps nor goes on with the other one's counter. */
  replaced(device: string): void;
}

/** The journal must be started before the first message comes. */
export function createIngest(options: IngestOptions): Ingest {
  return new MessageIngest(options);
}

/** Beyond so many appends on their way to the disk, messages that nobody waits for are given up. */
const MOST_WAITING = 20_000;
const MOST_ROUTES = 10_000;
const DONE = Promise.resolve();

/** A message, and what is known of its arrival before it is read. */
interface Arrived {
  readonly message: InboundMessage;
  readonly receivedAtMs: number;
  readonly isClockTrusted: boolean;
  /** Name of the profile that reads it. */
  readonly family: string;
}

interface Route {
  readonly speaker: string;
  readonly topic: string;
  readonly name: TopicName;
  readonly rest: string;
  readonly profile: Profile | undefined;
}

/**
 * From message to journal: topic → profile → resend? → quality → running numbers → lines → journal.
 * Everything up to the append happens in one go, so running numbers, the window of duplicates and the journal's queue
 * always agree; after a kill all three are read back from the same entries.
 */
class MessageIngest implements Ingest {
  readonly #options: IngestOptions;
  readonly #zoneOffsetMinutes: number;
  readonly #duplicates = new DuplicateWindow();
  readonly #series: SeriesTable;
  readonly #quarantine = new Quarantine();
  readonly #lines = new MessageLines();
  readonly #routes = new Map<string, Route>();
  #routesVersion = 0;
  #reloaded = false;
  readonly #counters: IngestCounters = {
    messages: 0,
    readings: 0,
    flagged: 0,
    missing: 0,
    duplicates: 0,
    quarantined: 0,
    suppressed: 0,
    statuses: 0,
    ignored: 0,
    dropped: 0,
  };

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#series = new SeriesTable(options.seriesMemory);
    this.#zoneOffsetMinutes = offsetMinutes(options.zoneOffset ?? '+07:00');
  }

  counters(): Readonly<IngestCounters> {
    return { ...this.#counters };
  }

  replaced(device: string): void {
    this.#series.replaced(device);
  }

  receive(message: InboundMessage): Promise<unknown> {
    const { identity, topic, payload } = message;
    if (identity.role !== 'device' && identity.role !== 'bridge') return DONE;
    this.#reloadOnce();
    this.#counters.messages += 1;
    const route = this.#routeOf(identity.id, topic);
    if (route?.name === 'status') return this.#status(message);
    if (route?.profile === undefined) {
      this.#counters.ignored += 1;
      return DONE;
    }
    if (message.qos === 0 && this.#options.journal.waiting() > MOST_WAITING) {
      this.#counters.dropped += 1;
      return DONE;
    }
    const receivedAtMs = this.#nowMs();
    const isClockTrusted = this.#options.clock.isTrusted?.() ?? true;
    const { speaker, name, rest, profile } = route;
    const arrived = { message, receivedAtMs, isClockTrusted, family: profile.name };
    const zoneOffsetMinutes = this.#zoneOffsetMinutes;
    const parsed = profile.parse({ speaker, topic, name, rest, payload, receivedAtMs, zoneOffsetMinutes });
    if (!(parsed instanceof Promise)) return this.#take(arrived, parsed);
    return parsed.then((answer) => this.#take(arrived, answer));
  }

  #take(arrived: Arrived, parsed: Parsed): Promise<unknown> {
    const { message } = arrived;
    const device = this.#nameOf(message.identity.id, 'device' in parsed ? parsed.device : undefined);
    // The last word on a topic, told once more: a state, but no reading of now.
    if (message.arrival === 'kept' && parsed.kind !== 'status') {
      this.#counters.ignored += 1;
      return DONE;
    }
    switch (parsed.kind) {
      case 'readings':
        return this.#readings(arrived, device, parsed);
      case 'status':
        return this.#tellStatus(device, parsed.online);
      case 'nothing':
        this.#counters.ignored += 1;
        return DONE;
      case 'problem':
        return this.#unreadable(message, device, parsed);
    }
  }

  #readings(arrived: Arrived, device: string, said: ParsedMessage): Promise<unknown> {
    const parsed = storable(said);
    const { message, receivedAtMs, isClockTrusted, family } = arrived;
    this.#counters.missing += parsed.missing;
    if (parsed.readings.length === 0) {
      if (!parsed.garbled) {
        this.#counters.ignored += 1;
        this.#tell(() => this.#options.onSilent?.(device, parsed.missing, family));
        return DONE;
      }
      return this.#unreadable(message, device, strangeFields('no_reading', parsed));
    }
    const marks = isCredible(parsed.observedAtMs, receivedAtMs, isClockTrusted)
      ? 'time'
      : parsed.counter !== undefined
        ? 'counter'
        : 'none';
    const arrival = {
      speaker: message.identity.id,
      topic: message.topic,
      payload: message.payload,
      packetId: message.packetId,
      dup: message.dup,
      qos: message.qos,
      connectionId: message.connectionId,
      marks,
      deviceMs: marks === 'time' ? parsed.observedAtMs : undefined,
      receivedAtMs,
      late: marks === 'time' && isLate(parsed.observedAtMs ?? receivedAtMs, receivedAtMs),
      atMs: this.#options.clock.monotonicMs(),
    } as const;
    const verdict = this.#duplicates.judge(arrival);
    if (verdict.isDuplicate) {
      this.#counters.duplicates += 1;
      // One that is still on its way to the disk must be there before this copy of it is acknowledged.
      return verdict.stored ?? DONE;
    }
    const isOld = message.arrival === 'waited' && marks !== 'time';
    const extraBits =
      (verdict.isPossibleDuplicate ? quality.possibleDuplicate : 0) | (isOld ? quality.late : 0);
    const { readings, lines, firstAtMs, lastAtMs } = this.#complete(arrived, device, parsed, extraBits);
    const count = readings.length;
    const batch = { lines, count, firstAtMs, lastAtMs, keys: verdict.key };
    const stored = this.#options.journal.appendReadings(batch);
    this.#duplicates.remember(verdict, arrival, stored);
    this.#tell(() => this.#options.onReadings(readings, parsed.missing, family, parsed.observedAtMs));
    if (!parsed.garbled) return stored;
    return Promise.all([
      stored,
      this.#unreadable(message, device, strangeFields('field_not_understood', parsed)),
    ]);
  }

  /** Readings with their time, quality and running numbers, and their lines. */
  #complete(
    { receivedAtMs, isClockTrusted }: Arrived,
    device: string,
    parsed: ParsedMessage,
    extraBits: number,
  ) {
    const first = this.#options.journal.nextRunningNumber(parsed.readings.length);
    const readings: IncomingReading[] = [];
    this.#lines.begin();
    let firstAtMs = Number.POSITIVE_INFINITY;
    let lastAtMs = Number.NEGATIVE_INFINITY;
    const known = this.#series.device(device);
    const fields = this.#options.mappings?.apply(device, parsed.readings, receivedAtMs) ?? parsed.readings;
    known.batteries.hear(fields);
    for (const { metric, channel, value, observedAtMs } of fields) {
      const series = this.#series.of(known, device, metric, channel);
      const time = observedAtMs === undefined ? parsed : { timeGiven: true, observedAtMs };
      const { atMs, bits } = observe(series.state, series.limits, value, time, receivedAtMs, isClockTrusted);
      const flags = bits | extraBits | known.batteries.bitsOf(channel);
      if (flags !== 0) this.#counters.flagged += 1;
      const number = first + readings.length;
      const reading = new IncomingReading(series, value, flags, receivedAtMs, Math.floor(atMs), number);
      this.#lines.add(series.head, reading);
      if (reading.atMs < firstAtMs) firstAtMs = reading.atMs;
      if (reading.atMs > lastAtMs) lastAtMs = reading.atMs;
      readings.push(reading);
    }
    this.#counters.readings += readings.length;
    return { readings, lines: this.#lines.bytes(), firstAtMs, lastAtMs };
  }

  async #unreadable(
    message: InboundMessage,
    device: string,
    { cause, detail, fields }: Pick<Unreadable, 'cause' | 'detail' | 'fields'>,
  ): Promise<void> {
    const { topic, payload } = message;
    this.#counters.quarantined += 1;
    const atMs = this.#nowMs();
    const records = this.#quarantine.admit({ device, topic, cause, detail, fields, payload, atMs });
    if (records.length === 0) this.#counters.suppressed += 1;
    // Nobody waits for it but who sent it: a flood of rubbish costs no commits of its own.
    const { journal } = this.#options;
    await Promise.all(records.map((record) => journal.appendRecord(record, { urgent: false })));
    for (const record of records) this.#tell(() => this.#options.onQuarantine(record));
  }

  #status(message: InboundMessage): Promise<void> {
    const device = this.#nameOf(message.identity.id, undefined);
    const text = Buffer.from(message.payload.subarray(0, 16)).toString('utf8');
    if (text === 'online' || text === 'offline') return this.#tellStatus(device, text === 'online');
    const detail = `a status is online or offline, not '${text}'`;
    return this.#unreadable(message, device, { cause: 'wrong_shape', detail });
  }

  #tellStatus(device: string, online: boolean): Promise<void> {
    this.#counters.statuses += 1;
    this.#tell(() => this.#options.onStatus(device, online));
    return DONE;
  }

  /** A listener that fails is a fault of ours, but no reason to lose a reading. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a listener of ingest failed');
    }
  }

  #routeOf(speaker: string, topic: string): Route | undefined {
    const { profiles } = this.#options;
    if (this.#routesVersion !== profiles.version) this.#routes.clear();
    this.#routesVersion = profiles.version;
    const known = this.#routes.get(topic);
    if (known?.speaker === speaker) return known;
    const match = matchTopic(topic);
    if (match === undefined) return undefined;
    const { name, rest } = match;
    const route = { speaker, topic, name, rest, profile: profiles.find({ speaker, topic, name, rest }) };
    if (this.#routes.size >= MOST_ROUTES) this.#routes.clear();
    this.#routes.set(topic, route);
    return route;
  }

  /** The speaker, or the device behind it, by the name of its series. */
  #nameOf(speaker: string, behind: string | undefined): string {
    const hardware = nameOf(speaker, behind);
    return this.#options.names?.of(hardware) ?? hardware;
  }

  #nowMs(): number {
    return Math.trunc(this.#options.clock.nowMs());
  }

  #reloadOnce(): void {
    if (this.#reloaded) return;
    this.#reloaded = true;
    this.#duplicates.reload(this.#options.journal.recentKeys(), this.#options.clock.monotonicMs());
  }
}

function strangeFields(
  cause: 'no_reading' | 'field_not_understood',
  { garbled = 0, strange = [] }: ParsedMessage,
): Pick<Unreadable, 'cause' | 'detail' | 'fields'> {
  const one = garbled === 1;
  const count = `${garbled} ${one ? 'field' : 'fields'} should hold a number and ${one ? 'holds' : 'hold'} something else`;
  const named = strange.map(({ name, holds }) => `${name} is ${holds}`).join(', ');
  const detail = named === '' ? count : `${count}: ${named}`.slice(0, 460);
  if (cause === 'no_reading') return { cause, detail };
  const fields = strange.map(({ name }) => name).join('\n');
  return { cause, detail: `${detail}; the rest of the message was read`, fields };
}

/** The speaker itself, or the device behind it: an identity holds no dot, so neither is ever taken for another. */
function nameOf(speaker: string, behind: string | undefined): string {
  return behind === undefined ? speaker : `${speaker}.${channelName(behind)}`;
}
