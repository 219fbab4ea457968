import type {
  Dose,
  PlantProtectionProduct,
  Reason,
  SprayedProduct,
  SprayRecord,
  SprayWeather,
} from '@nongtin/broker/wire';
import { SOFTWARE_BEGAN_MS } from '../clock/trust.ts';
import type { Plot } from '../farm/layout.ts';
import { doseIn } from './dose.ts';
import { CLOCKS_DIFFER_MS, newestRevisions } from './intervals.ts';
import { marketWarnings, marketWarningsOfWords } from './market-bans.ts';
import { namesMeet, sameName } from './names.ts';

/** A product as a person names it: a row of a list, or one that stands on none. */
export type ProductWish = {
  /** Undefined: nobody has said. */
  readonly dose?: Dose | undefined;
  readonly told?: SprayedProduct['told'];
} & ({ readonly version: number; readonly row: number } | { readonly tradeName: string });

/** A spraying as a person tells it; moments are read already. */
export interface SprayFacts {
  readonly sprayId: string;
  readonly plot: string;
  readonly zones: readonly string[];
  readonly areaHectares: number;
  readonly products: readonly ProductWish[];
  readonly waterLitres?: number | undefined;
  readonly pest: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** What a spraying is checked against. */
export interface SprayContext {
  readonly plot: Plot;
  readonly list: (version: number) => readonly PlantProtectionProduct[] | undefined;
  /** The version in force; 0: there is no list. */
  readonly version: number;
  readonly targetMarkets: readonly string[];
  readonly weather: SprayWeather | null;
  /** All revisions that are known. */
  readonly sprays: readonly SprayRecord[];
  readonly nowMs: number;
  readonly isClockTrusted: boolean;
}

interface Checked {
  readonly products: readonly SprayedProduct[];
  /** Why it cannot be recorded so. */
  readonly problems: readonly Reason[];
  readonly warnings: readonly Reason[];
}

/** Warnings of what nobody could help: they are kept with the record, and want no word about it. */
const WITHOUT_WORD = new Set(['spray_windy', 'spray_rain', 'spray_clock_untrusted']);
/** 20 km/h, a moderate breeze (Beaufort 4): not to be sprayed in (Victoria Department of Health, Beaufort scale for pesticide spraying). */
const WINDY_METRES_PER_SECOND = 20 / 3.6;
/** What a gauge tells by one tip. */
const RAIN_MM = 0.2;
const LONGEST_MS = 24 * 3_600_000;
const LONG_AGO_MS = 30 * 86_400_000;
/** Without a better word: a year. */
const SEASON_MS = 365 * 86_400_000;
/** Areas are told roughly. */
const AREA_SLACK = 1.05;

/** Which warnings need a reason why it was done nevertheless. */
export function wantsWord({ key }: Reason): boolean {
  return !WITHOUT_WORD.has(key);
}

/** What is wrong with a spraying, what is odd about it, and its products with what the list said of them. */
export function checkSpray(facts: SprayFacts, context: SprayContext): Checked {
  const found = facts.products.map((wish) => productOf(wish, facts, context));
  const twice = found.flatMap(({ product }, n) =>
    found.some(
      (other, m) => m < n && product && other.product && sameName(product.tradeName, other.product.tradeName),
    )
      ? [{ key: 'spray_product_twice', figures: { product: product?.tradeName ?? '' } }]
      : [],
  );
  return {
    products: found.flatMap(({ product }) => product ?? []),
    problems: [
      ...timeProblems(facts, context),
      ...placeProblems(facts, context),
      ...found.flatMap(({ problems }) => problems),
      ...twice,
    ],
    warnings: [
      ...found.flatMap(({ warnings }) => warnings),
      ...weatherWarnings(context),
      ...timeWarnings(facts, context),
    ],
  };
}

function timeProblems(
  { startedAtMs, endedAtMs }: SprayFacts,
  { nowMs, isClockTrusted }: SprayContext,
): Reason[] {
  if (startedAtMs < SOFTWARE_BEGAN_MS || endedAtMs < SOFTWARE_BEGAN_MS)
    return [{ key: 'spray_before_time', figures: {} }];
  if (endedAtMs < startedAtMs) return [{ key: 'spray_ends_before_start', figures: {} }];
  if (endedAtMs - startedAtMs > LONGEST_MS) return [{ key: 'spray_too_long', figures: { hours: 24 } }];
  if (isClockTrusted && endedAtMs > nowMs + CLOCKS_DIFFER_MS)
    return [{ key: 'spray_in_future', figures: {} }];
  return [];
}

function placeProblems({ zones, areaHectares }: SprayFacts, { plot }: SprayContext): Reason[] {
  const unknown = zones.filter((zone) => !plot.zones.some(({ id }) => id === zone));
  const problems: Reason[] = unknown.map((zone) => ({
    key: 'spray_zone_unknown',
    figures: { zone, plot: plot.name },
  }));
  if (areaHectares > plot.areaHectares * AREA_SLACK)
    problems.push({
      key: 'spray_area_too_large',
      figures: { hectares: areaHectares, plotHectares: plot.areaHectares },
    });
  return problems;
}

interface FoundProduct {
  readonly product: SprayedProduct | null;
  readonly problems: readonly Reason[];
  readonly warnings: readonly Reason[];
}

function productOf(wish: ProductWish, facts: SprayFacts, context: SprayContext): FoundProduct {
  const { dose, told } = wish;
  const said = { ...(dose === undefined ? {} : { dose }), ...(told === undefined ? {} : { told }) };
  if (!('version' in wish)) {
    const { tradeName } = wish;
    const warnings = [
      { key: 'spray_product_unlisted', figures: { product: tradeName } },
      ...marketWarningsOfWords(tradeName, told?.ingredients, context.targetMarkets),
    ];
    return { product: { tradeName, ...said, listed: null }, problems: [], warnings };
  }
  const { version, row } = wish;
  const label = context.list(version)?.[row];
  if (label === undefined)
    return {
      product: null,
      problems: [{ key: 'spray_row_unknown', figures: { version, row: row + 1 } }],
      warnings: [],
    };
  const { tradeName, phiDays, reiHours, crops, pests, ingredients } = label;
  const names = ingredients.map(({ name }) => name);
  const listed = { version, row, phiDays, reiHours, crops, pests, ingredients: names };
  const doses = doseReasons(label, dose, facts);
  const outdated =
    version === context.version
      ? []
      : [{ key: 'spray_list_outdated', figures: { product: tradeName, version, newest: context.version } }];
  return {
    product: { tradeName, ...said, listed },
    problems: doses.problems,
    warnings: [
      ...outdated,
      ...doses.warnings,
      ...useWarnings(label, facts, context),
      ...marketWarnings(label, context.targetMarkets),
      ...countWarnings(label, facts, context),
    ],
  };
}

function doseReasons(
  { tradeName: product, dose: label }: PlantProtectionProduct,
  dose: Dose | undefined,
  facts: SprayFacts,
) {
  if (dose === undefined)
    return { problems: [], warnings: [{ key: 'spray_dose_untold', figures: { product } }] };
  const { areaHectares, waterLitres } = facts;
  const found = doseIn(label.unit, dose, { areaHectares, waterLitres });
  const figures = { product, unit: label.unit, min: label.min, max: label.max };
  if ('problem' in found) {
    const problem = { key: `spray_dose_${found.problem}`, figures: { ...figures, told: dose.unit } };
    return { problems: [problem], warnings: [] };
  }
  const told = { ...figures, dose: Number(found.amount.toPrecision(4)) };
  // A hair of rounding on the way through units is no overdose.
  const isBelow = found.amount < label.min * (1 - 1e-6);
  const isAbove = found.amount > label.max * (1 + 1e-6);
  const key = isBelow ? 'spray_dose_below' : 'spray_dose_above';
  return { problems: [], warnings: isBelow || isAbove ? [{ key, figures: told }] : [] };
}

function useWarnings(
  { tradeName: product, crops, pests }: PlantProtectionProduct,
  { pest }: SprayFacts,
  { plot }: SprayContext,
): Reason[] {
  const warnings: Reason[] = [];
  if (!namesMeet(crops, [plot.crop]))
    warnings.push({
      key: 'spray_wrong_crop',
      figures: { product, crop: plot.crop, crops: crops.join(', ') },
    });
  if (pests.length > 0 && !namesMeet(pests, [pest]))
    warnings.push({ key: 'spray_wrong_pest', figures: { product, pest, pests: pests.join(', ') } });
  return warnings;
}

/** This one counted, in the year before it; parts that do not meet are counted apart. */
function countWarnings(
  { tradeName: product, maxApplications: most }: PlantProtectionProduct,
  facts: SprayFacts,
  { sprays }: SprayContext,
): Reason[] {
  if (most === undefined) return [];
  const { sprayId, plot, zones, endedAtMs } = facts;
  const meets = (others: readonly string[]) =>
    zones.length === 0 || others.length === 0 || others.some((zone) => zones.includes(zone));
  const before = newestRevisions(sprays).filter(
    (spray) =>
      spray.state === 'standing' &&
      spray.sprayId !== sprayId &&
      spray.plot === plot &&
      meets(spray.zones) &&
      Math.abs(endedAtMs - spray.endedAtMs) < SEASON_MS &&
      spray.products.some(({ tradeName }) => sameName(tradeName, product)),
  );
  const times = before.length + 1;
  return times > most ? [{ key: 'spray_too_often', figures: { product, times, most } }] : [];
}

function weatherWarnings({ weather }: SprayContext): Reason[] {
  const { windMetresPerSecond: wind = null, rainMm = null } = weather ?? {};
  const warnings: Reason[] = [];
  if (wind !== null && wind >= WINDY_METRES_PER_SECOND)
    warnings.push({
      key: 'spray_windy',
      figures: {
        windMetresPerSecond: wind,
        limitMetresPerSecond: Number(WINDY_METRES_PER_SECOND.toFixed(1)),
      },
    });
  if (rainMm !== null && rainMm >= RAIN_MM) warnings.push({ key: 'spray_rain', figures: { rainMm } });
  return warnings;
}

function timeWarnings({ endedAtMs }: SprayFacts, { nowMs, isClockTrusted }: SprayContext): Reason[] {
  if (!isClockTrusted) return [{ key: 'spray_clock_untrusted', figures: {} }];
  const days = Math.floor((nowMs - endedAtMs) / 86_400_000);
  return nowMs - endedAtMs > LONG_AGO_MS ? [{ key: 'spray_long_ago', figures: { days } }] : [];
}
