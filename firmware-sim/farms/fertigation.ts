import type { DeviceSpec, FarmSpec, ZoneSpec } from '../farm/spec.ts';
import { loam, tomato } from './two-zones.ts';

const zone = (id: string, areaM2: number, litresPerMinute: number): ZoneSpec => ({
  ...{
    id,
    source: 'well',
    areaM2,
    firstMoisture: 0.2,
    soil: loam,
    crop: tomato,
    applicationEfficiency: 0.95,
  },
  emitters: { litresPerMinute, atKpa: 150, exponent: 0.5, uniformity: 0.9 },
});

const dosePump = (tank: string): DeviceSpec => ({
  ...{ id: `dose-${tank}`, kind: 'dose_pump', head: 'head', tank, reportSeconds: 1 },
});

/**
 * Two zones of tomato behind a dosing head with acid, calcium nitrate and the rest in three tanks. The stocks are a little weaker than
 * weighed, a pump is worn, and the well's water changes with the tide.
 */
export const fertigation: FarmSpec = {
  format: 'nongtin-sim-farm-1',
  name: 'fertigation',
  title: { vi: 'Hai khu cà chua có bộ châm phân', en: 'Two zones of tomato behind a dosing head' },
  climate: 'da-lat',
  sources: [
    {
      ...{ id: 'well', pressureKpa: 150, ecMilliSiemensPerCm: 0.5, ph: 7.5 },
      changing: {
        ...{ alkalinityMilliequivalentsPerLitre: 2, tide: { ec: 0.06, hours: 12.4 } },
        wander: { ec: 0.04, hours: 3 },
      },
    },
  ],
  zones: [zone('z1', 1_000, 60), zone('z2', 800, 48)],
  heads: [
    {
      ...{ id: 'head', source: 'well', plugLitres: 12, chamberLitres: 40 },
      tanks: [
        {
          ...{ id: 'acid', capacityLitres: 60, firstLitres: 50 },
          stock: { acidEquivalentsPerLitre: 1, ecPerMillilitrePerLitre: 0.02 },
          pump: { millilitresPerSecond: 8, startSeconds: 0.2, stopSeconds: 0.2, spread: 0.01 },
        },
        {
          ...{ id: 'a', capacityLitres: 200, firstLitres: 180, strength: 0.93 },
          stock: { gramsPerLitre: { N: 18.6 }, ecPerMillilitrePerLitre: 0.144 },
          pump: { millilitresPerSecond: 15.2, wearPerLitre: 0.00005, spread: 0.01, lineMillilitres: 40 },
        },
        {
          ...{ id: 'b', capacityLitres: 200, firstLitres: 180, strength: 0.95 },
          stock: { gramsPerLitre: { N: 10.6, P2O5: 12.2, K2O: 27.8 }, ecPerMillilitrePerLitre: 0.13 },
          pump: { millilitresPerSecond: 16.1, wearPerLitre: 0.00005, spread: 0.01, lineMillilitres: 40 },
        },
      ],
    },
  ],
  devices: [
    { id: 'valve-1', kind: 'valve', zone: 'z1', meterLitresPerPulse: 0.1, reportSeconds: 2 },
    { id: 'valve-2', kind: 'valve', zone: 'z2', meterLitresPerPulse: 0.1, reportSeconds: 2 },
    { id: 'soil-1', kind: 'soil_probe', zone: 'z1', everySeconds: 300 },
    { id: 'soil-2', kind: 'soil_probe', zone: 'z2', everySeconds: 300 },
    { id: 'weather', kind: 'weather_station', everySeconds: 600 },
    ...['acid', 'a', 'b'].map(dosePump),
    { id: 'ec-1', kind: 'water_probe', head: 'head', measures: 'water_ec', everySeconds: 5 },
    { id: 'ec-2', kind: 'water_probe', head: 'head', measures: 'water_ec', everySeconds: 5, offset: 0.03 },
    { id: 'ph-1', kind: 'water_probe', head: 'head', measures: 'water_ph', everySeconds: 5 },
  ],
};
