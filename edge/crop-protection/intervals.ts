import {
  canonicalJson,
  type PlantProtectionProduct,
  type Reason,
  type SprayedProduct,
  type SprayRecord,
} from '@nongtin/broker/wire';
import { SOFTWARE_BEGAN_MS } from '../clock/trust.ts';
import { DAY_MS, dateText, dayOfText, localDay, timeText } from '../irrigation/programs/calendar.ts';
import { namesMeet, sameName } from './names.ts';

/**
 * Pre-harvest and re-entry intervals: the guard between a spray and a harvest, pure. The earliest harvest is the local day
 * on which a spraying ended plus the interval in days (PHI); the earliest re-entry is the end plus hours (REI). Of several
 * sprays, and of the products of a tank mix, the latest counts.
 */

/** The longest pre-harvest and re-entry intervals that a list may state; they stand in for what nobody knows. */
export const LONGEST_PHI_DAYS = 365;
export const LONGEST_REI_HOURS = 720;
/** What is dated before this software was there stands under a clock that was never set. */
const BEGAN_DATE = dateText(SOFTWARE_BEGAN_MS / DAY_MS);
/** Phones and the gateway may differ by so much. */
export const CLOCKS_DIFFER_MS = 10 * 60_000;

/** One product of one standing spray. */
interface Interval {
  readonly spray: SprayRecord;
  readonly product: SprayedProduct;
  /** Null: it stands on no list. */
  readonly phiDays: number | null;
  readonly reiHours: number | null;
  /** Local date from which on may be harvested; null: the spray has no date that can be. */
  readonly earliestDate: string | null;
}

/** The newest revision of each spray. Of two with one number the later counts, then the one that is greater as text. */
export function newestRevisions(records: Iterable<SprayRecord>): SprayRecord[] {
  const newest = new Map<string, SprayRecord>();
  for (const record of records) {
    const known = newest.get(record.sprayId);
    if (known === undefined || isLater(record, known)) newest.set(record.sprayId, record);
  }
  return [...newest.values()];
}

function isLater(one: SprayRecord, other: SprayRecord): boolean {
  if (one.revision !== other.revision) return one.revision > other.revision;
  if (one.atMs !== other.atMs) return one.atMs > other.atMs;
  return canonicalJson(one) > canonicalJson(other);
}

/**
 * The intervals of all sprays that stand. `products`: the list that is in force: where it knows a longer interval than the
 * list of that day did, or knows the product at all, that counts.
 */
function intervalsOf(
  records: Iterable<SprayRecord>,
  products: readonly PlantProtectionProduct[],
): Interval[] {
  return newestRevisions(records)
    .filter(({ state }) => state === 'standing')
    .flatMap((spray) => spray.products.map((product) => intervalOf(spray, product, products)));
}

function intervalOf(
  spray: SprayRecord,
  product: SprayedProduct,
  products: readonly PlantProtectionProduct[],
): Interval {
  const now = products.filter((row) => isSame(row, product));
  const longest = (then: number | undefined, rows: readonly number[]) => {
    const known = then === undefined ? rows : [then, ...rows];
    return known.length === 0 ? null : Math.max(...known);
  };
  const { listed, told } = product;
  // What a person has read from the label makes no interval of what is on no list, and none shorter.
  const orTold = (known: number | null, read = 0) => (known === null ? null : Math.max(known, read));
  const phiDays = orTold(
    longest(
      listed?.phiDays,
      now.map((row) => row.phiDays),
    ),
    told?.phiDays,
  );
  const reiHours = orTold(
    longest(
      listed?.reiHours,
      now.map((row) => row.reiHours),
    ),
    told?.reiHours,
  );
  const endDay = spray.endDate < BEGAN_DATE ? null : dayOfText(spray.endDate);
  const earliestDate = endDay === null ? null : dateText(endDay + (phiDays ?? LONGEST_PHI_DAYS));
  return { spray, product, phiDays, reiHours, earliestDate };
}

/** Whether a row of the list in force is about what was sprayed; of a product that stood on no list each row is. */
function isSame(row: PlantProtectionProduct, { tradeName, listed }: SprayedProduct): boolean {
  if (!sameName(row.tradeName, tradeName)) return false;
  if (listed === null) return true;
  const meet = (some: readonly string[], others: readonly string[]) =>
    some.length === 0 || others.length === 0 || namesMeet(some, others);
  return meet(row.crops, listed.crops) && meet(row.pests, listed.pests);
}

/** Why a plot may not be harvested yet. */
export interface HarvestBar {
  readonly sprayId: string;
  /** Null: nobody knows, for the spray has no date. */
  readonly earliestDate: string | null;
  readonly reason: Reason;
}

/** What bars a harvest of the plot, the latest first; `atMs`: sprays that began after it are no concern of it. */
function barsOf(
  intervals: readonly Interval[],
  plot: string,
  date: string | null,
  atMs: number,
): HarvestBar[] {
  return intervals
    .filter(
      ({ spray }) =>
        placesOf(spray).includes(plot) && (spray.startedAtMs <= atMs || spray.endDate < BEGAN_DATE),
    )
    .filter(({ earliestDate }) => earliestDate === null || date === null || earliestDate > date)
    .sort((a, b) => latest(b).localeCompare(latest(a)) || (a.spray.sprayId < b.spray.sprayId ? -1 : 1))
    .map((interval) => ({ ...barOf(interval), sprayId: interval.spray.sprayId }));
}

/** Plots that it bars: what is given with the water comes wherever the drip lines go. */
export function placesOf({ plot, sharedWith = [] }: SprayRecord): readonly string[] {
  return [plot, ...sharedWith];
}

const latest = ({ earliestDate }: Interval) => earliestDate ?? '9999';

function barOf({ spray, product, phiDays, earliestDate }: Interval): Omit<HarvestBar, 'sprayId'> {
  const figures = { product: product.tradeName, sprayedDate: spray.endDate };
  if (earliestDate === null) return { earliestDate, reason: { key: 'harvest_spray_undated', figures } };
  if (phiDays === null)
    return { earliestDate, reason: { key: 'harvest_phi_unknown', figures: { ...figures, earliestDate } } };
  const reason = { key: 'harvest_inside_interval', figures: { ...figures, phiDays, earliestDate } };
  return { earliestDate, reason };
}

/**
 * From which local day on the plot may be harvested, and which spray says so; null: no spray bars it. `sprays`: revisions
 * in whatever order they came.
 */
export function earliestHarvest(
  sprays: Iterable<SprayRecord>,
  products: readonly PlantProtectionProduct[],
  plot: string,
  today: string | null,
): HarvestBar | null {
  return barsOf(intervalsOf(sprays, products), plot, today, Number.POSITIVE_INFINITY)[0] ?? null;
}

/** Whether one of these plots may be harvested earlier by what is told after than by what was told before. */
export function bringsForward(told: {
  readonly before: readonly SprayRecord[];
  readonly after: readonly SprayRecord[];
  readonly products: readonly PlantProtectionProduct[];
  readonly plots: readonly string[];
  readonly today: string | null;
}): boolean {
  const { before, after, products, plots, today } = told;
  const date = (sprays: readonly SprayRecord[], plot: string) => {
    const bar = earliestHarvest(sprays, products, plot, today);
    return bar === null ? '' : (bar.earliestDate ?? '9999');
  };
  return plots.some((plot) => date(after, plot) < date(before, plot));
}

/** When the gateway thinks it is. While that is not trusted it is no earlier than this, but perhaps later. */
export interface GuardNow {
  readonly nowMs: number;
  readonly isTrusted: boolean;
  readonly timeZone: string;
}

/**
 * Why a harvest at that moment is refused; empty: it is not. A date in the future or from before there was a gateway would
 * open what is barred, so neither is taken; while the clock is not trusted no spray's interval is held for over.
 */
export function harvestBars(
  sprays: Iterable<SprayRecord>,
  products: readonly PlantProtectionProduct[],
  harvest: { readonly plot: string; readonly atMs: number },
  now: GuardNow,
): HarvestBar[] {
  const { plot, atMs } = harvest;
  const intervals = intervalsOf(sprays, products);
  if (atMs < SOFTWARE_BEGAN_MS || (now.isTrusted && atMs > now.nowMs + CLOCKS_DIFFER_MS)) {
    const reason = { key: 'harvest_date_impossible', figures: { harvestDate: dateAt(now.timeZone, atMs) } };
    return [{ sprayId: '', earliestDate: null, reason }];
  }
  if (now.isTrusted) return barsOf(intervals, plot, dateAt(now.timeZone, atMs), atMs);
  const lasting = intervals.filter(({ phiDays, earliestDate }) => phiDays !== 0 || earliestDate === null);
  return barsOf(lasting, plot, null, Number.POSITIVE_INFINITY).map((bar) => {
    const { product = '', sprayedDate = '', earliestDate = '' } = bar.reason.figures;
    if (bar.reason.key !== 'harvest_inside_interval') return bar;
    return {
      ...bar,
      reason: { key: 'harvest_clock_untrusted', figures: { product, sprayedDate, earliestDate } },
    };
  });
}

export function dateAt(timeZone: string, atMs: number): string {
  return dateText(localDay(timeZone, atMs));
}

/** A harvest as the journal has it. */
export interface KnownHarvest {
  readonly harvestId: string;
  readonly plot: string;
  readonly atMs: number;
  readonly quantityKg: number;
  readonly override?: { readonly sprayIds: readonly string[] } | undefined;
}

/** Harvests that lie within an interval of which the word that let them be did not know: the spray was told later. */
export function brokenIntervals<H extends KnownHarvest>(
  harvests: Iterable<H>,
  sprays: Iterable<SprayRecord>,
  products: readonly PlantProtectionProduct[],
  timeZone: string,
): { readonly harvest: H; readonly bar: HarvestBar }[] {
  const intervals = intervalsOf(sprays, products);
  return [...harvests].flatMap((harvest) => {
    const known = new Set(harvest.override?.sprayIds);
    const date = dateAt(timeZone, harvest.atMs);
    const bar = barsOf(intervals, harvest.plot, date, harvest.atMs).find(
      ({ sprayId }) => !known.has(sprayId),
    );
    return bar === undefined ? [] : [{ harvest, bar }];
  });
}

/** Where nobody should go in without protection. */
export interface NoEntry {
  readonly plot: string;
  /** Empty: the whole plot. */
  readonly zones: readonly string[];
  /** Null: nobody knows, the label has to be read. */
  readonly untilMs: number | null;
  readonly sprayId: string;
  readonly reason: Reason;
}

/** What is within a re-entry interval at this moment; of each spray the product that holds longest. */
export function noEntries(
  sprays: Iterable<SprayRecord>,
  products: readonly PlantProtectionProduct[],
  { nowMs, timeZone }: Pick<GuardNow, 'nowMs' | 'timeZone'>,
): NoEntry[] {
  const bySpray = new Map<string, NoEntry>();
  for (const { spray, product, reiHours } of intervalsOf(sprays, products)) {
    const { sprayId, plot, zones, endedAtMs } = spray;
    const endsAtMs = endedAtMs + (reiHours ?? LONGEST_REI_HOURS) * 3_600_000;
    if (endsAtMs <= nowMs) continue;
    const untilMs = reiHours === null ? null : endsAtMs;
    const known = bySpray.get(sprayId);
    if (known !== undefined && (known.untilMs === null || (untilMs !== null && untilMs <= known.untilMs)))
      continue;
    const until = { untilDate: dateAt(timeZone, endsAtMs), untilTime: timeText(timeZone, endsAtMs) };
    const figures = { product: product.tradeName, ...(untilMs === null ? {} : until) };
    const reason = { key: untilMs === null ? 'no_entry_unknown' : 'no_entry_until', figures };
    bySpray.set(sprayId, { plot, zones, untilMs, sprayId, reason });
  }
  const later = ({ untilMs }: NoEntry) => untilMs ?? Number.MAX_SAFE_INTEGER;
  return [...bySpray.values()].sort((a, b) => later(b) - later(a) || (a.sprayId < b.sprayId ? -1 : 1));
}
