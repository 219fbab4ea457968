import { metrics, observedAtMs, qualityFlags, type Reading } from '@nongtin/broker/wire';
import type { EventHub } from './hub.ts';

/** One value as pages show it. */
export interface LiveReading {
  readonly metric: string;
  readonly channel: string;
  readonly unit: string;
  readonly value: number;
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

interface Kept {
  online: boolean | null;
  lastSeenAtMs: number | null;
  readonly readings: Map<string, LiveReading>;
}

/** A device with more metrics and channels than this loses its oldest from view (they are stored all the same). */
const MOST_READINGS_OF_A_DEVICE = 128;
/** Readings are gathered this long into one event, so that hundreds a second are a few events a second. */
const GATHER_MS = 100;
const MOST_READINGS_OF_AN_EVENT = 500;

interface LiveOptions {
  readonly hub: EventHub;
  readonly devices: readonly string[];
  readonly clock: { nowMs(): number };
}

/** The latest of everything, in memory: what is shown before it is on disk. */
export class Live {
  readonly #options: LiveOptions;
  readonly #devices = new Map<string, Kept>();
  #gathered: (LiveReading & { readonly device: string })[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    for (const id of options.devices) this.#device(id);
  }

  onReadings(readings: readonly Reading[]): void {
    for (const reading of readings) {
      const shown = shownReading(reading);
      this.#keep(reading.device, shown);
      this.#gathered.push({ device: reading.device, ...shown });
      if (this.#gathered.length >= MOST_READINGS_OF_AN_EVENT) this.flush();
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
    const readings = this.#gathered;
    this.#gathered = [];
    this.#options.hub.publish('readings', { readings });
  }

  devices(): LiveDevice[] {
    return [...this.#devices].map(([id, { online, lastSeenAtMs, readings }]) => ({
      id,
      online,
      lastSeenAtMs,
      readings: [...readings.values()],
    }));
  }

  /** The latest value of a metric, whatever its channel. */
  latest(device: string, metric: string): LiveReading | null {
    let newest: LiveReading | null = null;
    for (const reading of this.#devices.get(device)?.readings.values() ?? [])
      if (reading.metric === metric && (newest === null || reading.atMs >= newest.atMs)) newest = reading;
    return newest;
  }

  forget(device: string): void {
    this.#devices.delete(device);
  }

  #keep(device: string, reading: LiveReading): void {
    const kept = this.#device(device);
    kept.lastSeenAtMs = this.#options.clock.nowMs();
    // A device that speaks is there, whatever its last word about itself was.
    this.#turn(device, kept, true);
    const key = `${reading.metric}|${reading.channel}`;
    const before = kept.readings.get(key);
    if (before && before.atMs > reading.atMs) return;
    kept.readings.delete(key);
    kept.readings.set(key, reading);
    if (kept.readings.size <= MOST_READINGS_OF_A_DEVICE) return;
    for (const oldest of kept.readings.keys()) {
      kept.readings.delete(oldest);
      break;
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
    const kept: Kept = { online: null, lastSeenAtMs: null, readings: new Map() };
    this.#devices.set(id, kept);
    return kept;
  }
}

function shownReading(reading: Reading): LiveReading {
  const { metric, channel, value, quality } = reading;
  return {
    metric,
    channel,
    unit: metrics[metric].unit,
    value,
    atMs: observedAtMs(reading),
    quality: qualityFlags(quality),
  };
}
