import type { SoilProfile } from './soil.ts';
import type { TankBuild } from './tank.ts';

/** A zone: the pillars one valve waters. */
export interface ZoneBuild {
  readonly pillars: number;
  /** Flow of the fully open valve. */
  readonly fullLitresPerMinute: number;
  /** θ when the simulation starts, m³/m³. */
  readonly firstMoisture: number;
}

/**
 * Zones of two plots. Their first moistures are staggered above and below 0.20 m³/m³, where a sandy loam wants water:
 * one zone is thirsty at once, the others follow one by one.
 */
export const zones = {
  a1: { pillars: 30, fullLitresPerMinute: 38, firstMoisture: 0.195 },
  a2: { pillars: 30, fullLitresPerMinute: 37, firstMoisture: 0.21 },
  a3: { pillars: 28, fullLitresPerMinute: 36, firstMoisture: 0.23 },
  b1: { pillars: 32, fullLitresPerMinute: 40, firstMoisture: 0.203 },
  b2: { pillars: 30, fullLitresPerMinute: 38, firstMoisture: 0.219 },
  b3: { pillars: 29, fullLitresPerMinute: 37, firstMoisture: 0.241 },
} as const satisfies Record<string, ZoneBuild>;

export type ZoneName = keyof typeof zones;
export const zoneNames = Object.keys(zones) as ZoneName[];

/** Sandy loam, in the middle of FAO-56 table 7.5; p of dragon fruit (2025 edition, table 8.3). Roots: our assumption. */
export const soilProfile: SoilProfile = {
  fieldCapacity: 0.26,
  wiltingPoint: 0.09,
  saturation: 0.42,
  rootDepthMetres: 0.3,
  depletionShare: 0.6,
  drainageHours: 8,
};

/** Kc mid of dragon fruit above 1800 plants a hectare (FAO-56, 2025 edition). */
const cropCoefficient = 0.9;

/** Drippers wet only the foot of a pillar, while the crop above it transpires over the area it shades. */
const WETTED_M2_PER_PILLAR = 0.95;
const CANOPY_M2_PER_PILLAR = 3;
/** Share of the water that stays in the root zone. */
const APPLICATION_EFFICIENCY = 0.9;

/** Depth that a volume from the valve adds to the zone's root zone, mm (1 L/m² is 1 mm). */
export function irrigationMm(zone: ZoneBuild, litres: number): number {
  return (litres * APPLICATION_EFFICIENCY) / (zone.pillars * WETTED_M2_PER_PILLAR);
}

/** What the crop wants from the wetted soil for a given ET0, mm over the wetted area. */
export function cropDemandMm(referenceEvapotranspirationMm: number): number {
  return (cropCoefficient * referenceEvapotranspirationMm * CANOPY_M2_PER_PILLAR) / WETTED_M2_PER_PILLAR;
}

export const tankBuild: TankBuild = {
  capacityLitres: 6000,
  pumpLitresPerHour: 3000,
  fillBelowShare: 0.45,
  fillUpToShare: 0.95,
};

/** Conductivity of the water in the pipes, mS/cm, and its pH. */
export const irrigationWater = { ec: 0.6, ph: 6.4 };

export const traps = { 'trap-1': { fliesPerDay: 14 }, 'trap-2': { fliesPerDay: 6 } } as const;
export type TrapName = keyof typeof traps;
export const trapNames = Object.keys(traps) as TrapName[];
