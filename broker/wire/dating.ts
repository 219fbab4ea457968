import { encodeReadings, observedAtMs, parseReadings, type Reading } from './line-protocol.ts';
import { quality } from './metrics.ts';

/**
 * Dates readings that came while the gateway's clock was not trusted (quality `clockUncertain`): what stands in the
 * journal is by the clock of that boot, and a `clock` record tells how far it was from UTC. Entries are never changed;
 * every reader that keeps readings by time applies this.
 */

/** A device's time may lie so far ahead of its reception: clocks differ. */
export const MOST_AHEAD_MS = 2 * 60_000;
/** A device's time that lies further back was kept by the device, or its clock stands still. */
export const LATE_AFTER_MS = 10 * 60_000;

const QUALITY_FIELD = /,quality=(\d+)i/g;

/** Whether any of these lines waits for its date. */
export function isUndated(payload: string): boolean {
  // The key of the field cannot stand in a tag: there an equals sign is escaped.
  if (!payload.includes(',quality=')) return false;
  for (const [, bits] of payload.matchAll(QUALITY_FIELD))
    if ((Number(bits) & quality.clockUncertain) !== 0) return true;
  return false;
}

/**
 * The lines with their true times; those that were not uncertain stay as they are. `shiftMs`: UTC less the boot's clock.
 * Throws a SyntaxError on what is no canonical line.
 */
export function dateReadings(lines: string, shiftMs: number): string {
  return isUndated(lines)
    ? encodeReadings(parseReadings(lines).map((reading) => dateReading(reading, shiftMs)))
    : lines;
}

/**
 * One reading with its true time. A time of the gateway's own clock, or a device's that agreed with it (it was told the
 * time by the gateway), is moved; a device's own time stays, and is judged against the true time of reception.
 */
export function dateReading(reading: Reading, shiftMs: number): Reading {
  if ((reading.quality & quality.clockUncertain) === 0) return reading;
  const receivedAtMs = reading.receivedAtMs + shiftMs;
  const bits = reading.quality & ~quality.clockUncertain;
  const atMs = observedAtMs(reading);
  const moved = { ...reading, receivedAtMs, timeNs: shifted(reading.timeNs, shiftMs) };
  if (agrees(atMs, reading.receivedAtMs)) return { ...moved, quality: bits };
  const own = bits & ~(quality.late | quality.fromFuture);
  if (atMs > receivedAtMs + MOST_AHEAD_MS) {
    const timeNs = shifted(reading.timeNs, receivedAtMs - atMs);
    return { ...reading, receivedAtMs, timeNs, quality: own | quality.fromFuture };
  }
  const isLate = atMs < receivedAtMs - LATE_AFTER_MS;
  return { ...reading, receivedAtMs, quality: isLate ? own | quality.late : own };
}

function agrees(atMs: number, receivedAtMs: number): boolean {
  return atMs >= receivedAtMs - LATE_AFTER_MS && atMs <= receivedAtMs + MOST_AHEAD_MS;
}

/** The last six digits stay: they are the reading's running number, which makes its time its identity. */
function shifted(timeNs: bigint, byMs: number): bigint {
  return timeNs + BigInt(Math.round(byMs)) * 1_000_000n;
}
