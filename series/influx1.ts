import { InfluxDB } from 'influx';
import { influxQl, influxQlSeries, seriesOfKey } from './influxql.ts';
import { writeOutcome } from './outcome.ts';
import type { SeriesName, SeriesPoint, SeriesQuery, SeriesStore, WriteOutcome } from './store.ts';

export interface Influx1Options {
  /** Such as http://127.0.0.1:8086, or https://name:password@host/behind/a/proxy */
  readonly url: string;
  readonly database: string;
  /** Win over those in the URL. */
  readonly username?: string;
  readonly password?: string;
}

const REQUEST_TIMEOUT_MS = 10_000;
const PING_TIMEOUT_MS = 2_000;

/** The package would refuse to ask a host again for a while after a failure; whoever calls us knows better when. */
const noPause = { getDelay: () => 0, next: () => noPause, reset: () => noPause };

/**
 * InfluxDB 1.x. Starts while the server is away: the database is created as soon as the server answers.
 */
export function influx1Series(options: Influx1Options): SeriesStore {
  return new Influx1Series(options);
}

class Influx1Series implements SeriesStore {
  readonly name = 'influxdb';
  readonly place: string;
  readonly #client: InfluxDB;
  readonly #database: string;
  readonly #pingUrl: URL;
  readonly #writeUrl: URL;
  readonly #headers: Record<string, string>;
  #databaseExists = false;

  constructor({ url, database, ...login }: Influx1Options) {
    const { address, username, password } = withoutLogin(url, login);
    const port = Number(address.port) || (address.protocol === 'https:' ? 443 : 80);
    this.place = `influxdb:${address.hostname}:${port}${address.pathname}${database}`;
    this.#database = database;
    this.#client = new InfluxDB({
      host: address.hostname,
      port,
      protocol: address.protocol === 'https:' ? 'https' : 'http',
      path: address.pathname.slice(0, -1),
      database,
      ...(username === '' ? {} : { username, password }),
      pool: { maxRetries: 0, requestTimeout: REQUEST_TIMEOUT_MS, backoff: noPause },
    });
    this.#pingUrl = new URL('ping', address);
    this.#writeUrl = new URL('write', address);
    this.#writeUrl.searchParams.set('db', database);
    this.#writeUrl.searchParams.set('precision', 'ns');
    this.#headers =
      username === ''
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  async start(): Promise<void> {
    if (await this.#isThere()) await this.#createDatabase();
  }

  async write(lines: string): Promise<WriteOutcome> {
    if (!this.#databaseExists) await this.#createDatabase();
    const outcome = await this.#post(lines);
    if (outcome.outcome === 'accepted' || !/^404 |database not found/.test(outcome.reason)) return outcome;
    // The database was dropped behind our back: the lines are good, only their place is missing.
    this.#databaseExists = false;
    return { outcome: 'wait', reason: outcome.reason };
  }

  async query(query: SeriesQuery): Promise<SeriesPoint[]> {
    const rows = await this.#ask<[number, number, number | null]>(influxQl(query));
    // A line leaves out a quality that is good.
    const points = rows.map(([atMs, value, quality]) => ({ atMs, value, quality: quality ?? 0 }));
    return query.aggregate === 'raw' ? points.reverse() : points;
  }

  async seriesOf(device: string): Promise<SeriesName[]> {
    const rows = await this.#ask<[string]>(influxQlSeries(device));
    return rows.map(([key]) => seriesOfKey(key)).filter((name) => name !== undefined);
  }

  async stop(): Promise<void> {
    // Nothing is held: every write ended before its promise did.
  }

  async #isThere(): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(PING_TIMEOUT_MS);
      return (await fetch(this.#pingUrl, { headers: this.#headers, signal })).ok;
    } catch {
      return false;
    }
  }

  async #ask<Row>(influxql: string): Promise<readonly Row[]> {
    try {
      const options = { database: this.#database, precision: 'ms' } as const;
      const answer = (await this.#client.queryRaw(influxql, options)) as QueryAnswer<Row>;
      return answer.results[0]?.series?.[0]?.values ?? [];
    } catch (error) {
      // The package's errors hold the whole request with its password, and errors are logged with all they hold.
      throw new Error(`InfluxDB did not answer a query: ${(error as Error).message.slice(0, 1_000)}`);
    }
  }

  async #createDatabase(): Promise<void> {
    try {
      await this.#client.createDatabase(this.#database);
      this.#databaseExists = true;
    } catch {
      // The write that follows fails too, and says why.
    }
  }

  /** The lines go out as they stand in the journal: see docs/decisions/0004-lines-are-written-as-they-stand.md. */
  async #post(lines: string): Promise<WriteOutcome> {
    try {
      const response = await fetch(this.#writeUrl, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'text/plain; charset=utf-8' },
        body: lines,
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return writeOutcome(response.status, wordsOf(await response.text()));
    } catch (error) {
      const { message, cause } = error as Error;
      return { outcome: 'wait', reason: cause instanceof Error ? `${message}: ${cause.message}` : message };
    }
  }
}

/** The address to ask, ending in a slash, and the login: fetch refuses a URL that holds one, and repeats it in its error. */
function withoutLogin(url: string, login: { username?: string; password?: string }) {
  const address = new URL(url);
  const username = login.username ?? decoded(address.username);
  const password = login.username === undefined ? decoded(address.password) : (login.password ?? '');
  address.username = '';
  address.password = '';
  address.search = '';
  address.hash = '';
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  return { address, username, password };
}

/** A password with a lone '%' was not encoded by who wrote it down. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface QueryAnswer<Row> {
  readonly results: readonly { readonly series?: readonly { readonly values: readonly Row[] }[] }[];
}

function wordsOf(body: string): string {
  try {
    const { error } = JSON.parse(body) as { error?: unknown };
    if (typeof error === 'string') return error.slice(0, 1_000);
  } catch {
    // Not JSON: a proxy's page, or nothing.
  }
  return body.slice(0, 1_000);
}
