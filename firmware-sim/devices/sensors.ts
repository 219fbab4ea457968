import type { MetricName } from '@nongtin/broker/wire';
import type { FarmState } from '../field/farm.ts';
import { irrigationWater, soilProfile, type TrapName, tankBuild, type ZoneName } from '../field/layout.ts';
import { normal, type Random } from '../field/random.ts';
import { bulkEc, poreWaterEc } from '../field/salt.ts';
import { storedMm } from '../field/soil.ts';
import type { Weather } from '../field/weather.ts';

/** What one sensor reports at a time, in the metrics' units. */
export type Measurement = Partial<Record<MetricName, number>>;

const RAIN_BUCKET_MM = 0.2;
const BATTERY_PERCENT_PER_DAY = 0.4;
const DAY_MS = 86_400_000;

function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

function noisy(value: number, deviation: number, decimals: number, random: Random): number {
  return round(value + deviation * normal(random), decimals);
}

/** `aliveMs`: how long the probe's battery has been in use, by the farm's time. */
export function soilProbe(farm: FarmState, zone: ZoneName, aliveMs: number, random: Random): Measurement {
  const { soil, salt, soilTemperatureCelsius } = farm.zones[zone];
  const poreEc = poreWaterEc(salt, storedMm(soil, soilProfile));
  return {
    soil_moisture: noisy(soil.moisture, 0.0004, 4, random),
    soil_temperature: noisy(soilTemperatureCelsius, 0.03, 2, random),
    soil_ec: noisy(bulkEc(poreEc, soil.moisture), 0.002, 3, random),
    battery: round(Math.max(0, 100 - (aliveMs / DAY_MS) * BATTERY_PERCENT_PER_DAY), 1),
  };
}

export function weatherStation(weather: Weather, farm: FarmState, random: Random): Measurement {
  const humidity = weather.relativeHumidityPercent + normal(random) * 0.4;
  return {
    air_temperature: noisy(weather.airTemperatureCelsius, 0.05, 2, random),
    relative_humidity: round(Math.min(100, humidity), 1),
    wind_speed: round(Math.max(0, weather.windMetresPerSecond * (1 + 0.15 * normal(random))), 1),
    solar_radiation: round(Math.max(0, weather.solarWattsPerM2 * (1 + 0.01 * normal(random))), 0),
    // A tipping bucket counts whole bucketfuls; the small term undoes the error of binary fractions.
    rain: round(Math.floor(farm.rainMm / RAIN_BUCKET_MM + 1e-9) * RAIN_BUCKET_MM, 1),
  };
}

export function fertilizerStation(farm: FarmState, random: Random): Measurement {
  return {
    water_ec: noisy(irrigationWater.ec, 0.008, 3, random),
    water_ph: noisy(irrigationWater.ph, 0.02, 2, random),
    tank_level: round((100 * farm.tank.litres) / tankBuild.capacityLitres, 1),
  };
}

export function flyTrap(farm: FarmState, trap: TrapName): Measurement {
  return { trap_count: farm.flies[trap] };
}
