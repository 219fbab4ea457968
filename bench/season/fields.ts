import type { Farm } from '../../edge/farm/layout.ts';
import type { FarmSpec } from '../../firmware-sim/index.ts';

/** A season to be compared: a crop in a climate, what is true in the field, and what a technician has written of it. */
export interface Season {
  readonly name: string;
  readonly start: string;
  readonly days: number;
  readonly truth: FarmSpec;
  readonly farm: Farm;
  /** Share of the water that stays in the root zone: the same for all controllers. */
  readonly efficiency: number;
  readonly areaSquareMetres: number;
  readonly wettedFraction: number;
  readonly flowLitresPerMinute: number;
  readonly fieldCapacity: number;
}

interface CropField {
  readonly profile: string;
  readonly days: number;
  readonly starts: Readonly<Record<string, string>>;
  readonly plantedDaysBefore: number;
  readonly isAnnual: boolean;
  readonly kcByDay: readonly { day: number; kc: number }[];
  readonly rootDepthByDay: readonly { day: number; metres: number }[];
  readonly rootDepthMetres: number;
  readonly depletionShare: number;
  readonly method: 'drip' | 'micro_spray';
  readonly wettedFraction: number;
}

/** Nobody's table is his field: the truth drinks a little more than the book says, and its soil holds a little less. */
const TRUE_KC = 1.04;
const TRUE_CAPACITY = -0.005;
/** Of the water that leaves the emitters, 0.9 reaches the roots; the quarter that gets least gets 0.92 of the mean. */
const TRUE_EFFICIENCY = 0.9;
const UNIFORMITY = 0.92;
/** What a technician writes, and the clock program is set by: that quarter is to have enough. */
const EFFICIENCY = 0.83;
const AREA_M2 = 1_000;
const FLOW = 240;
const SOIL = { fieldCapacity: 0.26, wiltingPoint: 0.08 };

const crops: Readonly<Record<string, CropField>> = {
  'dragon-fruit': {
    ...{ profile: 'dragon-fruit-high', days: 180, plantedDaysBefore: 0, isAnnual: false },
    starts: { 'binh-thuan': '2026-02-15', 'red-river-delta': '2026-02-15' },
    kcByDay: [
      { day: 0, kc: 0.65 },
      { day: 59, kc: 0.65 },
      { day: 90, kc: 0.9 },
    ],
    rootDepthByDay: [{ day: 0, metres: 0.4 }],
    ...{ rootDepthMetres: 0.4, depletionShare: 0.6, method: 'drip', wettedFraction: 0.4 },
  },
  'leafy-vegetables': {
    ...{ profile: 'lettuce', days: 75, plantedDaysBefore: 0, isAnnual: true },
    starts: { 'binh-thuan': '2026-04-01', 'red-river-delta': '2026-03-15' },
    kcByDay: [
      { day: 0, kc: 0.7 },
      { day: 20, kc: 0.7 },
      { day: 50, kc: 1.05 },
    ],
    rootDepthByDay: [
      { day: 0, metres: 0.15 },
      { day: 50, metres: 0.4 },
    ],
    ...{ rootDepthMetres: 0.4, depletionShare: 0.3, method: 'micro_spray', wettedFraction: 1 },
  },
  tomato: {
    ...{ profile: 'tomato', days: 135, plantedDaysBefore: 0, isAnnual: true },
    starts: { 'binh-thuan': '2026-03-15', 'red-river-delta': '2026-02-15' },
    kcByDay: [
      { day: 0, kc: 0.6 },
      { day: 30, kc: 0.6 },
      { day: 70, kc: 1.1 },
      { day: 110, kc: 1.1 },
      { day: 135, kc: 1 },
    ],
    rootDepthByDay: [
      { day: 0, metres: 0.25 },
      { day: 70, metres: 0.9 },
    ],
    ...{ rootDepthMetres: 0.9, depletionShare: 0.4, method: 'drip', wettedFraction: 0.5 },
  },
};

const climates = {
  'binh-thuan': {
    start: '2026-01-01',
    latitudeDegrees: 10.9,
    longitudeDegrees: 108.1,
    elevationMetres: 40,
    isCoastal: true,
  },
  'red-river-delta': {
    start: '2026-02-01',
    latitudeDegrees: 21,
    longitudeDegrees: 105.85,
    elevationMetres: 8,
    isCoastal: false,
  },
} as const;

export function seasons(): Season[] {
  return Object.entries(crops).flatMap(([name, crop]) =>
    Object.keys(climates).map((climate) =>
      season(`${name}, ${climate}`, crop, climate as keyof typeof climates),
    ),
  );
}

function season(name: string, crop: CropField, climate: keyof typeof climates): Season {
  const place = climates[climate];
  const start = crop.starts[climate] ?? '2026-01-01';
  return {
    ...{ name, start: `${start}T00:00:00+07:00`, days: crop.days, efficiency: EFFICIENCY },
    ...{ areaSquareMetres: AREA_M2, wettedFraction: crop.wettedFraction, flowLitresPerMinute: FLOW },
    fieldCapacity: SOIL.fieldCapacity,
    truth: truthOf(crop, climate),
    farm: {
      ...{ format: 'nongtin-farm-1', site: name, farmDevices: ['weather'], timeZone: 'Asia/Ho_Chi_Minh' },
      location: { ...place, windHeightMetres: 2 },
      plots: [
        {
          ...{ id: 'plot-1', name: 'Lô 1', crop: crop.profile, areaHectares: AREA_M2 / 10_000 },
          zones: [
            {
              ...{ id: 'z1', name: 'Khu 1', valve: 'valve-1', soilProbe: 'soil-1' },
              ...{ openBelowFraction: 0.15, targetFraction: 0.25, runSeconds: 3_600, maxRunSeconds: 14_400 },
              nominalFlowLitresPerMinute: FLOW,
              water: {
                ...{ crop: crop.profile, soil: 'sandy-loam', ...SOIL, areaSquareMetres: AREA_M2 },
                ...{ method: crop.method, wettedFraction: crop.wettedFraction, efficiency: EFFICIENCY },
                depletionFraction: crop.depletionShare,
                ...{ rootedFraction: crop.wettedFraction, rootDepthMetres: crop.rootDepthMetres },
                ...(crop.isAnnual ? { plantedOn: start } : {}),
              },
              program: { id: 'by-need', triggerRawFraction: 0.9 },
            },
          ],
        },
      ],
    },
  };
}

function truthOf(crop: CropField, climate: string): FarmSpec {
  const layer = {
    ...{ fieldCapacity: SOIL.fieldCapacity + TRUE_CAPACITY, wiltingPoint: SOIL.wiltingPoint },
    ...{ saturation: 0.42, drainageHours: 8 },
  };
  return {
    ...{ format: 'nongtin-sim-farm-1', name: 'season', climate },
    title: { vi: 'Một mùa vụ', en: 'A season' },
    sources: [{ id: 'mains', pressureKpa: 150, ecMilliSiemensPerCm: 0.3, ph: 6.8 }],
    zones: [
      {
        ...{ id: 'z1', source: 'mains', areaM2: AREA_M2, wettedFraction: crop.wettedFraction },
        ...{ applicationEfficiency: TRUE_EFFICIENCY, firstMoisture: crop.isAnnual ? 0.25 : 0.22 },
        soil: {
          layers: [0.15, 0.15, 0.3, 0.4].map((thicknessMetres) => ({ thicknessMetres, ...layer })),
          infiltrationMmPerHour: 25,
          surfaceStorageMm: 3,
        },
        crop: {
          kcByDay: crop.kcByDay.map(({ day, kc }) => ({ day, kc: kc * TRUE_KC })),
          rootDepthByDay: [...crop.rootDepthByDay],
          ...{ depletionShare: crop.depletionShare, plantedDaysBefore: crop.plantedDaysBefore },
        },
        emitters: { litresPerMinute: FLOW, atKpa: 150, exponent: 0.5, uniformity: UNIFORMITY },
      },
    ],
    devices: [
      { id: 'valve-1', kind: 'valve', zone: 'z1', meterLitresPerPulse: 1, reportSeconds: 60 },
      { id: 'soil-1', kind: 'soil_probe', zone: 'z1', everySeconds: 900, noise: 0.002 },
      { id: 'weather', kind: 'weather_station', everySeconds: 900 },
    ],
  };
}
