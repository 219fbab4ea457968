import { metrics, qualityFlags, type Reading } from '@nongtin/broker/wire';
import type { EventHub } from './hub.ts';

/** One value as pages show it. */
export interface LiveReading {
  readonly metric: string;
  readonly channel: string;
  readonly unit: string;
  readonly value: number;
  /** When it was taken; at the latest when it came, whatever the device's clock says. */
  readonly atMs: number;
  readonly quality: string[];
}

export interface LiveDevice {
  readonly id: string;
  /** Null: never said. */
  readonly online: boolean | null;
  readonly lastSeenAtMs: number | null;
  readonly readings: readonly LiveReading[];
}

/** What pages need of a reading. */
type Heard = Pick<Reading, 'metric' | 'channel' | 'value' | 'quality' | 'receivedAtMs'> & {
  readonly device: string;
  readonly atMs: number;
};

interface Latest {
  heard: Heard;
  /** Changed since the last event. */
  isNew: boolean;
}

interface Kept {
  online: boolean | null;
  lastSeenAtMs: number | null;
  /** By metric, then by channel. */
  readonly readings: Map<string, Map<string, Latest>>;
  count: number;
}

/** A device with more metrics and channels than this loses its oldest from view (they are stored all the same). */
const MOST_READINGS_OF_A_DEVICE = 128;
/** A bridge that makes up names shows no more than this (what they say is stored all the same). */
const MOST_DEVICES = 5_000;
/** Readings are gathered this long into one event, so that hundreds a second are a few events a second. */
const GATHER_MS = 100;
/** Of more than this within that time, only the latest of each metric and channel are told. */
const MOST_READINGS_OF_AN_EVENT = 500;
/** Of one reading in an event's JSON, about. */
const READING_BYTES = 150;

interface LiveOptions {
  readonly hub: EventHub;
  readonly devices: readonly string[];
  readonly clock: { nowMs(): number };
}

/** The latest of everything, in memory: what is shown before it is on disk. */
export class Live {
  readonly #options: LiveOptions;
  readonly #devices = new Map<string, Kept>();
  /** Of the farm: shown before they have spoken, and never forgotten for others. */
  #placed: readonly string[];
  #gathered: Heard[] = [];
  #changed: Latest[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#placed = options.devices;
    for (const id of options.devices) this.#device(id);
  }

  /** The farm has been laid out anew. One that has lost its place is shown for as long as it speaks. */
  follow(devices: readonly string[]): void {
    const isGone = (id: string) => !devices.includes(id) && this.#devices.get(id)?.lastSeenAtMs === null;
    for (const id of this.#placed) if (isGone(id)) this.#devices.delete(id);
    this.#placed = devices;
    for (const id of devices) this.#device(id);
  }

  onReadings(readings: readonly Heard[]): void {
    let kept: Kept | undefined;
    let id = '';
    const nowMs = this.#options.clock.nowMs();
    for (const reading of readings) {
      if (kept === undefined || reading.device !== id) {
        id = reading.device;
        kept = this.#heardFrom(id);
      }
      this.#keep(kept, reading, nowMs);
      if (this.#gathered.length < MOST_READINGS_OF_AN_EVENT) this.#gathered.push(reading);
    }
    if (this.#gathered.length > 0) this.#timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  onStatus(device: string, online: boolean): void {
    const kept = this.#device(device);
    if (online) kept.lastSeenAtMs = this.#options.clock.nowMs();
    this.#turn(device, kept, online);
  }

  /** Sends what is gathered, now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#gathered.length === 0) return;
    const isCrowded = this.#gathered.length >= MOST_READINGS_OF_AN_EVENT;
    const told = isCrowded ? this.#changed.map(({ heard }) => heard) : this.#gathered;
    for (const latest of this.#changed) latest.isNew = false;
    this.#gathered = [];
    this.#changed = [];
    for (let at = 0; at < told.length; at += MOST_READINGS_OF_AN_EVENT) {
      const part = told.slice(at, at + MOST_READINGS_OF_AN_EVENT);
      this.#options.hub.publish('readings', new ReadingsEvent(part), part.length * READING_BYTES);
    }
  }

  devices(): LiveDevice[] {
    return [...this.#devices].map(([id, { online, lastSeenAtMs, readings }]) => ({
      id,
      online,
      lastSeenAtMs,
      readings: [...latestOf(readings)].map(shownReading),
    }));
  }

  /** The latest value of a metric, whatever its channel. */
  latest(device: string, metric: string): LiveReading | null {
    let newest: Heard | undefined;
    for (const { heard } of this.#devices.get(device)?.readings.get(metric)?.values() ?? [])
      if (newest === undefined || takenAtMs(heard) >= takenAtMs(newest)) newest = heard;
    return newest === undefined ? null : shownReading(newest);
  }

  /** Also those that spoke through it. */
  forget(device: string): void {
    for (const id of [...this.#devices.keys()]) {
      if (id === device || id.startsWith(`${device}.`)) this.#devices.delete(id);
    }
  }

  #heardFrom(device: string): Kept {
    const kept = this.#device(device);
    kept.lastSeenAtMs = this.#options.clock.nowMs();
    // A device that speaks is there, whatever its last word about itself was.
    this.#turn(device, kept, true);
    return kept;
  }

  /** What a device kept while it was away comes later than what it sends now. A clock that was set back hides nothing. */
  #keep(kept: Kept, heard: Heard, nowMs: number): void {
    const latest = kept.readings.get(heard.metric)?.get(heard.channel);
    if (latest === undefined) {
      this.#add(kept, heard);
      return;
    }
    if (Math.min(takenAtMs(latest.heard), nowMs) > takenAtMs(heard)) return;
    latest.heard = heard;
    if (latest.isNew) return;
    latest.isNew = true;
    this.#changed.push(latest);
  }

  #add(kept: Kept, heard: Heard): void {
    const channels = kept.readings.get(heard.metric) ?? new Map<string, Latest>();
    const latest = { heard, isNew: true };
    kept.readings.set(heard.metric, channels.set(heard.channel, latest));
    this.#changed.push(latest);
    kept.count += 1;
    if (kept.count > MOST_READINGS_OF_A_DEVICE) forgetOldest(kept);
  }

  /** The one that was heard of first, unless it is of the farm. */
  #forgetFirst(): void {
    for (const id of this.#devices.keys()) {
      if (this.#placed.includes(id)) continue;
      this.#devices.delete(id);
      return;
    }
  }

  /** Pages are told of a change only; when a device was last seen they also know from its readings. */
  #turn(id: string, kept: Kept, online: boolean): void {
    if (kept.online === online) return;
    kept.online = online;
    this.#options.hub.publish('device', { id, online, lastSeenAtMs: kept.lastSeenAtMs });
  }

  #device(id: string): Kept {
    const known = this.#devices.get(id);
    if (known) return known;
    const kept: Kept = { online: null, lastSeenAtMs: null, readings: new Map(), count: 0 };
    if (this.#devices.size >= MOST_DEVICES) this.#forgetFirst();
    this.#devices.set(id, kept);
    return kept;
  }
}

function* latestOf(readings: Kept['readings']): Iterable<Heard> {
  for (const channels of readings.values()) for (const { heard } of channels.values()) yield heard;
}

function forgetOldest(kept: Kept): void {
  let oldest: Heard | undefined;
  for (const heard of latestOf(kept.readings))
    if (oldest === undefined || takenAtMs(heard) < takenAtMs(oldest)) oldest = heard;
  if (oldest && kept.readings.get(oldest.metric)?.delete(oldest.channel)) kept.count -= 1;
}

/** Put into words when it is encoded, which is never as long as nobody looks. */
class ReadingsEvent {
  readonly #heard: readonly Heard[];

  constructor(heard: readonly Heard[]) {
    this.#heard = heard;
  }

  toJSON(): { readings: (LiveReading & { readonly device: string })[] } {
    return { readings: this.#heard.map((heard) => ({ device: heard.device, ...shownReading(heard) })) };
  }
}

/** A device's clock may be ahead, by a little or by years: nothing was taken after it came. */
function takenAtMs({ atMs, receivedAtMs }: Heard): number {
  return Math.min(atMs, receivedAtMs);
}

function shownReading(heard: Heard): LiveReading {
  const { metric, channel, value, quality } = heard;
  const flags = qualityFlags(quality);
  return { metric, channel, unit: metrics[metric].unit, value, atMs: takenAtMs(heard), quality: flags };
}
