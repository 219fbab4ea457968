import type { DosingHeadSpec } from '../farm/dosing-head.ts';
import type { DeviceSpec, FarmSpec, ZoneSpec } from '../farm/spec.ts';

interface PillarZone {
  readonly pillars: number;
  readonly litresPerMinute: number;
  readonly firstMoisture: number;
}

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

/** Two zones of a third plot, larger and behind a dosing head: a run of half an hour, in which one sees the dose. */
const dosedZones = {
  c1: { pillars: 120, litresPerMinute: 40, firstMoisture: 0.214 },
  c2: { pillars: 120, litresPerMinute: 39, firstMoisture: 0.224 },
};

/** Drippers wet only the foot of a pillar, while the crop above it transpires over the area it shades. */
const WETTED_M2_PER_PILLAR = 0.95;
const CANOPY_M2_PER_PILLAR = 3;
/** Where the pillars stand further apart, 2,000 on a hectare. */
const WIDE_M2_PER_PILLAR = 5;

const SOURCE_KPA = 100;

/** Seconds between messages, by the time outside. */
const PROBE_SECONDS = 5;
const STATION_SECONDS = 10;
const TRAP_SECONDS = 30;
const REPORT_SECONDS = 2;
/** A run of half an hour is half a minute in the time-lapse: a probe in the pipe has to speak in it. */
const WATER_PROBE_SECONDS = 1;

const zoneOf =
  (source: string, groundM2PerPillar: number) =>
  ([id, { pillars, litresPerMinute, firstMoisture }]: [string, PillarZone]): ZoneSpec => ({
    ...{ id, source, firstMoisture },
    areaM2: pillars * groundM2PerPillar,
    wettedFraction: WETTED_M2_PER_PILLAR / groundM2PerPillar,
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
    emitters: { litresPerMinute, atKpa: SOURCE_KPA, exponent: 0, uniformity: 1 },
  });

const probesAndValves = (zone: string): DeviceSpec[] => [
  { id: `soil-${zone}`, kind: 'soil_probe', zone, everySeconds: PROBE_SECONDS },
  { id: `valve-${zone}`, kind: 'valve', zone, meterLitresPerPulse: 0.01, reportSeconds: REPORT_SECONDS },
];

/** Stocks a little weaker than weighed and pumps a little slower than measured, as they are on farms. */
const head: DosingHeadSpec = {
  ...{ id: 'head', source: 'well', plugLitres: 12, chamberLitres: 120, chambers: 4 },
  tanks: [
    {
      ...{ id: 'stock-a', capacityLitres: 200, firstLitres: 180, strength: 0.96 },
      stock: { gramsPerLitre: { N: 15.5 }, ecPerMillilitrePerLitre: 0.12 },
      pump: { millilitresPerSecond: 19.6, wearPerLitre: 0.00005, spread: 0.01, lineMillilitres: 40 },
    },
    {
      ...{ id: 'stock-b', capacityLitres: 200, firstLitres: 180, strength: 0.98 },
      stock: { gramsPerLitre: { P2O5: 20.8, K2O: 43.6 }, ecPerMillilitrePerLitre: 0.12 },
      pump: { millilitresPerSecond: 19.8, wearPerLitre: 0.00005, spread: 0.01, lineMillilitres: 40 },
    },
    {
      ...{ id: 'acid', capacityLitres: 60, firstLitres: 50 },
      stock: { acidEquivalentsPerLitre: 1, ecPerMillilitrePerLitre: 0.02 },
      pump: { millilitresPerSecond: 12, spread: 0.01 },
    },
  ],
};

const dosePump = ({ id }: { readonly id: string }): DeviceSpec => ({
  ...{ id: `dose-${id}`, kind: 'dose_pump', head: head.id, tank: id },
  reportSeconds: REPORT_SECONDS,
});

const waterProbe = (id: string, measures: 'water_ec' | 'water_ph', offset = 0): DeviceSpec => ({
  ...{ id, kind: 'water_probe', head: head.id, measures, offset },
  everySeconds: WATER_PROBE_SECONDS,
});

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
      pressureKpa: SOURCE_KPA,
      tank: {
        ...{ capacityLitres: 6000, firstLitres: 4800, inflowLitresPerHour: 3000 },
        ...{ fillBelowFraction: 0.45, fillUpToFraction: 0.95 },
      },
      ecMilliSiemensPerCm: 0.6,
      ph: 6.4,
    },
    {
      ...{ id: 'well', pressureKpa: SOURCE_KPA, ecMilliSiemensPerCm: 0.45, ph: 7.4 },
      changing: {
        ...{ alkalinityMilliequivalentsPerLitre: 1.8, tide: { ec: 0.05, hours: 12.4 } },
        wander: { ec: 0.03, hours: 3 },
      },
    },
  ],
  zones: [
    ...Object.entries(zones).map(zoneOf('tank', CANOPY_M2_PER_PILLAR)),
    ...Object.entries(dosedZones).map(zoneOf('well', WIDE_M2_PER_PILLAR)),
  ],
  heads: [head],
  devices: [
    ...Object.keys({ ...zones, ...dosedZones }).flatMap(probesAndValves),
    { id: 'weather', kind: 'weather_station', everySeconds: STATION_SECONDS },
    { id: 'fert', kind: 'fertilizer_station', source: 'tank', everySeconds: STATION_SECONDS },
    { id: 'trap-1', kind: 'fly_trap', fliesPerDay: 14, everySeconds: TRAP_SECONDS },
    { id: 'trap-2', kind: 'fly_trap', fliesPerDay: 6, everySeconds: TRAP_SECONDS },
    ...head.tanks.map(dosePump),
    ...[waterProbe('ec-1', 'water_ec'), waterProbe('ec-2', 'water_ec', 0.03), waterProbe('ph-1', 'water_ph')],
  ],
};
