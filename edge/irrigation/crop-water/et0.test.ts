import { describe, expect, it } from 'vitest';
import {
  meanSaturationKpa,
  pressureKpaAt,
  psychrometricConstant,
  saturationKpa,
  vapourFromRhMaxMin,
  vapourFromWetBulb,
  windAt2m,
} from './air.ts';
import { dailyEt0, monthlyEt0 } from './et0.ts';
import { hourlyEt0 } from './hourly.ts';
import { soilHeatOfMonth } from './penman.ts';
import {
  clearSky,
  daylightHours,
  dayOfYear,
  extraterrestrialOfDay,
  middleOfMonth,
  netLongwaveOfDay,
  netShortwave,
  solarFromSunshine,
  solarFromTemperature,
} from './radiation.ts';
import type { Site } from './types.ts';

/** Worked examples of FAO-56, 1998, to the rounding of the print. */
function site(latitude: [number, number], elevationMetres: number, other: Partial<Site> = {}): Site {
  const [degrees, minutes] = latitude;
  const latitudeDegrees = degrees + (Math.sign(degrees) * minutes) / 60;
  return {
    ...{ latitudeDegrees, longitudeDegrees: 0, elevationMetres, isCoastal: false, windHeightMetres: 2 },
    ...other,
  };
}

const rio = site([-22, 54], 0);
const bangkok = site([13, 44], 2, { longitudeDegrees: 100.5, isCoastal: true });
const lyon = site([45, 43], 200, { longitudeDegrees: 4.8 });
const uccle = site([50, 48], 100, { longitudeDegrees: 4.4, windHeightMetres: 10 });
const ndiaye = site([16, 13], 8, { longitudeDegrees: -16.25 });

describe('the parts of the equation agree with the examples of FAO-56', () => {
  it('2: pressure and psychrometric constant at 1800 m', () => {
    expect(pressureKpaAt(1800)).toBeCloseTo(81.8, 1);
    expect(psychrometricConstant(81.8)).toBeCloseTo(0.054, 3);
  });

  it('3: saturation between 15 and 24.5 °C', () => {
    expect(saturationKpa(24.5)).toBeCloseTo(3.075, 3);
    expect(saturationKpa(15)).toBeCloseTo(1.705, 3);
    expect(meanSaturationKpa(15, 24.5)).toBeCloseTo(2.39, 2);
  });

  it('4: vapour pressure by an aspirated psychrometer at 1200 m', () => {
    const bulbs = { dryCelsius: 25.6, wetCelsius: 19.5, ventilation: 'aspirated' } as const;
    expect(vapourFromWetBulb(bulbs, pressureKpaAt(1200))).toBeCloseTo(1.91, 2);
  });

  it('5, 6: vapour pressure from the highest and lowest humidity, and the deficit', () => {
    const range = { tMinCelsius: 18, tMaxCelsius: 25 };
    const vapour = vapourFromRhMaxMin(range, { rhMax: 82, rhMin: 54 });
    expect(vapour).toBeCloseTo(1.7, 2);
    expect(meanSaturationKpa(18, 25) - vapour).toBeCloseTo(0.91, 2);
  });

  it('8, 9: radiation outside the atmosphere and daylight, 3 September at 20° S', () => {
    expect(dayOfYear('1999-09-03')).toBe(246);
    expect(extraterrestrialOfDay(-20, 246)).toBeCloseTo(32.2, 1);
    expect(daylightHours(-20, 246)).toBeCloseTo(11.7, 1);
  });

  it('10, 11, 12: solar, longwave and net radiation, Rio de Janeiro in May', () => {
    const day = 135;
    const ra = extraterrestrialOfDay(rio.latitudeDegrees, day);
    const daylight = daylightHours(rio.latitudeDegrees, day);
    expect(ra).toBeCloseTo(25.1, 1);
    expect(daylight).toBeCloseTo(10.9, 1);
    const solar = solarFromSunshine({ sunshineHours: 220 / 31, daylight, ra });
    expect(solar).toBeCloseTo(14.5, 1);
    const clear = clearSky(0, ra);
    expect(clear).toBeCloseTo(18.8, 1);
    const range = { tMinCelsius: 19.1, tMaxCelsius: 25.1 };
    const longwave = netLongwaveOfDay(range, { vapourKpa: 2.1, clearness: solar / clear });
    expect(longwave).toBeCloseTo(3.5, 1);
    expect(netShortwave(solar)).toBeCloseTo(11.1, 1);
    expect(netShortwave(solar) - longwave).toBeCloseTo(7.6, 1);
  });

  it('13: soil heat in April between March at 14.1 and May at 18.8 °C', () => {
    expect(soilHeatOfMonth({ previous: 14.1, own: 16.1, next: 18.8 })).toBeCloseTo(0.33, 2);
    expect(soilHeatOfMonth({ previous: 14.1, own: 16.1 })).toBeCloseTo(0.28, 2);
    expect(soilHeatOfMonth({ own: 16.1 })).toBe(0);
  });

  it('14: wind of 3.2 m/s at 10 m is 2.4 m/s at 2 m', () => {
    expect(windAt2m(3.2, 10)).toBeCloseTo(2.4, 1);
    expect(windAt2m(3.2, 2)).toBe(3.2);
  });

  it('15: solar radiation from temperature, Lyon in July', () => {
    const ra = extraterrestrialOfDay(lyon.latitudeDegrees, 196);
    expect(ra).toBeCloseTo(40.6, 1);
    expect(solarFromTemperature({ tMinCelsius: 14.8, tMaxCelsius: 26.6 }, lyon, ra)).toBeCloseTo(22.3, 1);
  });

  it('16: net radiation from temperature at the coast, Bangkok in April', () => {
    const range = { tMinCelsius: 25.6, tMaxCelsius: 34.8 };
    const ra = extraterrestrialOfDay(bangkok.latitudeDegrees, middleOfMonth(4));
    const solar = solarFromTemperature(range, bangkok, ra);
    const longwave = netLongwaveOfDay(range, { vapourKpa: 2.85, clearness: solar / clearSky(0, ra) });
    expect(netShortwave(solar)).toBeCloseTo(16.9, 1);
    expect(longwave).toBeCloseTo(3, 1);
    expect(netShortwave(solar) - longwave).toBeCloseTo(13.9, 1);
  });
});

describe('ET0 agrees with the examples of FAO-56', () => {
  it('17: the month of April in Bangkok, 5.72 mm a day', () => {
    const april = {
      ...{ month: 4, tMaxCelsius: 34.8, tMinCelsius: 25.6, vapourKpa: 2.85, sunshineHours: 8.5 },
      ...{ windMetresPerSecond: 2, tMeanPreviousCelsius: 29.2 },
    };
    const { mm, method, terms } = monthlyEt0(april, bangkok, 'FAO56-1998');
    expect(mm).toBeCloseTo(5.72, 2);
    expect(method).toBe('penman_monteith');
    expect(terms.slopeKpaPerCelsius).toBeCloseTo(0.246, 3);
    expect(terms.psychrometricKpaPerCelsius).toBeCloseTo(0.0674, 3);
    expect(terms.saturationKpa).toBeCloseTo(4.42, 2);
    expect(terms.extraterrestrialMegajoules).toBeCloseTo(38.06, 2);
    expect(terms.daylightHours).toBeCloseTo(12.31, 2);
    expect(terms.solarMegajoules).toBeCloseTo(22.65, 2);
    expect(terms.clearSkyMegajoules).toBeCloseTo(28.54, 1);
    expect(terms.netShortwaveMegajoules).toBeCloseTo(17.44, 2);
    expect(terms.netLongwaveMegajoules).toBeCloseTo(3.11, 2);
    expect(terms.netMegajoules).toBeCloseTo(14.33, 2);
    expect(terms.soilHeatMegajoules).toBeCloseTo(0.14, 2);
  });

  it('18: 6 July in Uccle, 3.9 mm', () => {
    const day = {
      ...{ date: '1999-07-06', tMaxCelsius: 21.5, tMinCelsius: 12.3, rhMaxPercent: 84, rhMinPercent: 63 },
      ...{ windMetresPerSecond: 10 / 3.6, sunshineHours: 9.25 },
    };
    const { mm, terms } = dailyEt0(day, uccle, 'FAO56-1998');
    expect(mm).toBeCloseTo(3.88, 2);
    expect(terms.windAt2mMetresPerSecond).toBeCloseTo(2.078, 3);
    expect(terms.slopeKpaPerCelsius).toBeCloseTo(0.122, 3);
    expect(terms.psychrometricKpaPerCelsius).toBeCloseTo(0.0666, 4);
    expect(terms.saturationKpa).toBeCloseTo(1.997, 3);
    expect(terms.vapourKpa).toBeCloseTo(1.409, 3);
    expect(terms.extraterrestrialMegajoules).toBeCloseTo(41.09, 2);
    expect(terms.daylightHours).toBeCloseTo(16.1, 1);
    expect(terms.solarMegajoules).toBeCloseTo(22.07, 2);
    expect(terms.clearSkyMegajoules).toBeCloseTo(30.9, 2);
    expect(terms.netShortwaveMegajoules).toBeCloseTo(17, 1);
    expect(terms.netLongwaveMegajoules).toBeCloseTo(3.71, 2);
    expect(terms.netMegajoules).toBeCloseTo(13.28, 2);
  });

  // Hours of the text are those of 15° W, UTC−1. The 2025 figures are those of its other surface resistance.
  const night = {
    ...{ startsAtMs: Date.UTC(1999, 9, 1, 3), tCelsius: 28, rhPercent: 90, windMetresPerSecond: 1.9 },
    ...{ solarMegajoules: 0, clearnessBefore: 0.8 },
  };
  const afternoon = {
    ...{ startsAtMs: Date.UTC(1999, 9, 1, 15), tCelsius: 38, rhPercent: 52, windMetresPerSecond: 3.3 },
    solarMegajoules: 2.45,
  };
  it.each([
    ['FAO56-1998', 0, 2, 0.63, 2],
    ['FAO56-2025', 0.004, 3, 0.656, 3],
  ] as const)(
    '19: an hour of the night and one of the afternoon in N’Diaye, %s',
    (edition, dark, digits, bright, more) => {
      expect(hourlyEt0(night, ndiaye, edition).mm).toBeCloseTo(dark, digits);
      const { mm, terms } = hourlyEt0(afternoon, ndiaye, edition);
      expect(mm).toBeCloseTo(bright, more);
      expect(terms.extraterrestrialMegajoules).toBeCloseTo(3.543, 3);
      expect(terms.clearSkyMegajoules).toBeCloseTo(2.658, 3);
      expect(terms.netMegajoules).toBeCloseTo(1.749, 3);
      expect(terms.soilHeatMegajoules).toBeCloseTo(0.175, 3);
    },
  );

  it('20: July in Lyon from temperature alone, and each estimate is named', () => {
    const july = { month: 7, tMaxCelsius: 26.6, tMinCelsius: 14.8 };
    const { mm, substitutions, terms } = monthlyEt0(july, lyon, 'FAO56-1998');
    expect(substitutions).toEqual(['dew_point_from_tmin', 'solar_from_temperature', 'wind_default']);
    expect(terms.vapourKpa).toBeCloseTo(1.68, 2);
    expect(terms.solarMegajoules).toBeCloseTo(22.29, 2);
    expect(terms.netMegajoules).toBeCloseTo(13.5, 1);
    expect(mm).toBeCloseTo(4.56, 2);
    const windy = (windMetresPerSecond: number) =>
      monthlyEt0({ ...july, windMetresPerSecond }, lyon, 'FAO56-1998').mm;
    expect(windy(1)).toBeCloseTo(4.2, 1);
    expect(windy(3)).toBeCloseTo(4.8, 1);
    const alone = monthlyEt0(july, { ...lyon, temperatureOnly: 'hargreaves' }, 'FAO56-1998');
    expect(alone).toMatchObject({ method: 'hargreaves', substitutions: ['hargreaves'] });
    expect(alone.mm).toBeCloseTo(5, 1);
  });
});
