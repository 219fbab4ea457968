import type { JournalRecord, PlantProtectionProduct, ProductListRecord } from '@nongtin/broker/wire';
import { type Answer, refuse } from './answer.ts';
import { changesOf, type ListChanges, type ProductImport, readProducts } from './import/products.ts';

interface ListsOptions {
  readonly journal: {
    appendRecord(record: JournalRecord): Promise<number>;
    /** Newest first. */
    records(kind: 'product_list', limit: number): Promise<readonly ProductListRecord[]>;
  };
  readonly clock: { nowMs(): number };
  /** The farm's local day; null: nobody knows. */
  readonly today: () => string | null;
}

interface Preview extends ProductImport {
  /** The version it would follow; 0: there is none. */
  readonly follows: number;
  readonly changes: ListChanges;
}

/** What a person has seen of a file. */
export interface SeenPreview {
  readonly sha256: string;
  readonly follows: number;
  readonly fileName: string;
}

const MOST_LISTS = 50;

/** The farm's lists of products: the newest is in force, earlier ones are what earlier sprays refer to. */
export class ProductLists {
  readonly #options: ListsOptions;
  /** Newest first; what is older stands in the journal. */
  #lists: readonly ProductListRecord[] = [];

  constructor(options: ListsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#lists = await this.#options.journal.records('product_list', MOST_LISTS);
  }

  /** The list in force, or an earlier version; undefined when there is none. */
  of(version?: number): ProductListRecord | undefined {
    return version === undefined ? this.#lists[0] : this.#lists.find((list) => list.version === version);
  }

  get products(): readonly PlantProtectionProduct[] {
    return this.#lists[0]?.products ?? [];
  }

  /** 0: there is no list. */
  get version(): number {
    return this.#lists[0]?.version ?? 0;
  }

  /** What a file would become, and what is wrong with it. Nothing is kept. */
  preview(bytes: Uint8Array): Preview {
    const read = readProducts(bytes, this.#options.today());
    return { ...read, follows: this.version, changes: changesOf(this.products, read.products) };
  }

  /** Takes a file that was previewed: whole, and only while the list is still the one that it was compared with. */
  async accept(bytes: Uint8Array, seen: SeenPreview, recordedBy: string): Promise<Answer<ProductListRecord>> {
    const { problems, products, sha256, encoding } = this.preview(bytes);
    if (sha256 !== seen.sha256) return refuse('conflict', 'import_not_the_previewed_file');
    if (seen.follows !== this.version)
      return refuse('conflict', 'import_list_has_moved', { version: this.version });
    if (problems.length > 0 || encoding === null)
      return refuse('wrong', 'import_has_problems', { problems: problems.length });
    const record: ProductListRecord = {
      ...{ kind: 'product_list', version: seen.follows + 1, atMs: this.#options.clock.nowMs() },
      ...{ fileName: seen.fileName, sha256, encoding, products: [...products], recordedBy },
    };
    await this.#options.journal.appendRecord(record);
    this.#lists = [record, ...this.#lists].slice(0, MOST_LISTS);
    return record;
  }
}
