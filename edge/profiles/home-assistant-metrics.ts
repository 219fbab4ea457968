import type { MetricName } from '@nongtin/broker/wire';
import { toMetricUnit } from '../units/units.ts';
import type { Entity } from './home-assistant-config.ts';

/**
 * Home Assistant's device classes of sensors that name one of our metrics (home-assistant.io: sensor, device class).
 * 'moisture' is the percentage of water in a substance. Left raw, because the class alone does not say what is measured:
 * pressure and volume_storage (water or air?), conductivity and ph (soil or water?), distance, duration.
 */
const CLASSES = new Map<string, MetricName>([
  ['temperature', 'temperature'],
  ['humidity', 'relative_humidity'],
  ['moisture', 'soil_moisture'],
  ['atmospheric_pressure', 'air_pressure'],
  ['illuminance', 'illuminance'],
  ['irradiance', 'solar_radiation'],
  ['wind_speed', 'wind_speed'],
  ['wind_direction', 'wind_direction'],
  ['precipitation', 'rain'],
  ['precipitation_intensity', 'rain_rate'],
  ['volume_flow_rate', 'flow'],
  ['water', 'volume'],
  ['carbon_dioxide', 'co2'],
  ['battery', 'battery'],
  ['signal_strength', 'rssi'],
  ['voltage', 'voltage'],
  ['current', 'current'],
  ['power', 'power'],
  ['energy', 'energy'],
]);

/** Metrics that are counters: only a sensor that says it counts up is one. */
const COUNTERS = new Set<MetricName>(['rain', 'volume', 'energy']);

/** What an entity measures, when its class and unit leave no doubt; undefined: raw. */
export function metricOf({
  component,
  deviceClass,
  unit,
  isTotal,
  category,
}: Entity): MetricName | undefined {
  if (component === 'switch' || component === 'valve')
    return category === undefined ? 'valve_open' : undefined;
  if (component !== 'sensor') return undefined;
  const metric =
    deviceClass === undefined && unit === 'UV index' ? 'uv_index' : CLASSES.get(deviceClass ?? '');
  if (metric === undefined || (COUNTERS.has(metric) && !isTotal)) return undefined;
  return toMetricUnit(metric, 1, unit ?? '') === undefined ? undefined : metric;
}
