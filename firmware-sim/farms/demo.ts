import type { DeviceSpec, FarmSpec, ZoneSpec } from '../farm/spec.ts';

/**
 * Zones of two plots by their pillars. Their first moistures are staggered above and below 0.20 m³/m³, where a sandy loam wants
 * water: one zone is thirsty at once, the others follow one by one.
 */
const zones = {
  a1: { pillars: 30, litresPerMinute: 38, firstMoisture: 0.195 },
  a2: { pillars: 30, litresPerMinute: 37, firstMoisture: 0.21 },
  a3: { pillars: 28, litresPerMinute: 36, firstMoisture: 0.23 },
  b1: { pillars: 32, litresPerMinute: 40, firstMoisture: 0.203 },
  b2: { pillars: 30, litresPerMinute: 38, firstMoisture: 0.219 },
  b3: { pillars: 29, litresPerMinute: 37, firstMoisture: 0.241 },
};
const zoneNames = Object.keys(zones);

/** Drippers wet only the foot of a pillar, while the crop above it transpires over the area it shades. */
const WETTED_M2_PER_PILLAR = 0.95;
const CANOPY_M2_PER_PILLAR = 3;

/** Seconds between messages, by the time outside. */
const PROBE_SECONDS = 5;
const STATION_SECONDS = 10;
const TRAP_SECONDS = 30;
const REPORT_SECONDS = 2;

/** The demo cooperative's dragon fruit in Bình Thuận: what `npm start` simulates. */
export const demo: FarmSpec = {
  format: 'nongtin-sim-farm-1',
  name: 'demo',
  title: { vi: 'HTX Thanh long Hàm Minh', en: 'Hàm Minh dragon fruit cooperative' },
  climate: 'binh-thuan',
  pace: 'real',
  sources: [
    {
      id: 'tank',
      pressureKpa: 100,
      tank: {
        ...{ capacityLitres: 6000, firstLitres: 4800, inflowLitresPerHour: 3000 },
        ...{ fillBelowFraction: 0.45, fillUpToFraction: 0.95 },
      },
      ecMilliSiemensPerCm: 0.6,
      ph: 6.4,
    },
  ],
  zones: Object.entries(zones).map(
    ([id, { pillars, litresPerMinute, firstMoisture }]): ZoneSpec => ({
      ...{ id, source: 'tank', firstMoisture },
      areaM2: pillars * CANOPY_M2_PER_PILLAR,
      wettedFraction: WETTED_M2_PER_PILLAR / CANOPY_M2_PER_PILLAR,
      applicationEfficiency: 0.9,
      // Sandy loam, in the middle of FAO-56 table 7.5.
      soil: {
        layers: [
          {
            thicknessMetres: 0.3,
            fieldCapacity: 0.26,
            wiltingPoint: 0.09,
            saturation: 0.42,
            drainageHours: 8,
          },
        ],
      },
      crop: {
        // Kc mid of dragon fruit above 1800 plants a hectare, p of dragon fruit (2025 edition, table 8.3). Roots: our assumption.
        kcByDay: [{ day: 0, kc: 0.9 }],
        rootDepthByDay: [{ day: 0, metres: 0.3 }],
        depletionShare: 0.6,
      },
      emitters: { litresPerMinute, atKpa: 100, exponent: 0, uniformity: 1 },
    }),
  ),
  devices: [
    ...zoneNames.map(
      (zone): DeviceSpec => ({ id: `soil-${zone}`, kind: 'soil_probe', zone, everySeconds: PROBE_SECONDS }),
    ),
    { id: 'weather', kind: 'weather_station', everySeconds: STATION_SECONDS },
    { id: 'fert', kind: 'fertilizer_station', source: 'tank', everySeconds: STATION_SECONDS },
    { id: 'trap-1', kind: 'fly_trap', fliesPerDay: 14, everySeconds: TRAP_SECONDS },
    { id: 'trap-2', kind: 'fly_trap', fliesPerDay: 6, everySeconds: TRAP_SECONDS },
    ...zoneNames.map(
      (zone): DeviceSpec => ({
        ...{ id: `valve-${zone}`, kind: 'valve', zone },
        ...{ meterLitresPerPulse: 0.01, reportSeconds: REPORT_SECONDS },
      }),
    ),
  ],
};
