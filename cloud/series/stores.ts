import type { SeriesStore } from '@nongtin/series';
import { influx1Series, influx2Series } from '@nongtin/series/influx';

export interface SeriesStoresOptions {
  /** An InfluxDB, with its login in the URL when it is a 1.x. */
  readonly url: string;
  /** Of a 2.x or 3.x. */
  readonly token: string | undefined;
  readonly org: string;
  readonly rawDays: number;
}

/** Clients that nobody has used for long are made again when they are asked for. */
const MOST_OPEN = 200;

/** One database (2.x: bucket) a cooperative: `nongtin_` and its name. In 1.x it is made when the first readings come. */
export class SeriesStores {
  readonly #options: SeriesStoresOptions;
  /** The one used last stands last. */
  readonly #open = new Map<string, SeriesStore>();

  constructor(options: SeriesStoresOptions) {
    this.#options = options;
  }

  of(cooperative: string): SeriesStore {
    const store = this.#open.get(cooperative) ?? this.#create(`nongtin_${cooperative}`);
    this.#open.delete(cooperative);
    this.#open.set(cooperative, store);
    const [oldest = ''] = this.#open.keys();
    // It holds nothing that would have to be closed.
    if (this.#open.size > MOST_OPEN) this.#open.delete(oldest);
    return store;
  }

  #create(database: string): SeriesStore {
    const { url, token, org, rawDays } = this.#options;
    if (token === undefined) return influx1Series({ url, database, rawDays });
    return influx2Series({ url, org, bucket: database, token });
  }
}
