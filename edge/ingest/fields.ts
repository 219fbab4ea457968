import { channelName, metrics } from '@nongtin/broker/wire';
import type { ParsedMessage, ParsedReading } from '../profiles/profile.ts';

/**
 * What every message passes, whichever profile has read it: only finite numbers, and each under a series of its own. Of
 * two that resolve to one series at one time the first keeps it; the others are kept as raw with the number of their turn
 * (`soil_moisture~2`), since nobody can say which of them the sensor is. The very same message when there is nothing to do.
 */
export function storable(message: ParsedMessage): ParsedMessage {
  const finite = onlyFinite(message);
  const readings = distinct(finite.readings);
  return readings === finite.readings ? finite : { ...finite, readings };
}

function onlyFinite(message: ParsedMessage): ParsedMessage {
  const { missing, garbled = 0 } = message;
  let count = 0;
  for (const { value } of message.readings) if (!Number.isFinite(value)) count += 1;
  if (count === 0) return message;
  const readings = message.readings.filter(({ value }) => Number.isFinite(value));
  return { ...message, readings, missing: missing + count, garbled: garbled + count };
}

/** Up to so many are compared with each other, which is faster than keeping a set. */
const FEW = 12;

function distinct(readings: readonly ParsedReading[]): readonly ParsedReading[] {
  if (readings.length <= FEW ? !readings.some(isTold) : hasOwnNames(readings)) return readings;
  const taken = new Set<string>();
  return readings.map((reading) => {
    let kept = reading;
    for (let turn = 2; taken.has(nameOf(kept)); turn++) kept = again(reading, turn);
    taken.add(nameOf(kept));
    return kept;
  });
}

function isTold(reading: ParsedReading, at: number, all: readonly ParsedReading[]): boolean {
  const { metric, channel, observedAtMs } = reading;
  for (let before = 0; before < at; before++) {
    const other = all[before];
    if (other?.metric === metric && other.channel === channel && other.observedAtMs === observedAtMs)
      return true;
  }
  return false;
}

function hasOwnNames(readings: readonly ParsedReading[]): boolean {
  return new Set(readings.map(nameOf)).size === readings.length;
}

function nameOf({ metric, channel, observedAtMs }: ParsedReading): string {
  return `${metric}\n${channel}\n${observedAtMs}`;
}

function again(reading: ParsedReading, turn: number): ParsedReading {
  const { metric, channel } = reading;
  if (metric === 'raw')
    return { ...reading, channel: channelName(`${channel}~${turn}`), rawReason: 'repeated' };
  const path = channel === '' ? metric : `${channel}.${metric}`;
  const unit = metrics[metric].unit;
  return {
    ...reading,
    ...{ metric: 'raw', channel: channelName(`${path}~${turn}`), rawReason: 'repeated' },
    ...(unit === '1' ? {} : { unit }),
  };
}
