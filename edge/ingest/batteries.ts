import { type MetricName, quality } from '@nongtin/broker/wire';

interface Told {
  readonly metric: MetricName;
  readonly channel: string;
  readonly value: number;
  /** It tells of the battery of this channel, not of that of its own; '' is the whole device. */
  readonly powers?: string | undefined;
}

/** Per cent below which a battery is nearly empty. */
const LOW_BATTERY = 15;
const MOST_BATTERIES = 200;

/** How devices name a field that says so in a word (Zigbee2MQTT's is battery_low); profiles pass it on as raw, 1 or 0. */
const WORDS_FOR_LOW = new Set(['battery_low', 'low_battery', 'batteryLow', 'lowBattery']);

/**
 * Which batteries of a device are nearly empty, by its last word about each. A battery belongs to the channel it is told of
 * and to those below ('top' to 'top.raw'); one without a channel to the whole device: what a gateway says of one of its
 * sensors' batteries says nothing of the others'.
 */
export class Batteries {
  readonly #low = new Set<string>();

  /** A word goes before a percentage of the same battery in the same message. */
  hear(readings: readonly Told[]): void {
    for (const { metric, channel, value, powers = channel } of readings) {
      if (metric === 'battery') this.#set(powers, value < LOW_BATTERY);
    }
    for (const { metric, channel, value, powers = ownerIn(metric, channel) } of readings) {
      if (metric === 'raw' && powers !== undefined) this.#set(powers, value !== 0);
    }
  }

  /** `lowBattery` for the readings of a channel whose battery is nearly empty. */
  bitsOf(channel: string): number {
    if (this.#low.size === 0) return quality.good;
    for (const low of this.#low) {
      if (low === '' || low === channel || channel.startsWith(`${low}.`)) return quality.lowBattery;
    }
    return quality.good;
  }

  #set(powers: string, isLow: boolean): void {
    if (!isLow) this.#low.delete(powers);
    else if (this.#low.size < MOST_BATTERIES) this.#low.add(powers);
  }
}

/** What stands before the word in the channel; undefined when there is no such word. */
function ownerIn(metric: MetricName, channel: string): string | undefined {
  if (metric !== 'raw') return undefined;
  const dot = channel.lastIndexOf('.');
  return WORDS_FOR_LOW.has(channel.slice(dot + 1)) ? channel.slice(0, Math.max(0, dot)) : undefined;
}
