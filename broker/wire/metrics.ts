/**
 * The metrics a reading may carry: name, unit, physical range, how fast it can change, how readings are joined.
 *
 * What breaks a limit is kept and flagged, never used for control (design, safety rule 4).
 * Ranges are physical or sensor limits, not agronomic targets. Soil moisture is volumetric
 * (FAO-56 theta, m3/m3); electrical conductivity is reported at 25 degC in mS/cm (= dS/m).
 */
export interface Metric {
  /** Unit symbol as shown to people; '1' is a plain number. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Largest believable change within a minute, in the metric's unit; absent: it may jump. */
  readonly maxPerMinute?: number;
  /** Hours after which a value that has not moved at all speaks for a dead sensor; absent: it may stand still. */
  readonly flatHours?: number;
  /** How readings of one window are joined: a mean, a sum, the last one, or the increase of a counter. */
  readonly aggregate: 'mean' | 'sum' | 'last' | 'counter';
}

export const metrics = {
  soil_moisture: { unit: 'm³/m³', min: 0, max: 0.8, maxPerMinute: 0.2, flatHours: 96, aggregate: 'mean' },
  soil_tension: { unit: 'kPa', min: 0, max: 300, maxPerMinute: 60, flatHours: 96, aggregate: 'mean' },
  soil_temperature: { unit: '°C', min: -20, max: 70, maxPerMinute: 5, flatHours: 48, aggregate: 'mean' },
  soil_ec: { unit: 'mS/cm', min: 0, max: 20, maxPerMinute: 5, aggregate: 'mean' },
  soil_ph: { unit: 'pH', min: 0, max: 14, maxPerMinute: 3, aggregate: 'mean' },
  soil_nitrogen: { unit: 'mg/kg', min: 0, max: 5_000, aggregate: 'mean' },
  soil_phosphorus: { unit: 'mg/kg', min: 0, max: 5_000, aggregate: 'mean' },
  soil_potassium: { unit: 'mg/kg', min: 0, max: 5_000, aggregate: 'mean' },
  temperature: { unit: '°C', min: -40, max: 125, maxPerMinute: 20, aggregate: 'mean' },
  air_temperature: { unit: '°C', min: -40, max: 60, maxPerMinute: 6, flatHours: 24, aggregate: 'mean' },
  relative_humidity: { unit: '%', min: 0, max: 100, maxPerMinute: 40, flatHours: 48, aggregate: 'mean' },
  dew_point: { unit: '°C', min: -60, max: 50, maxPerMinute: 10, aggregate: 'mean' },
  air_pressure: { unit: 'hPa', min: 500, max: 1_100, maxPerMinute: 10, flatHours: 48, aggregate: 'mean' },
  co2: { unit: 'ppm', min: 0, max: 50_000, aggregate: 'mean' },
  leaf_wetness: { unit: '%', min: 0, max: 100, aggregate: 'mean' },
  wind_speed: { unit: 'm/s', min: 0, max: 75, aggregate: 'mean' },
  wind_gust: { unit: 'm/s', min: 0, max: 110, aggregate: 'mean' },
  wind_direction: { unit: '°', min: 0, max: 360, aggregate: 'last' },
  solar_radiation: { unit: 'W/m²', min: 0, max: 1_500, aggregate: 'mean' },
  illuminance: { unit: 'lx', min: 0, max: 200_000, aggregate: 'mean' },
  uv_index: { unit: '1', min: 0, max: 20, aggregate: 'mean' },
  rain: { unit: 'mm', min: 0, max: 100_000, aggregate: 'counter' },
  rain_rate: { unit: 'mm/h', min: 0, max: 500, aggregate: 'mean' },
  flow: { unit: 'L/min', min: 0, max: 10_000, aggregate: 'mean' },
  volume: { unit: 'L', min: 0, max: 1e12, aggregate: 'counter' },
  water_pressure: { unit: 'kPa', min: 0, max: 2_500, aggregate: 'mean' },
  water_level: { unit: 'm', min: -100, max: 1_000, aggregate: 'last' },
  water_temperature: { unit: '°C', min: -5, max: 100, maxPerMinute: 10, aggregate: 'mean' },
  valve_open: { unit: '1', min: 0, max: 1, aggregate: 'last' },
  leak: { unit: '1', min: 0, max: 1, aggregate: 'last' },
  water_ec: { unit: 'mS/cm', min: 0, max: 20, maxPerMinute: 10, aggregate: 'mean' },
  water_ph: { unit: 'pH', min: 0, max: 14, maxPerMinute: 7, aggregate: 'mean' },
  tank_level: { unit: '%', min: 0, max: 100, maxPerMinute: 50, aggregate: 'last' },
  trap_count: { unit: '1', min: 0, max: 100_000, aggregate: 'counter' },
  battery: { unit: '%', min: 0, max: 100, aggregate: 'last' },
  battery_voltage: { unit: 'V', min: 0, max: 60, aggregate: 'last' },
  rssi: { unit: 'dBm', min: -150, max: 0, aggregate: 'mean' },
  snr: { unit: 'dB', min: -40, max: 40, aggregate: 'mean' },
  /** Zigbee's LQI, 0 to 255 (IEEE 802.15.4, 6.9.8). */
  link_quality: { unit: '1', min: 0, max: 255, aggregate: 'mean' },
  voltage: { unit: 'V', min: 0, max: 1_000, aggregate: 'mean' },
  current: { unit: 'A', min: 0, max: 1_000, aggregate: 'mean' },
  power: { unit: 'W', min: -100_000, max: 100_000, aggregate: 'mean' },
  energy: { unit: 'kWh', min: 0, max: 1e9, aggregate: 'counter' },
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
  /** The device's time is missing where it should stand, unreadable, or before 2020: the receive time is used. */
  deviceTimeInvalid: 2,
  /** The device gave the same time again: the receive time is used. */
  deviceTimeRepeated: 4,
  /** The device's time lies more than ten minutes before its reception; or it told none, and a broker elsewhere kept the message. */
  late: 8,
  /** Redelivered by the device without time or counter: may be the same reading twice. */
  possibleDuplicate: 16,
  /** The gateway's own clock was not trusted at reception. */
  clockUncertain: 32,
  /** The value moved faster than the metric can. */
  jump: 64,
  /** The value has not moved at all for longer than the metric stands still. */
  flatLine: 128,
  /** The device's time lies more than two minutes ahead of its reception: the receive time is used. */
  fromFuture: 256,
  /** A counter stands lower than before: the meter was replaced, reset, or overflowed. */
  counterReset: 512,
  /** The device's last word about its battery was that it is nearly empty. */
  lowBattery: 1024,
} as const;

/** Names of the flags set in `bits`, for people and APIs. */
export function qualityFlags(bits: number): string[] {
  return Object.entries(quality)
    .filter(([, bit]) => bit !== 0 && (bits & bit) === bit)
    .map(([name]) => name);
}
