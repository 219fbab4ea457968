import type { Farm } from '../../edge/farm/layout.ts';
import type { DepletionProgram } from '../../edge/irrigation/programs/program.ts';
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
  /** Planted on it; a perennial's year begins in January. */
  readonly start: string;
  readonly isAnnual: boolean;
  /** As the book has it, by days from the start. */
  readonly kcByDay: readonly { day: number; kc: number }[];
  readonly roots: { readonly firstMetres: number; readonly fullMetres: number; readonly fullAtDay: number };
  readonly depletionShare: number;
  readonly method: 'drip' | 'micro_spray';
  readonly wettedFraction: number;
  /** As docs/programs.md advises for such a crop. */
  readonly program: DepletionProgram;
}

/** Nobody's table is his field: the truth drinks a little more than the book says, later, and its soil holds a little less. */
const TRUE_KC = 1.04;
const TRUE_DELAY_DAYS = 5;
const TRUE_CAPACITY = -0.005;
/** Of the water that leaves the emitters, 0.9 reaches the roots; the quarter that gets least gets 0.92 of the mean. */
const TRUE_EFFICIENCY = 0.9;
const UNIFORMITY = 0.92;
/** What a technician writes, and the clock is set by: 0.9 for the method, 0.9 for lines that nobody has measured (0.81). */
const EFFICIENCY = 0.8;
const AREA_M2 = 1_000;
/** 6 mm an hour: also where only four tenths of the ground are wetted, the soil takes it in. */
const FLOW = 100;
const LONGEST_RUN_SECONDS = 36_000;
const SOIL = { fieldCapacity: 0.26, wiltingPoint: 0.08 };
const SATURATION = 0.42;
const INFILTRATION_MM_PER_HOUR = 25;

const crops: Readonly<Record<string, CropField>> = {
  'dragon-fruit': {
    ...{ profile: 'dragon-fruit-high', days: 365, start: '2026-01-01', isAnnual: false },
    kcByDay: [
      { day: 0, kc: 0.65 },
      { day: 59, kc: 0.65 },
      { day: 90, kc: 0.9 },
      { day: 273, kc: 0.9 },
      { day: 334, kc: 0.75 },
    ],
    roots: { firstMetres: 0.4, fullMetres: 0.4, fullAtDay: 1 },
    ...{ depletionShare: 0.6, method: 'drip', wettedFraction: 0.4 },
    program: { id: 'by-need', allowedDepletionFraction: 0.4 },
  },
  'leafy-vegetables': {
    ...{ profile: 'lettuce', days: 75, start: '2026-03-15', isAnnual: true },
    kcByDay: [
      { day: 0, kc: 0.7 },
      { day: 20, kc: 0.7 },
      { day: 50, kc: 1.05 },
    ],
    roots: { firstMetres: 0.15, fullMetres: 0.4, fullAtDay: 50 },
    ...{ depletionShare: 0.3, method: 'micro_spray', wettedFraction: 1 },
    program: { id: 'by-need' },
  },
  tomato: {
    ...{ profile: 'tomato', days: 135, start: '2026-03-01', isAnnual: true },
    kcByDay: [
      { day: 0, kc: 0.6 },
      { day: 30, kc: 0.6 },
      { day: 70, kc: 1.1 },
      { day: 110, kc: 1.1 },
      { day: 135, kc: 1 },
    ],
    roots: { firstMetres: 0.15, fullMetres: 0.9, fullAtDay: 70 },
    ...{ depletionShare: 0.4, method: 'drip', wettedFraction: 0.5 },
    program: { id: 'by-need', triggerRawFraction: 0.9 },
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
  const { start, roots } = crop;
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
              ...{
                openBelowFraction: 0.15,
                targetFraction: 0.25,
                runSeconds: 3_600,
                maxRunSeconds: LONGEST_RUN_SECONDS,
              },
              nominalFlowLitresPerMinute: FLOW,
              water: {
                ...{ crop: crop.profile, soil: 'sandy-loam', ...SOIL, areaSquareMetres: AREA_M2 },
                ...{ method: crop.method, wettedFraction: crop.wettedFraction, efficiency: EFFICIENCY },
                depletionFraction: crop.depletionShare,
                ...{ rootedFraction: crop.wettedFraction, rootDepthMetres: roots.fullMetres },
                ...(crop.isAnnual ? { plantedOn: start } : {}),
              },
              // The season begins at midnight; by three its probe has said how wet the soil is.
              program: { ...crop.program, pausedUntil: `${start}T03:00` },
            },
          ],
        },
      ],
    },
  };
}

function truthOf(crop: CropField, climate: string): FarmSpec {
  const fieldCapacity = SOIL.fieldCapacity + TRUE_CAPACITY;
  const layerOf = (thicknessMetres: number) => ({
    ...{ thicknessMetres, fieldCapacity, wiltingPoint: SOIL.wiltingPoint, saturation: SATURATION },
    // Of a soil that takes in so much, a layer's surplus leaves it in (θsat − θFC) · depth / Ksat, as SWAT has it.
    drainageHours: (1000 * thicknessMetres * (SATURATION - fieldCapacity)) / INFILTRATION_MM_PER_HOUR,
  });
  return {
    ...{ format: 'nongtin-sim-farm-1', name: 'season', climate },
    title: { vi: 'Một mùa vụ', en: 'A season' },
    sources: [{ id: 'mains', pressureKpa: 150, ecMilliSiemensPerCm: 0.3, ph: 6.8 }],
    zones: [
      {
        ...{ id: 'z1', source: 'mains', areaM2: AREA_M2, wettedFraction: crop.wettedFraction },
        ...{ applicationEfficiency: TRUE_EFFICIENCY, firstMoisture: crop.isAnnual ? 0.25 : 0.22 },
        soil: {
          layers: [0.15, 0.15, 0.3, 0.4].map(layerOf),
          infiltrationMmPerHour: INFILTRATION_MM_PER_HOUR,
          surfaceStorageMm: 3,
        },
        crop: {
          kcByDay: crop.kcByDay.map(({ day, kc }) => ({ day: day + TRUE_DELAY_DAYS, kc: kc * TRUE_KC })),
          rootDepthByDay: rootsOf(crop.roots),
          depletionShare: crop.depletionShare,
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

/** After Borg and Grimes (1986): slow, fast, slow; not the straight line of FAO-56 by which our model goes. */
function rootsOf({ firstMetres, fullMetres, fullAtDay }: CropField['roots']) {
  const days = Array.from({ length: 11 }, (_, tenth) => (tenth * fullAtDay) / 10);
  return days.map((day) => {
    const share = 0.5 + 0.5 * Math.sin((3.03 * day) / fullAtDay - 1.47);
    return { day, metres: Math.max(firstMetres, fullMetres * Math.min(1, share)) };
  });
}
