import type { MetricName } from '@nongtin/broker/wire';

/** What a field holds: the metric, the unit its maker gives it ('state': a word or 0/1), the channel. */
export type Field = readonly [metric: MetricName, unit: string, channel?: string];

/** The words of one maker's codecs. */
interface Dialect {
  /** Field names by which the dialect is known, whatever the device is called: one for each. */
  readonly marks?: readonly RegExp[];
  /** Parts of model, profile or codec names by which it is known when its field names are everybody's. */
  readonly names?: RegExp;
  readonly fields: Readonly<Record<string, Field>>;
}

/** wiki.dragino.com, user manuals ("Decode payload") of LSE01/SE01, LHT65, LSPH01, LSNPK01, LLMS01, LWL02, WSC1-L. */
const dragino: Dialect = {
  marks: [
    /^(TempC_(DS|SHT)|Hum_SHT|(water|temp|conduct|TEMP|PH1|N|P|K)_SOIL$|conduct_soil$|Leaf_Moisture$|WATER_LEAK_STATUS$|wind_speed_level$)/,
  ],
  names:
    /\b(dragino|lse01|se01|se02|lht65|lht65n|lht52|lsn50|s31|lsph01|sph01|lsnpk01|llms01|lms01|lwl0\d|wsc\d)\b/,
  fields: {
    Bat: ['battery_voltage', 'V'],
    BatV: ['battery_voltage', 'V'],
    BAT_V: ['battery_voltage', 'V'],
    BAT: ['battery_voltage', 'V'],
    bat: ['battery_voltage', 'V'],
    battery: ['battery_voltage', 'V'],
    Bat_mV: ['battery_voltage', 'mV'],
    TempC_DS18B20: ['temperature', '°C', 'DS18B20'],
    TempC_DS: ['temperature', '°C', 'DS'],
    TempC1: ['temperature', '°C', '1'],
    TempC2: ['temperature', '°C', '2'],
    TempC3: ['temperature', '°C', '3'],
    temperature_pro: ['temperature', '°C', 'DS18B20'],
    TempC_SHT: ['air_temperature', '°C'],
    TempC_SHT31: ['air_temperature', '°C'],
    TempC_SHT41: ['air_temperature', '°C'],
    TEM: ['air_temperature', '°C'],
    Hum_SHT: ['relative_humidity', '%'],
    Hum_SHT31: ['relative_humidity', '%'],
    Hum_SHT41: ['relative_humidity', '%'],
    HUM: ['relative_humidity', '%'],
    ILL_lx: ['illuminance', 'lx'],
    water_SOIL: ['soil_moisture', '%'],
    moisture_soil: ['soil_moisture', '%'],
    temp_SOIL: ['soil_temperature', '°C'],
    TEMP_SOIL: ['soil_temperature', '°C'],
    temp_soil: ['soil_temperature', '°C'],
    conduct_SOIL: ['soil_ec', 'uS/cm'],
    conduct_soil: ['soil_ec', 'uS/cm'],
    PH1_SOIL: ['soil_ph', 'pH'],
    N_SOIL: ['soil_nitrogen', 'mg/kg'],
    P_SOIL: ['soil_phosphorus', 'mg/kg'],
    K_SOIL: ['soil_potassium', 'mg/kg'],
    Leaf_Moisture: ['leaf_wetness', '%'],
    Leaf_Temperature: ['temperature', '°C', 'leaf'],
    WATER_LEAK_STATUS: ['leak', 'state'],
    wind_speed: ['wind_speed', 'm/s'],
    wind_direction_angle: ['wind_direction', '°'],
    pressure: ['air_pressure', 'hPa'],
    rain_gauge: ['rain', 'mm'],
    CO2: ['co2', 'ppm'],
    TSR: ['solar_radiation', 'W/m2'],
  },
};

/** STREGA, decoder of the smart valve; its battery is a percentage, its temperature that of the box. */
const strega: Dialect = {
  marks: [/^(Valve|Actuator)$/, /^(Tamper|Fraud|Cable)$/],
  names: /\bstrega\b/,
  fields: {
    Valve: ['valve_open', 'state'],
    Actuator: ['valve_open', 'state'],
    Leakage: ['leak', 'state'],
    Leak: ['leak', 'state'],
    Bat: ['battery', '%'],
    Battery: ['battery', '%'],
    Temp: ['temperature', '°C', 'box'],
    Temperature: ['temperature', '°C', 'box'],
    Hygro: ['relative_humidity', '%', 'box'],
    Hygrometry: ['relative_humidity', '%', 'box'],
  },
};

const BATTERY: Field = ['battery', '%'];

/** Milesight's decoders name their fields alike and mean by them what the model measures (user guides, "Uplink packet"). */
const milesight: readonly Dialect[] = [
  {
    names: /\buc5[12]\w*\b/,
    fields: {
      battery: BATTERY,
      pressure: ['water_pressure', 'kPa'],
      pipe_pressure: ['water_pressure', 'kPa'],
    },
  },
  {
    names: /\bem500-smt\w*\b/,
    fields: {
      battery: BATTERY,
      temperature: ['soil_temperature', '°C'],
      humidity: ['soil_moisture', '%'],
      moisture: ['soil_moisture', '%'],
      conductivity: ['soil_ec', 'uS/cm'],
      ec: ['soil_ec', 'uS/cm'],
    },
  },
  { names: /\bem500-pp\b/, fields: { battery: BATTERY, pressure: ['water_pressure', 'kPa'] } },
  { names: /\bem500-swl\b/, fields: { battery: BATTERY, depth: ['water_level', 'cm'] } },
  { names: /\bem500-pt100\b/, fields: { battery: BATTERY, temperature: ['temperature', '°C'] } },
  { names: /\bem500-lgt\b/, fields: { battery: BATTERY, illumination: ['illuminance', 'lx'] } },
  {
    names: /\b(em300|em320|em500-co2|am10\d|am30\d|ws523)\b/,
    fields: {
      battery: BATTERY,
      temperature: ['air_temperature', '°C'],
      humidity: ['relative_humidity', '%'],
      co2: ['co2', 'ppm'],
      pressure: ['air_pressure', 'hPa'],
      barometric_pressure: ['air_pressure', 'hPa'],
      water_leak: ['leak', 'state'],
      leakage_status: ['leak', 'state'],
    },
  },
  // Of any other model, the temperature may be of anything.
  { names: /\b(milesight|(em|uc|am|ws|wt|wts)\d{3}\w*)\b/, fields: { battery: BATTERY } },
];

const dialects: readonly Dialect[] = [strega, dragino, ...milesight];

/** The first dialect that a field name gives away, else the first that the device's names do. */
export function fieldsOf(
  fieldNames: readonly string[],
  deviceNames: readonly string[],
): ReadonlyMap<string, Field> {
  const names = deviceNames.map((name) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')).join(' ');
  const dialect =
    dialects.find(({ marks }) => marks?.every((mark) => fieldNames.some((name) => mark.test(name)))) ??
    dialects.find((candidate) => candidate.names?.test(names));
  return new Map(Object.entries(dialect?.fields ?? {}));
}

/** SenseCAP measurement ids (wiki.seeedstudio.com, "List of Measurement IDs"). */
export const senseCap: ReadonlyMap<number, Field> = new Map([
  [4097, ['air_temperature', '°C']],
  [4098, ['relative_humidity', '%']],
  [4099, ['illuminance', 'lx']],
  [4100, ['co2', 'ppm']],
  [4101, ['air_pressure', 'Pa']],
  [4102, ['soil_temperature', '°C']],
  [4103, ['soil_moisture', '%']],
  [4104, ['wind_direction', '°']],
  [4105, ['wind_speed', 'm/s']],
  [4108, ['soil_ec', 'dS/m']],
  [4110, ['soil_moisture', '%']],
  [4111, ['soil_ec', 'dS/m']],
  [4112, ['soil_temperature', '°C']],
  [4113, ['rain_rate', 'mm/h']],
  [4116, ['leak', 'state']],
  [4117, ['water_level', 'cm']],
  [4120, ['flow', 'm3/h']],
  [4121, ['volume', 'm3']],
  [4123, ['water_ec', 'uS/cm']],
  [4124, ['water_temperature', '°C']],
  [4127, ['solar_radiation', 'W/m2']],
  [4136, ['temperature', '°C', 'leaf']],
  [4137, ['leaf_wetness', '%']],
  [4138, ['soil_moisture', '%', '10cm']],
  [4139, ['soil_moisture', '%', '20cm']],
  [4140, ['soil_moisture', '%', '30cm']],
  [4141, ['soil_moisture', '%', '40cm']],
  [4142, ['soil_temperature', '°C', '10cm']],
  [4143, ['soil_temperature', '°C', '20cm']],
  [4144, ['soil_temperature', '°C', '30cm']],
  [4145, ['soil_temperature', '°C', '40cm']],
  [4190, ['uv_index', '1']],
  [4191, ['wind_gust', 'm/s']],
  [4213, ['rain', 'mm']],
] satisfies [number, Field][]);

/**
 * The normalized payload of The Things Stack (lorawan-devices: lib/payload.json), by path: there the schema fixes the units.
 */
export const normalizedFields: ReadonlyMap<string, Field> = new Map([
  ['air.temperature', ['air_temperature', '°C']],
  ['air.relativeHumidity', ['relative_humidity', '%']],
  ['air.pressure', ['air_pressure', 'hPa']],
  ['air.co2', ['co2', 'ppm']],
  ['air.lightIntensity', ['illuminance', 'lx']],
  ['soil.moisture', ['soil_moisture', '%']],
  ['soil.temperature', ['soil_temperature', '°C']],
  ['soil.ec', ['soil_ec', 'dS/m']],
  ['soil.pH', ['soil_ph', 'pH']],
  // The schema says ppm of soil, which is a share of its mass: mg in a kg.
  ['soil.n', ['soil_nitrogen', 'mg/kg']],
  ['soil.p', ['soil_phosphorus', 'mg/kg']],
  ['soil.k', ['soil_potassium', 'mg/kg']],
  ['wind.speed', ['wind_speed', 'm/s']],
  ['wind.direction', ['wind_direction', '°']],
  ['rain.cumulative', ['rain', 'mm']],
  ['rain.intensity', ['rain_rate', 'mm/h']],
  ['precipitation.cumulative', ['rain', 'mm']],
  ['precipitation.intensity', ['rain_rate', 'mm/h']],
  ['water.leak', ['leak', 'state']],
  ['water.temperature.current', ['water_temperature', '°C']],
  ['metering.water.total', ['volume', 'L']],
  ['battery', ['battery_voltage', 'V']],
] satisfies [string, Field][]);
