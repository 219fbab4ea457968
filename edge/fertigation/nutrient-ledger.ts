import type { DoseRecord } from '@nongtin/broker/wire';
import type { Farm, Plot } from '../farm/layout.ts';
import { dayOfText, momentOf } from '../irrigation/programs/calendar.ts';
import { localDate, placeOf } from './assignment.ts';
import { type Amounts, asOxide, sumOf, times } from './nutrients.ts';
import { gramsOf, seasonFrom, timeZoneOf } from './planned.ts';
import type { BookedDose, Season } from './season.ts';

/** kg of each on the whole plot, and what they are on a hectare. */
interface Applied {
  readonly kilograms: { readonly N: number; readonly P2O5: number; readonly K2O: number };
  readonly kilogramsPerHectare: { readonly N: number; readonly P2O5: number; readonly K2O: number };
  /** kg of every element. */
  readonly elements: Readonly<Record<string, number>>;
}

export interface PlotNutrients {
  readonly plot: string;
  readonly name: string;
  readonly areaHectares: number;
  /** Local date from which it is counted. */
  readonly seasonFrom: string;
  /** kg/ha; null: there is no plan. */
  readonly planKilogramsPerHectare: {
    readonly N?: number;
    readonly P2O5?: number;
    readonly K2O?: number;
  } | null;
  /** As the tanks' levels and EC have it. */
  readonly season: Applied;
  /** The same by the books alone: seconds times the pumps' rates, and stocks as strong as they are stated. */
  readonly booked: Applied['kilograms'];
  /** By the stage that its crop was in; null: nobody has said what grows there. */
  readonly stages: readonly (Applied & { readonly stage: string | null; readonly doses: number })[];
  readonly doses: number;
  /** Of these, doses that a restart has cut off: they are counted by the middle of what may have been given. */
  readonly upperBounds: number;
}

/**
 * What each plot was given: mL of each tank as its level has it, times what a litre of it held when it was dosed and how strong EC has
 * shown it to be, by the zones' shares. Nothing is taken from soil sensors.
 */
export function nutrientLedger(farm: Farm, season: Season, nowMs: number): PlotNutrients[] {
  const starts = seasonsOf(farm, nowMs);
  const counted = new Map<string, Counted>([...starts.keys()].map((id) => [id, new Counted()]));
  for (const dose of season.doses(Math.min(...starts.values())))
    for (const [plot, ledger] of counted)
      if (dose.startedAtMs >= (starts.get(plot) ?? 0)) ledger.add(dose, plot, farm);
  return farm.plots.filter(isFed).map((plot) => {
    const { areaHectares, id, name, fertigation } = plot;
    const ledger = counted.get(id) ?? new Counted();
    return {
      ...{ plot: id, name, areaHectares, seasonFrom: seasonFrom(plot, localDate(farm, nowMs)) },
      planKilogramsPerHectare: plannedOf(fertigation),
      season: applied(sumOf(ledger.byStage.map(({ grams }) => grams)), areaHectares),
      booked: inKilograms(ledger.booked),
      stages: ledger.byStage.map(({ stage, grams, doses }) => ({
        ...{ stage, doses },
        ...applied(grams, areaHectares),
      })),
      ...{ doses: ledger.doses, upperBounds: ledger.upperBounds },
    };
  });
}

function isFed({ fertigation, zones }: Plot): boolean {
  return fertigation !== undefined || zones.some((zone) => zone.fertigation !== undefined);
}

/** What is stated, and what the stages of a plan add up to. */
function plannedOf(fertigation: Plot['fertigation']): PlotNutrients['planKilogramsPerHectare'] {
  const { planKilogramsPerHectare: stated, planByStage } = fertigation ?? {};
  if (planByStage === undefined) return stated ?? null;
  const sum = planByStage.stages.reduce((all, { kilogramsPerHectare }) => all + kilogramsPerHectare, 0);
  const { nutrient } = planByStage;
  return nutrient === 'N' || nutrient === 'P2O5' || nutrient === 'K2O'
    ? { [nutrient]: sum, ...stated }
    : (stated ?? null);
}

/** When the season of each plot that is fed began, UTC ms. */
export function seasonsOf(farm: Farm, nowMs: number): ReadonlyMap<string, number> {
  const today = localDate(farm, nowMs);
  return new Map(
    farm.plots.filter(isFed).map((plot) => {
      const day = dayOfText(seasonFrom(plot, today));
      return [plot.id, day === null ? nowMs : momentOf(timeZoneOf(farm), day, 0)];
    }),
  );
}

/** One plot's doses, added up by stage. */
class Counted {
  readonly byStage: { readonly stage: string | null; grams: Amounts; doses: number }[] = [];
  booked: Amounts = {};
  doses = 0;
  upperBounds = 0;

  add(dose: BookedDose, plot: string, farm: Farm): void {
    // A zone that has moved to another plot since was dosed as a part of the one it was in.
    const its = dose.zones.filter((zone) => (zone.plot || placeOf(farm, zone.zone)?.plot.id) === plot);
    if (its.length === 0) return;
    this.doses += 1;
    if (dose.isUpperBound) this.upperBounds += 1;
    for (const { stage, share } of its) {
      let known = this.byStage.find((one) => one.stage === stage);
      if (known === undefined) {
        known = { stage, grams: {}, doses: 0 };
        this.byStage.push(known);
      }
      const { real, booked } = gramsOf(dose, share);
      known.grams = sumOf([known.grams, real]);
      known.doses += 1;
      this.booked = sumOf([this.booked, booked]);
    }
  }
}

/** kg that came out of tanks by the books, as labels name them; of a dose that was cut off, the middle of what may have. */
export function nutrientsOf(tanks: DoseRecord['tanks']): Applied['kilograms'] {
  return inKilograms(
    sumOf(
      tanks.map(({ millilitres: most, leastMillilitres: least = most, gramsPerLitre }) =>
        times(gramsPerLitre as Amounts, (least + most) / 2000),
      ),
    ),
  );
}

function inKilograms(grams: Amounts): Applied['kilograms'] {
  return {
    N: (grams.N ?? 0) / 1000,
    P2O5: asOxide('P2O5', (grams.P ?? 0) / 1000),
    K2O: asOxide('K2O', (grams.K ?? 0) / 1000),
  };
}

function applied(grams: Amounts, hectares: number): Applied {
  const kilograms = inKilograms(grams);
  const { N, P2O5, K2O } = kilograms;
  return {
    kilograms,
    kilogramsPerHectare: { N: N / hectares, P2O5: P2O5 / hectares, K2O: K2O / hectares },
    elements: times(grams, 1 / 1000) as Record<string, number>,
  };
}
