import {
  dateReading,
  encodeReading,
  isRecordPayload,
  parseReadings,
  quality,
  type Reading,
} from '@nongtin/broker/wire';
import type { StoredEntry } from '../uplink/entry-store.ts';

export interface SeriesLines {
  readonly lines: readonly string[];
  /** Whether some of the entry's readings have no true time yet, and are left out. */
  readonly isWaiting: boolean;
}

/**
 * A device as it is called in a cooperative's series, which hold several gateways: names of devices are a gateway's own. No
 * gateway has a '/' in its name.
 */
export function seriesDevice(gateway: string, device: string): string {
  return `${gateway}/${device}`;
}

/**
 * The readings of an entry as lines for the series. `shiftMs`: what dates the entry's boot, in milliseconds; undefined while
 * nothing does. A record has none, nor has what was thinned or cannot be read.
 */
export function seriesLines(
  gateway: string,
  { payload }: Pick<StoredEntry, 'payload'>,
  shiftMs: number | undefined,
): SeriesLines {
  const readings = payload === '' || isRecordPayload(payload) ? [] : readable(payload);
  const known = shiftMs === undefined ? readings.filter((reading) => !isUncertain(reading)) : readings;
  const lines = known
    .map((reading) => (isUncertain(reading) ? dateReading(reading, shiftMs ?? 0) : reading))
    .map((reading) => encodeReading({ ...reading, device: seriesDevice(gateway, reading.device) }));
  return { lines, isWaiting: known.length < readings.length };
}

function isUncertain(reading: Reading): boolean {
  return (reading.quality & quality.clockUncertain) !== 0;
}

/** The projector has noted down what cannot be read. */
function readable(payload: string): Reading[] {
  try {
    return parseReadings(payload);
  } catch {
    return [];
  }
}
