import type { Farm, Plot, Zone } from '../farm/layout.ts';
import { cropCoefficient, type Stage } from '../irrigation/crop-water/crop-curve.ts';
import type { Library } from '../irrigation/crop-water/library.ts';
import { dateText, localDay } from '../irrigation/programs/calendar.ts';
import { headOf, hectaresOf } from './contradictions.ts';
import type { Recipe } from './dosing/types.ts';
import { type Given, kilogramsOfRun, millilitresFor, timeZoneOf } from './planned.ts';
import { resolvedRecipe } from './recipe.ts';
import { type RecipeConfig, stages } from './recipe-schema.ts';
import type { Head } from './schema.ts';

/** What grows in a zone is in this stage of its season; null: nobody has said what grows there. */
export function stageOf({ water }: Zone, library: Library, date: string): Stage | null {
  const profile = water && library.crops.get(water.crop);
  if (water === undefined || profile === undefined) return null;
  if (profile.season.kind === 'annual' && water.plantedOn === undefined) return null;
  return cropCoefficient(profile, { date, plantedOn: water.plantedOn ?? null }, null).stage;
}

export function localDate(farm: Pick<Farm, 'timeZone'>, atMs: number): string {
  return dateText(localDay(timeZoneOf(farm), atMs));
}

export interface DosedPlace {
  readonly plot: Plot;
  readonly zone: Zone;
  readonly hectares: number;
}

export function placeOf(farm: Farm, zoneId: string): DosedPlace | undefined {
  for (const plot of farm.plots)
    for (const zone of plot.zones)
      if (zone.id === zoneId) return { plot, zone, hectares: hectaresOf(plot, zone) };
  return undefined;
}

/** The recipe that a zone is to get of this head on a date; null: none. The harvest's own stage counts as late. */
function assignedRecipe(
  farm: Farm,
  head: Head,
  zoneId: string,
  on: { readonly date: string; readonly library: Library },
): RecipeConfig | null {
  const place = placeOf(farm, zoneId);
  if (place === undefined) return null;
  const list = place.zone.fertigation?.recipes ?? place.plot.fertigation?.recipes ?? [];
  const now = stageOf(place.zone, on.library, on.date);
  const stage = stages.find((one) => one === (now === 'end' ? 'late' : now));
  for (const assigned of list) {
    const recipe = farm.recipes?.find(({ id }) => id === assigned.recipe);
    if (recipe === undefined || headOf(recipe, [head]) === undefined) continue;
    if (assigned.stages === undefined) return recipe;
    if (stage !== undefined && assigned.stages.includes(stage)) return recipe;
  }
  return null;
}

/** The same as the head doses it in a run of so many litres: where its plot has a plan by stages, as much as that gives this run. */
export function recipeFor(
  farm: Farm,
  head: Head,
  zoneId: string,
  on: { readonly date: string; readonly library: Library; readonly litres: number } & Given,
): Recipe | null {
  const recipe = assignedRecipe(farm, head, zoneId, on);
  const place = placeOf(farm, zoneId);
  if (recipe === null || place === undefined) return null;
  const resolved = resolvedRecipe(recipe, head, zoneId, place.hectares);
  const kilograms = kilogramsOfRun(farm, place.plot, on, on);
  const { nutrient } = place.plot.fertigation?.planByStage ?? {};
  if (kilograms === null || nutrient === undefined) return resolved;
  const isQuantity = resolved.mode === 'quantity';
  const ratio = isQuantity ? resolved.millilitres : resolved.millilitresPerCubicMetre;
  const planned = millilitresFor(kilograms, nutrient, ratio, { head, season: on.season });
  if (planned === null) return resolved;
  return isQuantity ? { ...resolved, millilitres: planned } : { ...resolved, plannedMillilitres: planned };
}
