import { HttpError, InfluxDB } from '@influxdata/influxdb-client';
import { type InfluxAnswer, type InfluxDoor, tablesOf } from './influx-door.ts';
import { InfluxReads } from './influx-reads.ts';
import { recomputeInflux } from './influx-rollups.ts';
import { wordsOf, writeOutcome } from './outcome.ts';
import { NO_ROLLUPS } from './plan.ts';
import {
  type Lines,
  type Rollups,
  type SeriesName,
  type SeriesPoint,
  type SeriesQuery,
  type SeriesStore,
  type Tier,
  textOf,
  type WriteOutcome,
} from './store.ts';
import { addressOf, unreachable } from './url.ts';

export interface Influx2Options {
  /** Such as https://influx.example:8086 */
  readonly url: string;
  /** Organization by name or id; InfluxDB 3 does not look at it. */
  readonly org: string;
  /** Of raw readings; in 3.x a database. Rollups go to `<bucket>_5m` and `<bucket>_1d`. */
  readonly bucket: string;
  readonly token: string;
}

const REQUEST_TIMEOUT_MS = 10_000;

/**
 * InfluxDB 2.x and 3.x, and what speaks like them. Lines go out through the client's transport, as they stand: its
 * WriteApi would split, buffer and repeat them by itself, and what became of *these* lines would be lost
 * (docs/decisions/0004). Reading is by InfluxQL at /query, which both versions answer for those who come from 1.x.
 */
export function influx2Series(options: Influx2Options): SeriesStore {
  return new Influx2Series(options);
}

class Influx2Series implements SeriesStore {
  readonly name = 'influxdb';
  readonly place: string;
  readonly rollups: Rollups = {
    recompute: (span) => recomputeInflux(this.#door, span),
    mark: (marks) => {
      this.#marks = marks;
    },
    // A bucket has its own retention.
    forget: async () => false,
  };
  readonly #client: InfluxDB;
  readonly #org: string;
  readonly #bucket: string;
  readonly #door: InfluxDoor = {
    ask: (tier, statements) => this.#ask(tier, statements.join('; ')),
    write: (tier, lines) => this.#write(tier, lines),
    source: () => '',
  };
  readonly #reads = new InfluxReads(this.#door);
  #marks = NO_ROLLUPS;

  constructor({ url, org, bucket, token }: Influx2Options) {
    const { address } = addressOf(url);
    const port = Number(address.port) || (address.protocol === 'https:' ? 443 : 80);
    this.place = `influxdb2:${address.hostname}:${port}${address.pathname}${encodeURIComponent(org)}/${encodeURIComponent(bucket)}`;
    this.#org = org;
    this.#bucket = bucket;
    this.#client = new InfluxDB({ url: address.href.slice(0, -1), token, timeout: REQUEST_TIMEOUT_MS });
  }

  async start(): Promise<void> {
    // Buckets are made by a person, with their retention (docs/operations.md): a token for writing may not make them.
  }

  write(lines: Lines): Promise<WriteOutcome> {
    return this.#write('raw', lines);
  }

  query(query: SeriesQuery): Promise<SeriesPoint[]> {
    return this.#reads.query(query, this.#marks);
  }

  seriesOf(device: string): Promise<SeriesName[]> {
    return this.#reads.seriesOf(device);
  }

  async stop(): Promise<void> {
    // Nothing is held: every write ended before its promise did.
  }

  async #write(tier: Tier, lines: Lines): Promise<WriteOutcome> {
    const to = new URLSearchParams({ org: this.#org, bucket: this.#bucketOf(tier), precision: 'ns' });
    try {
      await this.#client.transport.request(`/api/v2/write?${to}`, textOf(lines), {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      });
      return { outcome: 'accepted' };
    } catch (error) {
      if (!(error instanceof HttpError)) return unreachable(error);
      const words = wordsOf(error.body ?? error.statusMessage ?? '');
      const retryAfter = error.headers?.['retry-after'];
      const outcome = writeOutcome(
        error.statusCode,
        words,
        typeof retryAfter === 'string' ? retryAfter : null,
      );
      // No such bucket or organization: the lines are good, and a person has to make them a place.
      if (error.statusCode === 404) return { outcome: 'keep', reason: `404 ${words}` };
      return outcome;
    }
  }

  async #ask(tier: Tier, influxql: string) {
    const asked = new URLSearchParams({ db: this.#bucketOf(tier), epoch: 'ms', q: influxql });
    try {
      const answer = await this.#client.transport.request(`/query?${asked}`, '', {
        method: 'GET',
        headers: { accept: 'application/json' },
      });
      return tablesOf((typeof answer === 'string' ? JSON.parse(answer) : answer) as InfluxAnswer);
    } catch (error) {
      // Only the words: an error of the package may hold the request.
      throw new Error(`InfluxDB did not answer a query: ${(error as Error).message.slice(0, 1_000)}`);
    }
  }

  #bucketOf(tier: Tier): string {
    return tier === 'raw' ? this.#bucket : `${this.#bucket}_${tier}`;
  }
}
