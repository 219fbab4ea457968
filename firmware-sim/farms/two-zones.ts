import type { FarmSpec, ZoneSpec } from '../farm/spec.ts';

/** A loam of three layers (middle of FAO-56 table 7.5), deeper ones denser and slower. */
export const loam: ZoneSpec['soil'] = {
  layers: [
    { thicknessMetres: 0.15, fieldCapacity: 0.25, wiltingPoint: 0.12, saturation: 0.45, drainageHours: 8 },
    { thicknessMetres: 0.15, fieldCapacity: 0.25, wiltingPoint: 0.12, saturation: 0.44, drainageHours: 10 },
    { thicknessMetres: 0.3, fieldCapacity: 0.26, wiltingPoint: 0.13, saturation: 0.42, drainageHours: 14 },
  ],
  infiltrationMmPerHour: 20,
  surfaceStorageMm: 3,
};

/** Tomato, 1998 edition: Kc 0.6, 1.15, 0.8 over 30, 40, 40 and 25 days. */
export const tomato: ZoneSpec['crop'] = {
  kcByDay: [
    { day: 0, kc: 0.6 },
    { day: 30, kc: 0.6 },
    { day: 70, kc: 1.15 },
    { day: 110, kc: 1.15 },
    { day: 135, kc: 0.8 },
  ],
  rootDepthByDay: [
    { day: 0, metres: 0.25 },
    { day: 60, metres: 0.6 },
  ],
  depletionShare: 0.4,
  plantedDaysBefore: 20,
};

const zone = (id: string, areaM2: number, litresPerMinute: number, firstMoisture: number): ZoneSpec => ({
  ...{ id, source: 'well', areaM2, firstMoisture, soil: loam, crop: tomato, applicationEfficiency: 0.95 },
  emitters: { litresPerMinute, atKpa: 150, exponent: 0.5, uniformity: 0.88 },
});

/** Two zones of tomato behind one pump with a tank, a master valve and meters, all with native devices. */
export const twoZones: FarmSpec = {
  format: 'nongtin-sim-farm-1',
  name: 'two-zones',
  title: { vi: 'Hai khu cà chua chung một máy bơm', en: 'Two zones of tomato behind one pump' },
  climate: 'da-lat',
  sources: [
    {
      id: 'well',
      pump: { shutOffHeadMetres: 32, ratedHeadMetres: 22, ratedFlowLitresPerMinute: 130 },
      liftMetres: 4,
      tank: { capacityLitres: 12_000, firstLitres: 11_000, inflowLitresPerHour: 2_500 },
      filter: { cleanLossKpa: 15, atLitresPerMinute: 100, doublesAfterLitres: 400_000 },
      ecMilliSiemensPerCm: 0.4,
      ph: 6.8,
    },
  ],
  zones: [zone('n1', 500, 60, 0.23), zone('n2', 400, 50, 0.21)],
  devices: [
    { id: 'valve-n1', kind: 'valve', zone: 'n1', meterLitresPerPulse: 1 },
    { id: 'valve-n2', kind: 'valve', zone: 'n2', meterLitresPerPulse: 1 },
    { id: 'master-1', kind: 'master_valve', source: 'well' },
    { id: 'pump-1', kind: 'pump', source: 'well' },
    { id: 'soil-n1', kind: 'soil_probe', zone: 'n1', everySeconds: 600, noise: 0.002 },
    { id: 'soil-n2', kind: 'soil_probe', zone: 'n2', everySeconds: 600, noise: 0.002 },
    { id: 'weather', kind: 'weather_station', everySeconds: 600 },
    { id: 'meter-1', kind: 'flow_meter', source: 'well', litresPerPulse: 10, everySeconds: 60 },
    { id: 'pressure-1', kind: 'pressure_sensor', source: 'well', everySeconds: 60 },
    { id: 'tank-1', kind: 'tank_sensor', source: 'well', everySeconds: 300 },
  ],
};
