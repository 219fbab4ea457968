import type {
  HarvestOverride,
  HarvestRecord,
  PlantProtectionProduct,
  Reason,
  SprayRecord,
} from '@nongtin/broker/wire';
import { DAY_MS } from '../irrigation/programs/calendar.ts';
import type { Person } from './answer.ts';
import { brokenIntervals, dateAt, type HarvestBar } from './intervals.ts';

/** What is older is alarmed about no more. */
export const KEPT_MS = 400 * DAY_MS;
const BROKEN = 'harvest_broke_interval';

export interface Alarms {
  raise(source: string, severity: 'critical' | 'high' | 'low', reason: Reason): void;
  clear(source: string, key: string): void;
}

/** What harvests are judged by. */
interface Known {
  readonly sprays: readonly SprayRecord[];
  readonly products: readonly PlantProtectionProduct[];
  readonly nowMs: number;
  readonly timeZone: string;
}

/** Harvests as they were told last, and the alarms of those that lie within an interval which was told after them. */
export class ToldHarvests {
  readonly #alarms: Alarms;
  readonly #harvests = new Map<string, HarvestRecord>();

  constructor(alarms: Alarms) {
    this.#alarms = alarms;
  }

  /** In whatever order they come: the last correction counts. */
  take(harvest: HarvestRecord): void {
    const known = this.#harvests.get(harvest.harvestId);
    if (known === undefined || revisionOf(harvest) >= revisionOf(known))
      this.#harvests.set(harvest.harvestId, harvest);
    // Its alarm goes by its place: where it is told of no more, there is none.
    if (known !== undefined) this.#alarms.clear(sourceOf(known), BROKEN);
  }

  /** Harvests that lie within an interval that was not known when they were let through. */
  broken({ sprays, products, timeZone }: Pick<Known, 'sprays' | 'products' | 'timeZone'>) {
    return brokenIntervals(this.#standing(), sprays, products, timeZone);
  }

  /** Raised for each of them; over when a correction says so. */
  alarm(known: Known): void {
    const broken = this.broken(known);
    const isBroken = new Set(broken.map(({ harvest }) => harvest.harvestId));
    for (const harvest of this.#harvests.values())
      if (!isBroken.has(harvest.harvestId) && harvest.atMs > known.nowMs - KEPT_MS)
        this.#alarms.clear(sourceOf(harvest), BROKEN);
    for (const { harvest, bar } of broken) {
      const { product = '', sprayedDate = '' } = bar.reason.figures;
      const earliestDate = bar.earliestDate ?? '';
      const harvestDate = dateAt(known.timeZone, harvest.atMs);
      const figures = { product, sprayedDate, earliestDate, harvestDate, quantityKg: harvest.quantityKg };
      this.#alarms.raise(sourceOf(harvest), 'critical', { key: BROKEN, figures });
    }
  }

  #standing(): HarvestRecord[] {
    return [...this.#harvests.values()].filter(({ correction }) => correction?.withdrawn !== true);
  }
}

const revisionOf = ({ correction }: HarvestRecord) => correction?.revision ?? 0;
const sourceOf = ({ plot, harvestId }: HarvestRecord) => `${plot}/${harvestId.slice(0, 8)}`;

/** A manager's word, with what it has overruled. */
export function overrideOf(
  bars: readonly HarvestBar[],
  { person, reason }: { person: Person; reason: string },
): HarvestOverride {
  return {
    ...{ by: person.id, byName: person.name, reason: reason.trim() },
    refusals: bars.map((bar) => bar.reason),
    sprayIds: [...new Set(bars.map(({ sprayId }) => sprayId))],
  };
}
