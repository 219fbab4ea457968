import { createHash } from 'node:crypto';
import { NEIGHBOUR_DAYS, type NeighbourCatches, neighbourLimits } from '@nongtin/broker/wire';
import { bearingDegrees, distanceKm, type Place } from './distance.ts';

type Farm = NeighbourCatches['farms'][number];

/** Another farm of the cooperative, and where it last said that it lies. */
export interface OtherFarm {
  readonly gatewayId: string;
  /** What the cooperative calls it; '' where it has no name. */
  readonly label: string;
  readonly place: Place | null;
}

export interface NearFarm extends OtherFarm {
  /** Whole kilometres; null: not known. */
  readonly distanceKm: number | null;
  readonly bearingDegrees: number | null;
}

/** What one farm's traps caught of one pest, up to a day. */
export interface Pressure {
  readonly gatewayId: string;
  readonly pest: string;
  readonly date: string;
  readonly perTrapPerDay: number;
}

const EIGHTH = 45;
const LONGEST_NAME = 80;

/** Those within reach, the nearest first; of one whose place is not known nobody can say that it is too far, so it comes last. */
export function nearFarms(own: Place | null, farms: readonly OtherFarm[], withinKm: number): NearFarm[] {
  return farms
    .map((farm) => ({ ...farm, ...wayTo(own, farm.place) }))
    .filter((farm) => farm.distanceKm === null || farm.distanceKm <= withinKm)
    .sort((a, b) => rank(a) - rank(b) || (a.gatewayId < b.gatewayId ? -1 : 1));
}

/**
 * What a gateway is told, within the bounds of an answer: fewer days first, then fewer of the far farms. `near` are farms of which
 * there are pressures; those of the first of them are here, of as many as an answer holds.
 */
export function neighbourCatches(
  near: readonly NearFarm[],
  pressures: readonly Pressure[],
  { atMs, withinKm }: Pick<NeighbourCatches, 'atMs' | 'withinKm'>,
): NeighbourCatches {
  let chosen = near.slice(0, neighbourLimits.farms);
  let days = NEIGHBOUR_DAYS;
  const told = () => chosen.map((farm) => farmOf(farm, chosen, pressures, days));
  let farms = told();
  while (countOf(farms) > neighbourLimits.catches && chosen.length > 1) {
    if (days > 1) days -= 1;
    else chosen = chosen.slice(0, -1);
    farms = told();
  }
  return { atMs, withinKm, farms, leftOut: near.length - farms.length };
}

function wayTo(own: Place | null, place: Place | null): Pick<NearFarm, 'distanceKm' | 'bearingDegrees'> {
  if (own === null || place === null) return { distanceKm: null, bearingDegrees: null };
  const km = Math.round(distanceKm(own, place));
  // Both places are rounded to a kilometre: beside each other there is no direction, elsewhere an eighth is what it is worth.
  const bearing = (Math.round(bearingDegrees(own, place) / EIGHTH) * EIGHTH) % 360;
  return { distanceKm: km, bearingDegrees: km === 0 ? null : bearing };
}

function rank({ distanceKm: km }: NearFarm): number {
  return km ?? Number.MAX_SAFE_INTEGER;
}

function farmOf(
  farm: NearFarm,
  all: readonly NearFarm[],
  pressures: readonly Pressure[],
  days: number,
): Farm {
  const { distanceKm: km, bearingDegrees: bearing } = farm;
  const own = pressures.filter(({ gatewayId }) => gatewayId === farm.gatewayId);
  const pests = [...new Set(own.map(({ pest }) => pest))].sort().map((pest) => ({
    pest,
    days: own
      .filter((one) => one.pest === pest)
      .sort((a, b) => (a.date < b.date ? 1 : -1))
      .slice(0, days)
      .map(({ date, perTrapPerDay }) => ({ date, perTrapPerDay: Math.round(perTrapPerDay * 1000) / 1000 })),
  }));
  return { farm: nameOf(farm, all), distanceKm: km, bearingDegrees: bearing, pests };
}

/** Its name with the cooperative; a word that is its own where it has none, or shares it. Never its login. */
function nameOf({ gatewayId, label }: NearFarm, all: readonly NearFarm[]): string {
  const word = createHash('sha256').update(gatewayId).digest('hex').slice(0, 6);
  const name = label.trim().slice(0, LONGEST_NAME - word.length - 1);
  if (name === '') return word;
  return all.filter((one) => one.label.trim() === label.trim()).length > 1 ? `${name} ${word}` : name;
}

function countOf(farms: readonly Farm[]): number {
  return farms.reduce((sum, { pests }) => sum + pests.reduce((n, { days }) => n + days.length, 0), 0);
}
