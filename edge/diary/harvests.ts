import type { DiaryEntry, HarvestOverride, HarvestRecord, Reason } from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';
import { dayOfText, localDay, minutesOfText, momentOf } from '../irrigation/programs/calendar.ts';
import type { HarvestGuard, LayoutRecords, ManagersWord } from './ports.ts';

interface HarvestsOptions {
  readonly layout: { readonly farm: Farm };
  readonly journal: LayoutRecords & { appendRecord(record: HarvestRecord): Promise<number> };
  readonly clock: { nowMs(): number };
  readonly guard: HarvestGuard;
}

/** By what a harvest is kept out; or the number of its journal entry, 0 where nothing new is to be said. */
export type KeptHarvest = { readonly entryNumber: number } | { readonly barred: readonly Reason[] };
type Told = Pick<HarvestRecord, 'harvestId' | 'atMs' | 'plot' | 'quantityKg' | 'recordedBy'>;

const MOST_LAYOUTS = 1_000;
const NOON = 12 * 60;

/**
 * Harvests for the cloud, which makes lots of them. One inside a pre-harvest interval is kept out until a manager has given the
 * word. What the diary corrects is told again: of several records of one harvest the last counts.
 */
export class DiaryHarvests {
  readonly #options: HarvestsOptions;
  /** The last record of each. */
  readonly #known = new Map<string, HarvestRecord>();

  constructor(options: HarvestsOptions) {
    this.#options = options;
  }

  /** In the journal's order. */
  know(record: HarvestRecord): void {
    const before = this.#known.get(record.harvestId);
    if (before === undefined || record.correction !== undefined) this.#known.set(record.harvestId, record);
  }

  /** Whether the journal has it as the diary does: else something bars it. */
  agrees(entry: DiaryEntry): boolean {
    const told = this.toldBy(entry, '');
    const known = this.#known.get(entry.entryId);
    if (told === null || known === undefined) return told === null || entry.withdrawn;
    const { isMoved, isOther } = difference(known, told, entry);
    return !isMoved && !isOther;
  }

  /** A harvest as an entry of the diary has it now. */
  async follow(entry: DiaryEntry, recordedBy: string, word?: ManagersWord): Promise<KeptHarvest> {
    const told = this.toldBy(entry, recordedBy);
    const known = this.#known.get(entry.entryId);
    const { withdrawn } = entry;
    if (told === null || (known === undefined && withdrawn)) return { entryNumber: 0 };
    if (known === undefined) return this.keep(told, word);
    const { isMoved, isOther, wasWithdrawn } = difference(known, told, entry);
    if (!isMoved && !isOther) return { entryNumber: 0 };
    const correction = { revision: (known.correction?.revision ?? 0) + 1, withdrawn };
    // Where and when it was looked at by the guard already; what is taken back harms nobody.
    if (withdrawn || !(isMoved || wasWithdrawn)) return this.#append({ ...known, ...told, correction });
    return this.keep(told, word, correction);
  }

  /** What an entry says of a harvest; null: no plot or no quantity. */
  toldBy({ entryId, fields }: DiaryEntry, recordedBy: string): Told | null {
    const { layout, clock } = this.#options;
    const { plot, quantityKg, date, startTime, endTime } = fields;
    if (typeof plot?.value !== 'string' || typeof quantityKg?.value !== 'number') return null;
    const day = dayOfText(String(date?.value));
    const time = endTime?.value ?? startTime?.value;
    const minutes = (typeof time === 'string' ? minutesOfText(time) : null) ?? NOON;
    const timeZone = layout.farm.timeZone ?? 'Asia/Ho_Chi_Minh';
    const toldMs = day === null ? clock.nowMs() : momentOf(timeZone, day, minutes);
    const knownMs = this.#known.get(entryId)?.atMs;
    // Days count. One of today that was told before noon stays where it was, whatever is corrected later.
    const isSameDay = knownMs !== undefined && localDay(timeZone, knownMs) === day;
    return {
      ...{ harvestId: entryId, atMs: isSameDay ? knownMs : Math.min(toldMs, clock.nowMs()) },
      ...{ plot: plot.value, quantityKg: quantityKg.value, recordedBy },
    };
  }

  /** Asks the guard, and writes its record. */
  async keep(
    told: Told,
    word?: ManagersWord,
    correction?: HarvestRecord['correction'],
  ): Promise<KeptHarvest> {
    const seasonStartedAtMs = await this.#seasonStart(told.plot, told.atMs);
    let entryNumber = 0;
    const bars = await this.#options.guard.admit(told, word, async (override) => {
      const record = recordOf(told, seasonStartedAtMs, override, correction);
      entryNumber = await this.#options.journal.appendRecord(record);
      this.#known.set(record.harvestId, record);
      return record;
    });
    return bars.length > 0 ? { barred: bars.map(({ reason }) => reason) } : { entryNumber };
  }

  async #append(record: HarvestRecord): Promise<KeptHarvest> {
    const entryNumber = await this.#options.journal.appendRecord(record);
    this.#known.set(record.harvestId, record);
    this.#options.guard.corrected(record);
    return { entryNumber };
  }

  /** The season of a perennial begins, so far, when the plot first stood in the journal. */
  async #seasonStart(plot: string, atMs: number): Promise<number> {
    const layouts = await this.#options.journal.records('layout', MOST_LAYOUTS);
    const first = layouts.findLast((layout) => layout.plots.some((known) => known.id === plot));
    return Math.min(first?.atMs ?? atMs, atMs);
  }
}

function difference(known: HarvestRecord, told: Told, { withdrawn }: DiaryEntry) {
  const wasWithdrawn = known.correction?.withdrawn ?? false;
  const isMoved = known.plot !== told.plot || known.atMs !== told.atMs;
  const isOther = known.quantityKg !== told.quantityKg || wasWithdrawn !== withdrawn;
  return { isMoved, isOther, wasWithdrawn };
}

function recordOf(
  told: Told,
  seasonStartedAtMs: number,
  override: HarvestOverride | undefined,
  correction: HarvestRecord['correction'],
): HarvestRecord {
  return {
    ...{ kind: 'harvest', ...told, seasonStartedAtMs },
    ...(override === undefined ? {} : { override }),
    ...(correction === undefined ? {} : { correction }),
  };
}
