import type { Farm, Plot } from '../farm/layout.ts';
import { dayOfText, momentOf } from '../irrigation/programs/calendar.ts';
import { hectaresOf } from './contradictions.ts';
import { asLabelled, sumOf, times } from './nutrients.ts';
import { type StagePlan, shareOfRun } from './plan.ts';
import type { PlanByStage } from './recipe-schema.ts';
import { contentOf, type Head } from './schema.ts';
import type { BookedDose, Season } from './season.ts';

const LITRES_PER_MM_HECTARE = 10_000;

export function timeZoneOf({ timeZone }: Pick<Farm, 'timeZone'>): string {
  return timeZone ?? 'Asia/Ho_Chi_Minh';
}

/** Local date from which a plot's nutrients are counted. Where nobody states it: when its annual crop was planted, or this year's first day. */
export function seasonFrom({ fertigation, zones }: Plot, today: string): string {
  const planted = zones.flatMap(({ water }) => water?.plantedOn ?? []).sort();
  return fertigation?.seasonFrom ?? planted[0] ?? `${today.slice(0, 4)}-01-01`;
}

/** Of each element, grams that a plot has got since a moment; as the tanks' levels and EC have it, and as it was booked. */
export function gramsOf(dose: BookedDose, share: number) {
  const grams = (of: (tank: BookedDose['tanks'][number]) => number) =>
    sumOf(dose.tanks.map((tank) => times(tank.gramsPerLitre, (share * of(tank)) / 1000)));
  return {
    real: grams(({ millilitres, strength }) => millilitres * strength),
    booked: grams(({ bookedMillilitres }) => bookedMillilitres),
  };
}

/** What plots have got: by the books, and in doses that are not in them yet. */
export interface Given {
  readonly season: Season;
  readonly underWay: readonly BookedDose[];
}

/** Kilograms of the plan's nutrient that a run of so many litres, on a local date, is to give to a plot; null: it has no plan by stages. */
export function kilogramsOfRun(
  farm: Farm,
  plot: Plot,
  { season, underWay }: Given,
  { date, litres }: { readonly date: string; readonly litres: number },
): number | null {
  const plan = plot.fertigation?.planByStage;
  const first = dayOfText(seasonFrom(plot, date));
  const today = dayOfText(date);
  if (plan === undefined || first === null || today === null) return null;
  const timeZone = timeZoneOf(farm);
  const fromMs = momentOf(timeZone, first, 0);
  let kilograms = 0;
  for (const dose of [...season.doses(fromMs), ...underWay])
    for (const { plot: where, share } of dose.zones)
      if (where === plot.id) kilograms += asLabelled(gramsOf(dose, share).real, plan.nutrient) / 1000;
  const fed = plot.zones.filter((zone) => (zone.fertigation ?? plot.fertigation)?.recipes.length !== 0);
  const stages = stagePlans(
    plan,
    plot,
    fed.reduce((sum, zone) => sum + hectaresOf(plot, zone), 0),
  );
  const day = today - first;
  const stage = stages.find(({ fromDay, toDay }) => day >= fromDay && day < toDay);
  const stageMs = momentOf(timeZone, first + (stage?.fromDay ?? 0), 0);
  const stageLitres = season.litres(
    fed.map(({ id }) => id),
    stageMs,
  );
  return shareOfRun(stages, { day, appliedKilograms: kilograms, stageLitres }, litres);
}

/** kg are of the whole plot; water is of the zones that are fed. */
function stagePlans({ stages }: PlanByStage, { areaHectares }: Plot, fedHectares: number): StagePlan[] {
  let fromDay = 0;
  return stages.map(({ days, kilogramsPerHectare, millimetresPerDay }) => {
    const from = fromDay;
    fromDay += days;
    return {
      ...{ fromDay: from, toDay: from + days, kilograms: kilogramsPerHectare * areaHectares },
      litresPerDay: millimetresPerDay * LITRES_PER_MM_HECTARE * fedHectares,
    };
  });
}

/**
 * mL of each tank that hold so many kilograms of a nutrient, in the ratio of a recipe; null: none of them holds any. 0.2 kg of N from A and
 * B alike, 18.6 and 10.6 g/L: 200 / (18.6 + 10.6) = 6.85 L of each.
 */
export function millilitresFor(
  kilograms: number,
  nutrient: string,
  ratio: Readonly<Record<string, number>>,
  { head: { tanks }, season }: { readonly head: Head; readonly season: Season },
): Record<string, number> | null {
  const fertilizer = Object.entries(ratio).flatMap(([id, parts]) => {
    const tank = tanks.find((known) => known.id === id);
    return tank === undefined || tank.isAcid ? [] : [{ tank, parts }];
  });
  const gramsPerPart = fertilizer.reduce(
    (sum, { tank, parts }) =>
      sum + (parts / 1000) * asLabelled(contentOf(tank), nutrient) * season.strength(tank.id),
    0,
  );
  if (!(gramsPerPart > 0)) return null;
  return Object.fromEntries(
    fertilizer.map(({ tank, parts }) => [tank.id, (parts * kilograms * 1000) / gramsPerPart]),
  );
}
