import type { JournalRecord } from '@nongtin/broker/wire';
import { writeStateFile } from '@nongtin/service';
import type { Change } from './changes.ts';
import type { Farm } from './layout.ts';
import { layoutRecord, sameLayout } from './open.ts';

interface LayoutOptions {
  readonly farm: Farm;
  /** farm.json. */
  readonly path: string;
  readonly journal: { appendRecord(record: JournalRecord): Promise<number> };
  readonly clock: { nowMs(): number };
}

/** What lives by the layout. */
interface Follower {
  /**
   * Asked before anything is written: throws a LayoutProblem when this change must not be now, and keeps it possible until
   * the answer is called.
   */
  prepare?(before: Farm, after: Farm): () => void;
  apply(after: Farm, before: Farm): void;
}

/**
 * The farm as it is laid out now. A change is checked, journaled, written to farm.json and then told to those who live by
 * it, in this order: readings that come under the new layout stand behind its record. Of a kill in between, the next start
 * makes the best: farm.json counts, and the journal is told what it says.
 */
export class LayoutKeeper {
  readonly #options: LayoutOptions;
  readonly #followers: Follower[] = [];
  #farm: Farm;
  /** The change under way: a second one must see what the first has made. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: LayoutOptions) {
    this.#options = options;
    this.#farm = options.farm;
  }

  get farm(): Farm {
    return this.#farm;
  }

  follow(follower: Follower): void {
    this.#followers.push(follower);
  }

  /** Resolves when it is durable and in effect. `edit` throws a LayoutProblem on what cannot be. */
  change<C extends Change>(edit: (farm: Farm) => C, recordedBy: string): Promise<C> {
    const changed = this.#changing.then(() => this.#change(edit, recordedBy));
    this.#changing = changed.catch(() => {});
    return changed;
  }

  async #change<C extends Change>(edit: (farm: Farm) => C, recordedBy: string): Promise<C> {
    const change = edit(this.#farm);
    const releases: (() => void)[] = [];
    try {
      for (const follower of this.#followers) {
        const release = follower.prepare?.(this.#farm, change.farm);
        if (release) releases.push(release);
      }
      await this.#record(change, recordedBy);
      writeStateFile(this.#options.path, change.farm);
      const before = this.#farm;
      this.#farm = change.farm;
      for (const follower of this.#followers) follower.apply(change.farm, before);
    } finally {
      for (const release of releases) release();
    }
    return change;
  }

  async #record({ farm, placements }: Change, recordedBy: string): Promise<void> {
    const { journal, clock } = this.#options;
    const atMs = clock.nowMs();
    const layout = layoutRecord(farm, atMs);
    const records: JournalRecord[] = placements.map((told) => ({
      kind: 'placement',
      atMs,
      ...told,
      recordedBy,
    }));
    if (!sameLayout(layoutRecord(this.#farm, atMs), layout)) records.push(layout);
    await Promise.all(records.map((record) => journal.appendRecord(record)));
  }
}
