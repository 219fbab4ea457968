import { type Farm, isWatered, type WateredZone, type Zone, zonesOf } from '../../farm/layout.ts';
import { hardwareOf } from '../../farm/places.ts';
import type { Library } from '../crop-water/library.ts';
import { type ZoneModel, zoneModel } from '../crop-water/zone-model.ts';
import { type Conditions, turnTimes } from '../programs/index.ts';
import type { Program } from '../programs/program.ts';
import { controlledZone } from '../zones.ts';
import type { ProgrammedZone } from './planner.ts';
import type { FarmSite } from './water-ledger.ts';

/** Where nobody has said otherwise. */
const TIME_ZONE = 'Asia/Ho_Chi_Minh';

function timeZoneOf(farm: Pick<Farm, 'timeZone'>): string {
  return farm.timeZone ?? TIME_ZONE;
}

/** Null: nobody has said where the farm is. */
export function siteOf(farm: Pick<Farm, 'location' | 'timeZone'>): FarmSite | null {
  return farm.location === undefined ? null : { ...farm.location, timeZone: timeZoneOf(farm) };
}

/** The program of a zone, whether it stands there itself or is one of those that zones share. */
function programOf(farm: Pick<Farm, 'programs'>, { program }: Pick<WateredZone, 'program'>) {
  if (typeof program !== 'string') return program;
  return farm.programs?.find(({ id }) => id === program);
}

/** What programs know of the place. */
export function conditionsSite(farm: Pick<Farm, 'location' | 'timeZone'>): Conditions['site'] {
  const { location } = farm;
  return {
    timeZone: timeZoneOf(farm),
    location: location ? { latitude: location.latitudeDegrees, longitude: location.longitudeDegrees } : null,
  };
}

/** When a zone's member may draw water; null: at any time. */
export function turnOf({ waterTurns = [] }: Pick<Farm, 'waterTurns'>, zone: string): Conditions['turn'] {
  for (const turns of waterTurns) {
    const times = turnTimes(turns, zone);
    if (times) return times;
  }
  return null;
}

export function isMetered(zone: WateredZone): boolean {
  return !controlledZone(zone, { speed: 1, readOnly: null }).isUnmetered;
}

/** A layout is a value that is never changed, and these are asked for again and again: what is made of it is made once. */
function perFarm<T>(make: (farm: Farm) => T): (farm: Farm) => T {
  const made = new WeakMap<Farm, { readonly value: T }>();
  return (farm) => {
    const known = made.get(farm) ?? { value: make(farm) };
    made.set(farm, known);
    return known.value;
  };
}

/** By zone, those that a program waters. */
export const programmedZones = perFarm((farm): ReadonlyMap<string, ProgrammedZone> => {
  const found = zonesOf(farm).flatMap((zone): [string, ProgrammedZone][] => {
    const program: Program | undefined = programOf(farm, zone);
    if (!isWatered(zone) || program === undefined) return [];
    return [[zone.id, { zone, program, isMetered: isMetered(zone), turn: turnOf(farm, zone.id) }]];
  });
  return new Map(found);
});

/** By zone, those whose crop and soil are known. */
export function modelledZones(library: Library): (farm: Farm) => ReadonlyMap<string, ZoneModel> {
  return perFarm(
    (farm) =>
      new Map(
        zonesOf(farm).flatMap(({ id, water }) =>
          water === undefined ? [] : [[id, zoneModel(water, library)] as const],
        ),
      ),
  );
}

/** By soil probe, the zones that it stands for. */
export const zonesOfProbes = perFarm(
  (farm): ReadonlyMap<string | undefined, readonly Zone[]> =>
    Map.groupBy(zonesOf(farm), ({ soilProbe }) => soilProbe),
);

/** By zone, which piece of hardware its soil probe is. */
export function hardwareOfProbes(farm: Farm): ReadonlyMap<string, string> {
  return new Map(
    zonesOf(farm).flatMap(({ id, soilProbe }) =>
      soilProbe === undefined ? [] : [[id, `${soilProbe} ${hardwareOf(farm, soilProbe)}`]],
    ),
  );
}
