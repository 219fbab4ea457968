import type { Reason } from '@nongtin/broker/wire';
import { rootZone } from './root-zone.ts';
import type { SoilState } from './state.ts';
import type { ZoneModel } from './zone-model.ts';

/** From here on no leaching keeps the crop: more than half of the water would only wash. */
const MOST_LEACHING = 0.5;

export interface NeedOptions {
  /** Electrical conductivity of the water, dS/m (= mS/cm); null: unknown or sweet. */
  readonly waterEcDsPerM: number | null;
  /** How full to make the root zone: 1 is field capacity, less leaves room for rain. */
  readonly fillTo: number;
  /** What flows into the zone, to say how long it takes; null: unknown. */
  readonly flowLitresPerMinute: number | null;
}

export interface Need {
  /** Missing in the root zone, mm over the whole area. */
  readonly netMm: number;
  /** The same over the wetted part of the surface (61 | 6.4). */
  readonly netOverWettedMm: number;
  /** To be let in, for losses and leaching. */
  readonly grossMm: number;
  readonly litres: number;
  readonly litresPerPlant: number | null;
  readonly minutes: number | null;
  /** Share of the water that has to pass the roots to carry salt away (FAO-29, with 93 | 8.26). */
  readonly leachingRequirement: number;
  /** Why no amount of this water will do; `grossMm` is then that of the most leaching. */
  readonly reason: Reason | null;
}

/** How much water a zone needs now, all of it over the same area: that of the whole zone. */
export function irrigationNeed(state: SoilState, zone: ZoneModel, options: NeedOptions): Need {
  const { tawMm } = rootZone(zone.profile, zone.soil, state.rootDepthMetres, zone);
  const netMm = Math.max(0, state.depletionMm - (1 - options.fillTo) * tawMm);
  const leaching = leachingRequirement(zone, options.waterEcDsPerM);
  const share = Math.min(leaching, MOST_LEACHING);
  const grossMm = netMm / (zone.efficiency * (1 - share));
  const litres = grossMm * zone.areaSquareMetres;
  const { flowLitresPerMinute: flow } = options;
  return {
    ...{ netMm, netOverWettedMm: netMm / zone.wettedFraction, grossMm, litres },
    litresPerPlant: zone.plants === null ? null : litres / zone.plants,
    minutes: flow === null || flow <= 0 ? null : litres / flow,
    leachingRequirement: share,
    reason: tooSalty(zone, options.waterEcDsPerM),
  };
}

/** What measured litres put into the root zone, mm over the whole area: `irrigationMm` of a day's balance. */
export function infiltratedMm(litres: number, zone: ZoneModel): number {
  return (litres * zone.efficiency) / zone.areaSquareMetres;
}

/** Why no amount of such water keeps the crop; null: it does. */
export function tooSalty(zone: ZoneModel, waterEcDsPerM: number | null): Reason | null {
  if (waterEcDsPerM === null || leachingRequirement(zone, waterEcDsPerM) <= MOST_LEACHING) return null;
  const thresholdDsPerM = zone.profile.salinity?.thresholdDsPerM ?? 0;
  return { key: 'water_too_salty', figures: { waterEcDsPerM, thresholdDsPerM } };
}

/** LR = ECiw / (5 ECe − ECiw), with the ECe at which the crop's yield begins to fall; above 1: it cannot be leached. */
function leachingRequirement(zone: ZoneModel, waterEc: number | null): number {
  const { salinity } = zone.profile;
  if (waterEc === null || waterEc <= 0 || salinity === undefined) return 0;
  const left = 5 * salinity.thresholdDsPerM - waterEc;
  return left <= 0 ? 2 : waterEc / left;
}
