import type { HarvestRecord, JournalRecord } from '@nongtin/broker/wire';
import type { Farm } from '../farm/layout.ts';

type LayoutRecord = Extract<JournalRecord, { kind: 'layout' }>;

interface DiaryOptions {
  readonly layout: { readonly farm: Farm };
  readonly journal: {
    appendRecord(record: HarvestRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'layout', limit: number): Promise<readonly LayoutRecord[]>;
  };
  readonly clock: { nowMs(): number };
  readonly newId: () => string;
}

export interface Harvest {
  readonly plot: string;
  readonly quantityKg: number;
  /** Id of the account; the journal travels and is kept, so no address and no name. */
  readonly recordedBy: string;
}

const MOST_LAYOUTS = 1_000;

/** What people write down. Thin so far: harvests, which the cloud turns into lots. */
export class Diary {
  readonly #options: DiaryOptions;

  constructor(options: DiaryOptions) {
    this.#options = options;
  }

  /** Undefined when there is no such plot. Resolves when the record is durable. */
  async recordHarvest(harvest: Harvest): Promise<{ harvestId: string; entryNumber: number } | undefined> {
    const { layout, journal, clock, newId } = this.#options;
    if (!layout.farm.plots.some((plot) => plot.id === harvest.plot)) return undefined;
    const harvestId = newId();
    const entryNumber = await journal.appendRecord({
      kind: 'harvest',
      harvestId,
      atMs: clock.nowMs(),
      plot: harvest.plot,
      quantityKg: harvest.quantityKg,
      recordedBy: harvest.recordedBy,
      seasonStartedAtMs: await this.#seasonStart(harvest.plot),
    });
    return { harvestId, entryNumber };
  }

  /** The season of a perennial begins, so far, when the plot first stood in the journal. */
  async #seasonStart(plot: string): Promise<number> {
    const layouts = await this.#options.journal.records('layout', MOST_LAYOUTS);
    const first = layouts.findLast((layout) => layout.plots.some((known) => known.id === plot));
    return first?.atMs ?? this.#options.clock.nowMs();
  }
}
