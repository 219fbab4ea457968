import type { Reason } from '@nongtin/broker/wire';
import { reasonOf } from '../irrigation/reason.ts';
import type { Risk } from './risk.ts';

/** What the traps of another farm of the cooperative have caught of one pest, as the cloud tells it (edge/neighbours). */
export interface NeighbourCatch {
  /** Key in the library of pests. */
  readonly pest: string;
  /** Its name with the cooperative. */
  readonly farm: string;
  /** Whole kilometres; null: not known. */
  readonly distanceKm: number | null;
  /** From here to there, degrees from north; null: not known, or beside us. */
  readonly bearing: number | null;
  /** Insects a trap and day, a mean of the week that ends with `date`. */
  readonly perTrapPerDay: number;
  /** YYYY-MM-DD. */
  readonly date: string;
}

/** A reason to look at the own traps sooner; never one to spray, for no neighbour's trap says what is in this plot. */
export interface NeighbourRisk {
  /** Look again within so many days. */
  readonly lookWithinDays: number;
  readonly reason: Reason;
}

const DAY_MS = 86_400_000;
/** Older catches say nothing of now. */
const OLDEST_DAYS = 14;
/** At this distance a catch counts half. */
const HALF_KM = 5;
/** Of whom nobody knows how far away it is: as far as neighbours are asked for. */
const UNKNOWN_KM = 10;
/** Weighed catches from this part of the action threshold on are looked after. */
const LEAST_FRACTION = 0.5;
const SOON_DAYS = 2;
/** From the threshold itself on. */
const SOONEST_DAYS = 1;
const RISING_FACTOR = 2;

/** What is known of one pest here. */
interface Here {
  readonly pest: string;
  /** Insects a trap and day at which something is done; null: nobody has published it. */
  readonly actionPerTrapAndDay: number | null;
  /** What the own traps catch a trap and day; null: nobody has looked. */
  readonly caught: number | null;
}

/**
 * How near the neighbours' catches of one pest come to its action threshold. A catch counts as 1 / (1 + (d / 5 km)²), which is the shape
 * of a Cauchy kernel: fruit flies that were marked and caught again thin out so, most within a kilometre and some at tens of them (Meats
 * and Edgerton 2008, Aust. J. Exp. Agric. 48:1237; B. dorsalis to 11.4 km: Froerer et al. 2010, Am. Entomol. 56:88). The 5 km are ours,
 * wider than the flies' own, for farms nearby have the same weather and season; and over 14 days a catch fades evenly to nothing. The
 * highest of a farm counts, and the highest of all farms decides. Wind and what grows between are not considered. Where no threshold
 * is known, twice the own catch stands for half of one.
 *
 * `today` counts local days since 1970-01-01. Null: nothing that would change anything.
 */
export function neighbourRisk(
  here: Here,
  catches: readonly NeighbourCatch[],
  today: number,
): NeighbourRisk | null {
  const { pest, actionPerTrapAndDay: action, caught: own } = here;
  const least = action === null ? RISING_FACTOR * (own ?? 0) : LEAST_FRACTION * action;
  const strong = catches
    .map((one) => ({ ...one, weight: one.pest === pest ? weighed(one, today) : 0 }))
    .filter(({ weight }) => weight > 0 && weight >= least);
  const most = Math.max(...strong.map(({ weight }) => weight));
  if (strong.length === 0 || (action !== null && !(action > 0))) return null;
  const isAtThreshold = action !== null && most >= action;
  return {
    lookWithinDays: isAtThreshold ? SOONEST_DAYS : SOON_DAYS,
    reason: reasonFor(here, strong),
  };
}

/** What the own traps say, looked at again as soon as the neighbours ask for it. Its advice stays what it is. */
export function withNeighbours(risk: Risk, neighbours: NeighbourRisk | null, today: number): Risk {
  if (neighbours === null) return risk;
  return {
    ...risk,
    lookAgainDay: Math.min(risk.lookAgainDay, today + neighbours.lookWithinDays),
    notes: [...risk.notes, neighbours.reason],
  };
}

function reasonFor(
  { actionPerTrapAndDay: action, caught: own }: Here,
  strong: readonly NeighbourCatch[],
): Reason {
  const farms = new Set(strong.map(({ farm }) => farm)).size;
  const caught = Math.max(...strong.map(({ perTrapPerDay }) => perTrapPerDay));
  if (action === null) return reasonOf('pest_neighbours_more', { farms, caught, here: own ?? 0 });
  const known = strong.flatMap(({ distanceKm }) => (distanceKm === null ? [] : [distanceKm]));
  if (known.length === 0) return reasonOf('pest_neighbours_unplaced', { farms, caught, action });
  // Places are rounded to a kilometre: nobody is nearer than that.
  return reasonOf('pest_neighbours', { farms, caught, action, nearestKm: Math.max(1, Math.min(...known)) });
}

function weighed({ distanceKm, perTrapPerDay, date }: NeighbourCatch, today: number): number {
  const age = today - Math.floor(Date.parse(date) / DAY_MS);
  // A day ahead is another farm's evening; further ahead is the word of a wrong clock.
  if (!(age >= -1)) return 0;
  const fresh = Math.max(0, 1 - Math.max(0, age) / OLDEST_DAYS);
  return (perTrapPerDay * fresh) / (1 + ((distanceKm ?? UNKNOWN_KM) / HALF_KM) ** 2);
}
