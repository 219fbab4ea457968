import type { Reason } from '@nongtin/broker/wire';
import type { Library } from './library.ts';
import type { CropProfile, SoilProfile } from './profile.ts';
import { soilEcFromWater } from './root-zone.ts';
import { type ZoneWater, zoneWaterProblems } from './zone-water.ts';

/** A zone as the balance works with it: everything decided, what was assumed is told. */
export interface ZoneModel {
  readonly profile: CropProfile;
  readonly soil: SoilProfile;
  readonly areaSquareMetres: number;
  readonly method: ZoneWater['method'];
  readonly wettedFraction: number;
  readonly rootedFraction: number;
  readonly efficiency: number;
  readonly plantedOn: string | null;
  readonly rootDepth: { readonly initialMetres: number; readonly fullMetres: number };
  readonly plants: number | null;
  /** p as the technician states it, then the same on every day; null: the profile's, adjusted to ETc. */
  readonly fixedDepletionFraction: number | null;
  readonly waterEcDsPerM: number | null;
  readonly soilEcDsPerM: number | null;
  readonly isDual: boolean;
  readonly curveNumber: number | null;
  readonly mulch: NonNullable<ZoneWater['mulch']> | null;
  /** What nobody has stated: `zone_water_assumed` with field and value. */
  readonly assumed: readonly Reason[];
}

/** Usual shares of the surface that are wetted (table 20 | 7.6), and of the water that stays (FAO training manual 4). */
const METHODS = {
  drip: { wettedFraction: 0.35, efficiency: 0.9 },
  micro_spray: { wettedFraction: 0.65, efficiency: 0.85 },
  sprinkler: { wettedFraction: 1, efficiency: 0.75 },
  basin: { wettedFraction: 1, efficiency: 0.6 },
  furrow: { wettedFraction: 0.5, efficiency: 0.6 },
} as const;

/** Under these the soil between the emitters stays dry, and holds nothing for the roots in the dry season. */
const LOCAL_METHODS: readonly ZoneWater['method'][] = ['drip', 'micro_spray'];
/** Where the soil's own salt is not measured: what the water leads to when 15 % of it percolates (ECe = 1.5 ECiw). */
const USUAL_LEACHING = 0.15;

/** Throws a RangeError on a block that zoneWaterProblems() finds wanting. */
export function zoneModel(zone: ZoneWater, library: Library): ZoneModel {
  const [problem] = zoneWaterProblems(zone, 'the zone', library);
  const profile = library.crops.get(zone.crop);
  const soil = library.soils.get(zone.soil);
  if (problem !== undefined || profile === undefined || soil === undefined) throw new RangeError(problem);
  const assumed: Reason[] = [];
  const stated = (field: string, value: number | undefined, usual: number) => {
    if (value === undefined) assumed.push({ key: 'zone_water_assumed', figures: { field, value: usual } });
    return value ?? usual;
  };
  const { method } = zone;
  const wettedFraction = stated('wettedFraction', zone.wettedFraction, METHODS[method].wettedFraction);
  const usualRooted = LOCAL_METHODS.includes(method) ? wettedFraction : 1;
  const waterEcDsPerM = zone.waterEcDsPerM ?? null;
  return {
    ...{ profile, areaSquareMetres: zone.areaSquareMetres, method, wettedFraction, waterEcDsPerM },
    soil: {
      ...soil,
      fieldCapacity: zone.fieldCapacity ?? soil.fieldCapacity,
      wiltingPoint: zone.wiltingPoint ?? soil.wiltingPoint,
    },
    rootedFraction:
      usualRooted === 1
        ? (zone.rootedFraction ?? 1)
        : stated('rootedFraction', zone.rootedFraction, usualRooted),
    efficiency: stated('efficiency', zone.efficiency, METHODS[method].efficiency),
    plantedOn: zone.plantedOn ?? null,
    rootDepth: rootDepthOf(profile, zone.rootDepthMetres, stated),
    plants: zone.plants ?? null,
    fixedDepletionFraction: zone.depletionFraction ?? null,
    soilEcDsPerM:
      zone.soilEcDsPerM ?? (waterEcDsPerM === null ? null : soilEcFromWater(waterEcDsPerM, USUAL_LEACHING)),
    isDual: zone.isDual ?? false,
    curveNumber: zone.curveNumber ?? null,
    mulch: zone.mulch ?? null,
    assumed,
  };
}

function rootDepthOf(
  { rootDepthMetres, rootDepthDefaultMetres }: CropProfile,
  own: number | undefined,
  stated: (field: string, value: number | undefined, usual: number) => number,
) {
  const fullMetres =
    rootDepthMetres === undefined
      ? stated('rootDepthMetres', own, rootDepthDefaultMetres ?? 0.3)
      : (own ?? rootDepthMetres.full);
  return { initialMetres: Math.min(fullMetres, rootDepthMetres?.initial ?? fullMetres), fullMetres };
}
