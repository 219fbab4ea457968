import { type Farm, isWatered, type WateredZone, type Zone, zonesOf } from '../../farm/layout.ts';
import type { Library } from '../crop-water/library.ts';
import { siteProblems } from '../crop-water/site.ts';
import { zoneModel } from '../crop-water/zone-model.ts';
import { zoneWaterProblems } from '../crop-water/zone-water.ts';
import { isTimeZone, localDay } from '../programs/calendar.ts';
import {
  type ProgramContext,
  programProblems,
  programShapeProblems,
  turnsProblems,
} from '../programs/index.ts';
import { daysOver } from './crop-season.ts';
import { conditionsSite, isMetered, turnOf } from './programmed.ts';

interface ProblemsContext {
  readonly library: Library;
  /** UTC; null: nothing is held against dates that are over, for a file that has been used for long. */
  readonly nowMs: number | null;
  readonly hasForecast: boolean;
}

/**
 * What is wrong with how a farm is to be watered, field by field and with the remedy: its location and time zone, each zone's
 * crop, soil and program, and whose turn it is. The farm's shape has been checked (farm/layout.ts).
 */
export function wateringProblems(farm: Farm, context: ProblemsContext): string[] {
  const { library } = context;
  const { location, timeZone, waterTurns = [], programs = [] } = farm;
  const zones = farm.plots.flatMap((plot, p) =>
    plot.zones.map((zone, z) => ({ zone, at: `plots[${p}].zones[${z}]` })),
  );
  const ids = zones.map(({ zone }) => zone.id);
  const place = [
    ...(location === undefined ? [] : siteProblems(location, 'location')),
    ...(timeZone === undefined || isTimeZone(timeZone)
      ? []
      : [`timeZone '${timeZone}' is not known: write it as Asia/Ho_Chi_Minh`]),
    ...zones.flatMap(({ zone, at }) =>
      zone.water === undefined ? [] : zoneWaterProblems(zone.water, `${at}.water`, library),
    ),
    ...programs.flatMap((program, p) => programShapeProblems(program, `programs[${p}]`)),
    ...waterTurns.flatMap((turns, t) => turnsProblems(turns, `waterTurns[${t}]`, ids)),
  ];
  // What a program needs is looked at only where its zone and place are sound.
  if (place.length > 0) return place;
  const shared = [...sharedTwice(farm), ...roundProblems(farm)];
  if (shared.length > 0) return shared;
  return zones.flatMap(({ zone, at }) => [
    ...cropProblems(farm, zone, at, context),
    ...programsOf(farm, zone, at, context),
  ]);
}

function cropProblems(
  farm: Farm,
  { water }: Zone,
  at: string,
  { library, nowMs }: ProblemsContext,
): string[] {
  if (water === undefined || nowMs === null) return [];
  const days = daysOver(zoneModel(water, library), localDay(conditionsSite(farm).timeZone, nowMs));
  if (days === 0) return [];
  const { crop, plantedOn } = water;
  return [
    `${at}.water.plantedOn ${plantedOn} is too long ago, the season of ${crop} has been over for ${days} days: write when it was planted anew, or what grows there now`,
  ];
}

function programsOf(farm: Farm, zone: Zone, at: string, context: ProblemsContext): string[] {
  const { program } = zone;
  if (program === undefined) return [];
  if (!isWatered(zone))
    return [`${at}.program waters nothing: place a valve in this zone, or remove the program`];
  const shared = farm.programs ?? [];
  if (typeof program !== 'string')
    return programProblems(program, `${at}.program`, contextOf(farm, zone, context));
  const index = shared.findIndex(({ id }) => id === program);
  if (index < 0) {
    const known = shared.map(({ id }) => id).join(', ') || 'none';
    return [`${at}.program '${program}' is none of the farm's programs (${known}): add it, or write it here`];
  }
  return programProblems(shared[index], `programs[${index}]`, contextOf(farm, zone, context)).map(
    (problem) => `${problem} (for ${at})`,
  );
}

/** What is wrong with the zones of water turns beside their shape: in two timetables or rounds, or nobody knows what they get. */
function roundProblems(farm: Farm): string[] {
  const metered = new Map(
    zonesOf(farm)
      .filter(isWatered)
      .map((zone) => [zone.id, isMetered(zone)]),
  );
  const first = new Map<string, string>();
  return (farm.waterTurns ?? []).flatMap(({ members, inTurnBy }, t) =>
    members.flatMap(({ zones }, m) =>
      zones.flatMap((zone, z): string[] => {
        const at = `waterTurns[${t}].members[${m}].zones[${z}]`;
        const kind = inTurnBy === undefined ? 'timetable' : 'inTurnBy';
        const other = first.get(`${kind} ${zone}`);
        if (other !== undefined)
          return [`${at} '${zone}' is at ${other} too, and its water goes by one ${kind} only: keep one`];
        first.set(`${kind} ${zone}`, at);
        if (inTurnBy !== 'litres' || metered.get(zone) !== false) return [];
        return [
          `${at} '${zone}' has no flow meter, so its litres would always be the least: name its valve's flowMeter, or say "inTurnBy": "seconds"`,
        ];
      }),
    ),
  );
}

function contextOf(farm: Farm, zone: WateredZone, context: ProblemsContext): ProgramContext {
  const { nowMs, hasForecast, library } = context;
  // What they measure they say only when they speak; where none measures rain or wind, a note beside each decision says so.
  const isWeatherMeasured = farm.farmDevices.length > 0;
  return {
    ...{ nowMs, site: conditionsSite(farm), hasForecast, turn: turnOf(farm, zone.id) },
    ...{ hasRainGauge: isWeatherMeasured, hasWindGauge: isWeatherMeasured },
    zone: {
      ...{ id: zone.id, nominalFlowLitresPerMinute: zone.nominalFlowLitresPerMinute },
      ...{ isMetered: isMetered(zone), maxRunSeconds: zone.maxRunSeconds },
      areaSquareMetres: zone.water?.areaSquareMetres ?? null,
      plants: zone.water?.plants ?? null,
      hasSoilProbe: zone.soilProbe !== undefined,
      hasCropModel: zone.water !== undefined && farm.location !== undefined,
      isFlooded: (zone.water && library.crops.get(zone.water.crop)?.isFlooded) ?? false,
    },
  };
}

function sharedTwice({ programs = [], waterTurns = [] }: Farm): string[] {
  const twice = (name: string, ids: readonly string[]) =>
    ids.flatMap((id, i) =>
      ids.indexOf(id) < i ? [`${name}[${i}].id '${id}' is there twice, rename one`] : [],
    );
  return [
    ...twice(
      'programs',
      programs.map(({ id }) => id),
    ),
    ...twice(
      'waterTurns',
      waterTurns.map(({ id }) => id),
    ),
  ];
}
