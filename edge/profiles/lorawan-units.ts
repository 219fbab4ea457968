import { isMetricName, type MetricName } from '@nongtin/broker/wire';

/** What people call our metrics. A name alone says no unit: one must stand beside it. */
const QUANTITIES: ReadonlyMap<string, MetricName> = new Map([
  ['temp', 'temperature'],
  ['temperature_air', 'air_temperature'],
  ['temperature_soil', 'soil_temperature'],
  ['soil_temp', 'soil_temperature'],
  ['air_temp', 'air_temperature'],
  ['water_temp', 'water_temperature'],
  ['dewpoint', 'dew_point'],
  ['humidity', 'relative_humidity'],
  ['air_humidity', 'relative_humidity'],
  ['air_relative_humidity', 'relative_humidity'],
  ['barometric_pressure', 'air_pressure'],
  ['atmospheric_pressure', 'air_pressure'],
  ['volumetric_water_content', 'soil_moisture'],
  ['soil_volumetric_water_content', 'soil_moisture'],
  ['vwc', 'soil_moisture'],
  ['soil_electrical_conductivity', 'soil_ec'],
  ['soil_conductivity', 'soil_ec'],
  ['water_electrical_conductivity', 'water_ec'],
  ['light_intensity', 'illuminance'],
  ['illumination', 'illuminance'],
  ['maximum_wind_speed', 'wind_gust'],
  ['gust_speed', 'wind_gust'],
  ['cumulative_precipitation', 'rain'],
  ['rain_cumulative', 'rain'],
  ['rainfall_total', 'rain'],
  ['battery_level', 'battery'],
  ['battery_percent', 'battery'],
  ['valve', 'valve_open'],
  ['flow_rate', 'flow'],
  ['water_flow', 'flow'],
  ['total_volume', 'volume'],
  ['water_volume', 'volume'],
] satisfies [string, MetricName][]);

/** Units as names end in them: temperature_f, soil_ec_us_cm, batteryMv. */
const SUFFIXES: readonly (readonly [suffix: string, unit: string])[] = [
  ['us_cm', 'uS/cm'],
  ['uscm', 'uS/cm'],
  ['ms_cm', 'mS/cm'],
  ['mscm', 'mS/cm'],
  ['ds_m', 'dS/m'],
  ['w_m2', 'W/m2'],
  ['mm_h', 'mm/h'],
  ['km_h', 'km/h'],
  ['kmh', 'km/h'],
  ['kph', 'km/h'],
  ['mph', 'mph'],
  ['m_s', 'm/s'],
  ['l_min', 'L/min'],
  ['lpm', 'L/min'],
  ['m3_h', 'm3/h'],
  ['mg_kg', 'mg/kg'],
  ['celsius', '°C'],
  ['fahrenheit', '°F'],
  ['kelvin', 'K'],
  ['deg_c', '°C'],
  ['deg_f', '°F'],
  ['degc', '°C'],
  ['degf', '°F'],
  ['percent', '%'],
  ['pct', '%'],
  ['inhg', 'inHg'],
  ['mmhg', 'mmHg'],
  ['mbar', 'mbar'],
  ['hpa', 'hPa'],
  ['kpa', 'kPa'],
  ['cbar', 'cbar'],
  ['bar', 'bar'],
  ['psi', 'psi'],
  ['pa', 'Pa'],
  ['ppm', 'ppm'],
  ['lux', 'lx'],
  ['lx', 'lx'],
  ['mv', 'mV'],
  ['mm', 'mm'],
  ['cm', 'cm'],
  ['dbm', 'dBm'],
  ['litres', 'L'],
  ['liters', 'L'],
  ['m3', 'm3'],
  ['deg', '°'],
  ['c', '°C'],
  ['f', '°F'],
  ['v', 'V'],
];

interface Named {
  readonly metric: MetricName;
  /** Undefined: the name says none. */
  readonly unit: string | undefined;
  /** A number that the name ends in. */
  readonly channel: string;
}

/** What a field's name says by itself: 'soil_temperature_at_depth_2', 'airTemperatureF', 'Battery(%)'. */
export function named(name: string): Named | undefined {
  const [, bare, unit] = /^([^([]+?)\s*[([]([^)\]]{1,12})[)\]]$/.exec(name) ?? [];
  const found = bare === undefined ? undefined : named(bare);
  if (found !== undefined && found.unit === undefined) return { ...found, unit };
  const snake = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();
  const numbered = /^(.*?)(?:_at_depth|_ch|_channel)?_?(\d{1,3})$/.exec(snake);
  const direct = quantity(snake, '') ?? withUnit(snake, '');
  if (direct !== undefined || numbered === null) return direct;
  const [, stem = '', channel = ''] = numbered;
  return quantity(stem, channel) ?? withUnit(stem, channel);
}

function quantity(name: string, channel: string): Named | undefined {
  const metric = QUANTITIES.get(name) ?? (isMetricName(name) && name !== 'raw' ? name : undefined);
  return metric && { metric, unit: undefined, channel };
}

function withUnit(name: string, channel: string): Named | undefined {
  for (const [suffix, unit] of SUFFIXES) {
    if (!name.endsWith(`_${suffix}`)) continue;
    const found = quantity(name.slice(0, -suffix.length - 1), channel);
    if (found !== undefined) return { ...found, unit };
  }
  return undefined;
}
