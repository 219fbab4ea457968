import { saturationVapourPressureKpa, type Weather } from './weather.ts';

const MEGAJOULE_PER_M2_HOUR_OF_WATT = 0.0036;
const STEFAN_BOLTZMANN_MJ_PER_HOUR = 2.043e-10;

/**
 * Reference evapotranspiration ET0 in mm per hour: FAO-56 Penman-Monteith for hourly steps, 2025 edition
 * (equations 2.5, 3.1 to 3.9, 3.41 to 3.49; Cd 0.24 by day and 0.96 by night). Slightly negative on some nights.
 */
export function referenceEvapotranspirationMmPerHour(weather: Weather, altitudeMetres: number): number {
  const celsius = weather.airTemperatureCelsius;
  const saturationKpa = saturationVapourPressureKpa(celsius);
  const vapourKpa = (saturationKpa * weather.relativeHumidityPercent) / 100;
  const slope = (4098 * saturationKpa) / (celsius + 237.3) ** 2;
  const pressureKpa = 101.3 * ((293 - 0.0065 * altitudeMetres) / 293) ** 5.26;
  const psychrometric = 0.665e-3 * pressureKpa;
  const netMegajoules = netRadiation(weather, vapourKpa);
  const isDay = weather.solarWattsPerM2 > 0;
  const availableMegajoules = netMegajoules * (isDay ? 0.9 : 0.5);
  const wind = weather.windMetresPerSecond;
  const aerodynamic = ((psychrometric * 37) / (celsius + 273)) * wind * (saturationKpa - vapourKpa);
  return (
    (0.408 * slope * availableMegajoules + aerodynamic) /
    (slope + psychrometric * (1 + (isDay ? 0.24 : 0.96) * wind))
  );
}

/** MJ per m² and hour. */
function netRadiation(weather: Weather, vapourKpa: number): number {
  const shortwave = 0.77 * weather.solarWattsPerM2 * MEGAJOULE_PER_M2_HOUR_OF_WATT;
  const cloudiness = 1.35 * Math.min(1, Math.max(0.3, weather.clearness)) - 0.35;
  const kelvin = weather.airTemperatureCelsius + 273.16;
  const longwave =
    STEFAN_BOLTZMANN_MJ_PER_HOUR * kelvin ** 4 * (0.34 - 0.14 * Math.sqrt(vapourKpa)) * cloudiness;
  return shortwave - longwave;
}
