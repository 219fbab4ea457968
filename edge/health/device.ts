import { quality, type Reading } from '@nongtin/broker/wire';

/** What is counted of a device. */
export interface Counts {
  readonly readings: number;
  /** Of these, those with a quality flag. */
  readonly flagged: number;
  /** Fields that should have held a reading and held none. */
  readonly missing: number;
  /** Messages that could not be read. */
  readonly unreadable: number;
}

/** How a device is, as far as what came from it since the gateway's start tells. Null: it does not tell. */
export interface DeviceView {
  readonly id: string;
  /** The profile that reads it. */
  readonly family: string | null;
  readonly online: boolean | null;
  readonly firstSeenAtMs: number | null;
  readonly lastSeenAtMs: number | null;
  /** How often it usually speaks. */
  readonly expectedSeconds: number | null;
  /** It has been silent for much longer than usual. */
  readonly overdue: boolean;
  /** Per cent; of several, the lowest. */
  readonly battery: number | null;
  readonly batteryLow: boolean;
  /** dBm. */
  readonly rssi: number | null;
  /** dB. */
  readonly snr: number | null;
  /** 0 to 255. */
  readonly linkQuality: number | null;
  /** How far its clock is ahead of ours, on its way to us included. */
  readonly clockAheadSeconds: number | null;
  readonly lastHour: Counts;
  readonly lastDay: Counts;
}

export interface Pace {
  readonly silentMs: number;
  readonly habitMs: number | null;
  /** The longest it has been silent in two days, and spoken again. */
  readonly longestMs: number;
  /** It has said goodbye, or its last will has. */
  readonly isOffline: boolean;
  readonly lastSeenAtMs: number | null;
}

type Told = Pick<Reading, 'metric' | 'channel' | 'value' | 'quality' | 'receivedAtMs'>;

const HOUR_MS = 3_600_000;
/** What one device may say of batteries of its own or of sensors behind it. */
const MOST_CHANNELS = 200;
const HOURS = 24;
const COUNTS = 4;
const [READINGS, FLAGGED, MISSING, UNREADABLE] = [0, 1, 2, 3] as const;
/** What comes within this time belongs to one report: Tasmota sends its state and its sensors one after the other. */
const ONE_REPORT_MS = 1_000;
const GAPS = 16;
/** Fewer gaps say nothing about a habit. */
const FEWEST_GAPS = 3;
const OVERDUE_TIMES = 3;
/** However often it speaks, a device may be silent for so long … */
const SILENCE_MS = 5 * 60_000;
/** … and for so long when its habit is not known. */
const UNKNOWN_SILENCE_MS = 24 * HOUR_MS;
const GONE_MS = 48 * HOUR_MS;
/** Before people are called: what reports only changes is silent through a calm night, and nobody knows it in its first day. */
const PATIENCE_MS = HOUR_MS;
const FIRST_DAY_PATIENCE_MS = 6 * HOUR_MS;
const PATIENCE_OF_LONGEST = 1.5;
const LONGEST_HABIT_MS = 12 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * What is remembered of one device: about a kilobyte, however much comes. Silence is measured by the monotonic clock; times
 * are only shown.
 */
export class Device {
  family: string | null = null;
  online: boolean | null = null;
  #firstSeenAtMs: number | null = null;
  #lastSeenAtMs: number | null = null;
  #lastMonotonicMs = Number.NaN;
  #reportMonotonicMs = Number.NaN;
  /** Milliseconds between reports; the newest take the places of the oldest. */
  readonly #gaps = new Float64Array(GAPS);
  #gapCount = 0;
  #firstMonotonicMs = Number.NaN;
  /** The longest gap of this day of the gateway and of the one before: a pause is no habit, but one of each night is. */
  #longest = { day: 0, todayMs: 0, yesterdayMs: 0 };
  /** For each of the last 24 hours. */
  readonly #counts = new Uint32Array(HOURS * COUNTS);
  #hour = 0;
  /** By channel, per cent. */
  readonly #batteries = new Map<string, number>();
  /** Channels whose readings are flagged, and when the last of these came; the newest last. */
  readonly #lowChannels = new Map<string, number>();
  #rssi: number | null = null;
  #snr: number | null = null;
  #linkQuality: number | null = null;
  #clockAheadMs: number | null = null;

  onReadings(readings: readonly Told[], missing: number, deviceMs: number | undefined, monotonicMs: number) {
    const [first] = readings;
    if (first === undefined) return;
    this.#seen(first.receivedAtMs, monotonicMs);
    if (deviceMs !== undefined) this.#clockAheadMs = deviceMs - first.receivedAtMs;
    let flagged = 0;
    for (const reading of readings) {
      if (reading.quality !== 0) flagged += 1;
      this.#note(reading, monotonicMs);
    }
    const at = this.#hourAt(monotonicMs);
    this.#add(at + READINGS, readings.length);
    this.#add(at + FLAGGED, flagged);
    this.#add(at + MISSING, missing);
  }

  onSilent(missing: number, nowMs: number, monotonicMs: number): void {
    this.#seen(nowMs, monotonicMs);
    this.#add(this.#hourAt(monotonicMs) + MISSING, missing);
  }

  onStatus(online: boolean, nowMs: number, monotonicMs: number): void {
    this.online = online;
    // Its last will is sent by the broker: it says nothing of when the device was there.
    if (online) this.#seen(nowMs, monotonicMs);
  }

  onUnreadable(nowMs: number, monotonicMs: number): void {
    this.#seen(nowMs, monotonicMs);
    this.#add(this.#hourAt(monotonicMs) + UNREADABLE, 1);
  }

  view(id: string, monotonicMs: number): DeviceView {
    const expectedMs = this.#expectedMs();
    const allowedMs =
      expectedMs === null ? UNKNOWN_SILENCE_MS : Math.max(SILENCE_MS, OVERDUE_TIMES * expectedMs);
    this.#hourAt(monotonicMs);
    return {
      ...{ id, family: this.family, online: this.online },
      ...{ firstSeenAtMs: this.#firstSeenAtMs, lastSeenAtMs: this.#lastSeenAtMs },
      expectedSeconds: expectedMs === null ? null : Math.round(expectedMs / 1000),
      overdue: monotonicMs - this.#lastMonotonicMs > allowedMs,
      ...{ battery: this.#lowestBattery(), batteryLow: this.#isBatteryLow() },
      ...{ rssi: this.#rssi, snr: this.#snr, linkQuality: this.#linkQuality },
      clockAheadSeconds: this.#clockAheadMs === null ? null : Math.round(this.#clockAheadMs / 1000),
      lastHour: this.#sum(1),
      lastDay: this.#sum(HOURS),
    };
  }

  /** Since when it has been silent for longer than it ever is, UTC ms; null: it is not. */
  silentSinceMs(monotonicMs: number): number | null {
    return monotonicMs - this.#lastMonotonicMs > this.#patienceMs() ? this.#lastSeenAtMs : null;
  }

  /** How it speaks: for how long it has been silent, and how often it usually is heard (null: too new to tell). */
  pace(monotonicMs: number): Pace {
    return {
      silentMs: monotonicMs - this.#lastMonotonicMs,
      habitMs: this.#expectedMs(),
      longestMs: Math.max(this.#longest.todayMs, this.#longest.yesterdayMs),
      isOffline: this.online === false,
      lastSeenAtMs: this.#lastSeenAtMs,
    };
  }

  #patienceMs(): number {
    const expectedMs = this.#expectedMs();
    if (expectedMs === null) return UNKNOWN_SILENCE_MS;
    const isNew = this.#lastMonotonicMs - this.#firstMonotonicMs < DAY_MS;
    const longestMs = Math.max(this.#longest.todayMs, this.#longest.yesterdayMs);
    return Math.max(
      isNew ? FIRST_DAY_PATIENCE_MS : PATIENCE_MS,
      OVERDUE_TIMES * expectedMs,
      PATIENCE_OF_LONGEST * longestMs,
    );
  }

  #seen(nowMs: number, monotonicMs: number): void {
    this.#firstSeenAtMs ??= nowMs;
    if (Number.isNaN(this.#firstMonotonicMs)) this.#firstMonotonicMs = monotonicMs;
    this.#lastSeenAtMs = nowMs;
    this.#lastMonotonicMs = monotonicMs;
    const gapMs = monotonicMs - this.#reportMonotonicMs;
    if (gapMs < ONE_REPORT_MS) return;
    this.#reportMonotonicMs = monotonicMs;
    if (Number.isNaN(gapMs)) return;
    this.#gaps[this.#gapCount % GAPS] = gapMs;
    this.#gapCount += 1;
    this.#noteLongest(gapMs, Math.floor(monotonicMs / DAY_MS));
  }

  #noteLongest(gapMs: number, day: number): void {
    const before = this.#longest;
    const todayMs = Math.max(before.day === day ? before.todayMs : 0, Math.min(gapMs, LONGEST_HABIT_MS));
    const yesterdayMs = before.day === day ? before.yesterdayMs : before.day === day - 1 ? before.todayMs : 0;
    this.#longest = { day, todayMs, yesterdayMs };
  }

  /** The middle one of the newest gaps: a pause, or a burst, does not change the habit. */
  #expectedMs(): number | null {
    if (this.#gapCount < FEWEST_GAPS) return null;
    const gaps = this.#gaps.slice(0, Math.min(this.#gapCount, GAPS)).sort();
    return gaps[gaps.length >> 1] ?? null;
  }

  #note({ metric, channel, value, quality: bits }: Told, monotonicMs: number): void {
    this.#lowChannels.delete(channel);
    if ((bits & quality.lowBattery) !== 0) this.#lowChannels.set(channel, monotonicMs);
    for (const oldest of this.#lowChannels.keys()) {
      if (this.#lowChannels.size <= MOST_CHANNELS) break;
      this.#lowChannels.delete(oldest);
    }
    if (metric === 'battery') {
      if (this.#batteries.size < MOST_CHANNELS || this.#batteries.has(channel))
        this.#batteries.set(channel, value);
    } else if (metric === 'rssi') this.#rssi = value;
    else if (metric === 'snr') this.#snr = value;
    else if (metric === 'link_quality') this.#linkQuality = value;
  }

  /** A channel that has not come for long while others do is gone; a device that is silent altogether may be empty. */
  #isBatteryLow(): boolean {
    for (const atMs of this.#lowChannels.values()) if (this.#lastMonotonicMs - atMs < GONE_MS) return true;
    return false;
  }

  #lowestBattery(): number | null {
    return this.#batteries.size === 0 ? null : Math.min(...this.#batteries.values());
  }

  /** Where this hour is counted; hours that have passed without a word are emptied. */
  #hourAt(monotonicMs: number): number {
    const hour = Math.floor(monotonicMs / HOUR_MS);
    if (hour > this.#hour) {
      const passed = Math.min(HOURS, hour - this.#hour);
      for (let n = 1; n <= passed; n++) {
        const at = ((this.#hour + n) % HOURS) * COUNTS;
        this.#counts.fill(0, at, at + COUNTS);
      }
      // So many hours at once: every place was emptied, whichever the hours were.
      this.#hour = hour;
    }
    return (this.#hour % HOURS) * COUNTS;
  }

  #add(at: number, count: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + count;
  }

  /** Of this hour (as far as it has come) and the ones before it. */
  #sum(hours: number): Counts {
    const sums = [0, 0, 0, 0];
    for (let n = 0; n < hours; n++) {
      const at = (((this.#hour - n) % HOURS) + HOURS) % HOURS;
      for (let which = 0; which < COUNTS; which++)
        sums[which] = (sums[which] ?? 0) + (this.#counts[at * COUNTS + which] ?? 0);
    }
    const [readings = 0, flagged = 0, missing = 0, unreadable = 0] = sums;
    return { readings, flagged, missing, unreadable };
  }
}
