/**
 * The metrics a reading may carry: name, unit, physical range.
 *
 * A value outside its range is kept and flagged, never used for control (design, safety rule 5).
 * Ranges are physical or sensor limits, not agronomic targets. Soil moisture is volumetric
 * (FAO-56 theta, m3/m3); electrical conductivity is reported at 25 degC in mS/cm (= dS/m).
 */
export interface Metric {
  /** Unit symbol as shown to people; '1' is a plain number. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** How readings of one window are joined: a mean, a sum, the last one, or the increase of a counter. */
  readonly aggregate: 'mean' | 'sum' | 'last' | 'counter';
}

export const metrics = {
  soil_moisture: { unit: 'm³/m³', min: 0, max: 0.8, aggregate: 'mean' },
  soil_temperature: { unit: '°C', min: -20, max: 70, aggregate: 'mean' },
  soil_ec: { unit: 'mS/cm', min: 0, max: 20, aggregate: 'mean' },
  temperature: { unit: '°C', min: -40, max: 125, aggregate: 'mean' },
  air_temperature: { unit: '°C', min: -40, max: 60, aggregate: 'mean' },
  relative_humidity: { unit: '%', min: 0, max: 100, aggregate: 'mean' },
  wind_speed: { unit: 'm/s', min: 0, max: 75, aggregate: 'mean' },
  solar_radiation: { unit: 'W/m²', min: 0, max: 1500, aggregate: 'mean' },
  rain: { unit: 'mm', min: 0, max: 100_000, aggregate: 'counter' },
  flow: { unit: 'L/min', min: 0, max: 10_000, aggregate: 'mean' },
  volume: { unit: 'L', min: 0, max: 1e12, aggregate: 'counter' },
  valve_open: { unit: '1', min: 0, max: 1, aggregate: 'last' },
  water_ec: { unit: 'mS/cm', min: 0, max: 20, aggregate: 'mean' },
  water_ph: { unit: 'pH', min: 0, max: 14, aggregate: 'mean' },
  tank_level: { unit: '%', min: 0, max: 100, aggregate: 'last' },
  trap_count: { unit: '1', min: 0, max: 100_000, aggregate: 'counter' },
  battery: { unit: '%', min: 0, max: 100, aggregate: 'last' },
  rssi: { unit: 'dBm', min: -150, max: 0, aggregate: 'mean' },
  /** A numeric field nobody has mapped yet; the channel holds the field's name. */
  raw: { unit: '', min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, aggregate: 'last' },
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof metrics;

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metrics, name);
}

/**
 * Why a reading is kept but not trusted. Bits, so that one integer travels with each reading.
 * 0 means good.
 */
export const quality = {
  good: 0,
  /** The value lies outside the metric's physical range. */
  outOfRange: 1,
  /** The device's time is missing where it should stand, before 2020, or in the future: the receive time is used. */
  deviceTimeInvalid: 2,
  /** The device gave the same time again: the receive time is used. */
  deviceTimeRepeated: 4,
  /** The device's time lies more than ten minutes before its reception. */
  late: 8,
  /** Redelivered by the device without time or counter: may be the same reading twice. */
  possibleDuplicate: 16,
  /** The gateway's own clock was not trusted at reception. */
  clockUncertain: 32,
} as const;

/** Names of the flags set in `bits`, for people and APIs. */
export function qualityFlags(bits: number): string[] {
  return Object.entries(quality)
    .filter(([, bit]) => bit !== 0 && (bits & bit) === bit)
    .map(([name]) => name);
}
