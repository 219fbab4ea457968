import { InfluxDB } from 'influx';
import { askHttp } from './http.ts';
import { type InfluxAnswer, type InfluxDoor, tablesOf } from './influx-door.ts';
import { InfluxReads } from './influx-reads.ts';
import { recomputeInflux } from './influx-rollups.ts';
import { identifier } from './influxql.ts';
import { wordsOf, writeOutcome } from './outcome.ts';
import { NO_ROLLUPS } from './plan.ts';
import type {
  Lines,
  Rollups,
  SeriesName,
  SeriesPoint,
  SeriesQuery,
  SeriesStore,
  Tier,
  WriteOutcome,
} from './store.ts';
import { addressOf, unreachable } from './url.ts';

export interface Influx1Options {
  /** Such as http://127.0.0.1:8086, or https://name:password@host/behind/a/proxy */
  readonly url: string;
  readonly database: string;
  /** Win over those in the URL. */
  readonly username?: string;
  readonly password?: string;
  /** How long readings are kept as they came, in a database that is made here; 90 unless told otherwise. */
  readonly rawDays?: number;
}

const REQUEST_TIMEOUT_MS = 10_000;
const PING_TIMEOUT_MS = 2_000;
const RAW_DAYS = 90;

/**
 * Retention policies: raw readings 90 days, five minutes two years, days for ever; few shards, because each costs
 * memory. The raw one is the database's default, so that lines need not name it; in a database that was there before,
 * it keeps its name.
 */
const POLICIES = {
  '5m': { name: 'rollup_5m', rest: 'DURATION 17520h REPLICATION 1 SHARD DURATION 672h' },
  '1d': { name: 'rollup_1d', rest: 'DURATION INF REPLICATION 1 SHARD DURATION 8736h' },
} as const;

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
  readonly rollups: Rollups = {
    recompute: (span) => recomputeInflux(this.#door, span),
    mark: (marks) => {
      this.#marks = marks;
    },
    forget: async (tier) => {
      if (tier === 'raw' && !this.#isRawBounded) await this.#boundRaw();
      return false;
    },
  };
  readonly #client: InfluxDB;
  readonly #database: string;
  readonly #rawDuration: string;
  readonly #address: URL;
  readonly #headers: Record<string, string>;
  readonly #writeUrls: Readonly<Record<Tier, URL>>;
  readonly #door: InfluxDoor = {
    ask: (_tier, statements) => this.#ask(statements.join('; ')),
    write: (tier, lines) => this.#write(tier, lines),
    source: (tier) => (tier === 'raw' ? '' : `${identifier(POLICIES[tier].name)}.`),
  };
  readonly #reads = new InfluxReads(this.#door);
  #marks = NO_ROLLUPS;
  #isSetUp = false;
  #isRawBounded = false;

  constructor({ url, database, rawDays = RAW_DAYS, ...login }: Influx1Options) {
    const { address, username, password } = addressOf(url, login);
    const port = Number(address.port) || (address.protocol === 'https:' ? 443 : 80);
    this.place = `influxdb:${address.hostname}:${port}${address.pathname}${database}`;
    this.#database = database;
    this.#rawDuration = `${rawDays * 24}h`;
    this.#client = new InfluxDB({
      host: address.hostname,
      port,
      protocol: address.protocol === 'https:' ? 'https' : 'http',
      path: address.pathname.slice(0, -1),
      database,
      ...(username === '' ? {} : { username, password }),
      pool: { maxRetries: 0, requestTimeout: REQUEST_TIMEOUT_MS, backoff: noPause },
    });
    this.#address = address;
    this.#writeUrls = {
      raw: this.#writeUrl({}),
      '5m': this.#writeUrl({ rp: POLICIES['5m'].name }),
      '1d': this.#writeUrl({ rp: POLICIES['1d'].name }),
    };
    this.#headers =
      username === ''
        ? {}
        : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  async start(): Promise<void> {
    if (await this.#isThere()) await this.#setUp();
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
    if (!this.#isSetUp) await this.#setUp();
    const outcome = await this.#post(tier, lines);
    if (
      outcome.outcome === 'accepted' ||
      !/^404 |database not found|retention policy not found/.test(outcome.reason)
    )
      return outcome;
    // The place was dropped behind our back: the lines are good, only where they belong is missing.
    this.#isSetUp = false;
    return { outcome: 'wait', reason: outcome.reason };
  }

  #writeUrl(policy: { rp?: string }): URL {
    const url = new URL('write', this.#address);
    url.search = `${new URLSearchParams({ db: this.#database, precision: 'ns', ...policy })}`;
    return url;
  }

  async #isThere(): Promise<boolean> {
    try {
      const url = new URL('ping', this.#address);
      const asked = { method: 'GET', headers: this.#headers, timeoutMs: PING_TIMEOUT_MS } as const;
      const { status } = await askHttp(url, asked);
      return status >= 200 && status < 300;
    } catch {
      return false;
    }
  }

  async #ask(influxql: string) {
    try {
      const options = { database: this.#database, precision: 'ms' } as const;
      return tablesOf((await this.#client.queryRaw(influxql, options)) as InfluxAnswer);
    } catch (error) {
      // The package's errors hold the whole request with its password, and errors are logged with all they hold.
      throw new Error(`InfluxDB did not answer a query: ${(error as Error).message.slice(0, 1_000)}`);
    }
  }

  /** A login that may only write is enough where somebody else has set up the database. */
  async #setUp(): Promise<void> {
    try {
      let there = await this.#policies();
      if (there === undefined) {
        await this.#client.createDatabase(this.#database);
        await this.#tell(`${this.#policy('raw')} DURATION ${this.#rawDuration} REPLICATION 1 DEFAULT`);
        there = [];
      }
      for (const { name, rest } of Object.values(POLICIES)) {
        if (!there.some((policy) => policy.name === name)) await this.#tell(`${this.#policy(name)} ${rest}`);
      }
      this.#isSetUp = true;
    } catch {
      // The write that follows fails too, and says why.
    }
  }

  /**
   * A database from before retention keeps everything for ever in its default policy; bounded once the rollups hold
   * what is old. A duration that a person has chosen is left alone.
   */
  async #boundRaw(): Promise<void> {
    const usual = (await this.#policies())?.find((policy) => policy.default);
    if (usual?.name === 'autogen' && usual.duration === '0s') {
      await this.#tell(`ALTER ${this.#policy('autogen', '')} DURATION ${this.#rawDuration}`);
    }
    this.#isRawBounded = usual !== undefined;
  }

  #policy(name: string, verb = 'CREATE '): string {
    return `${verb}RETENTION POLICY ${identifier(name)} ON ${identifier(this.#database)}`;
  }

  /** Undefined when there is no such database. */
  async #policies(): Promise<{ name: string; duration: string; default: boolean }[] | undefined> {
    try {
      return [...(await this.#client.showRetentionPolicies(this.#database))];
    } catch (error) {
      const { message } = error as Error;
      if (message.includes('database not found')) return undefined;
      throw new Error(message);
    }
  }

  async #tell(statement: string): Promise<void> {
    const { body } = await this.#postTo(
      new URL('query', this.#address),
      'application/x-www-form-urlencoded',
      `${new URLSearchParams({ q: statement })}`,
    );
    tablesOf(JSON.parse(body) as InfluxAnswer);
  }

  /** The lines go out as they stand in the journal: see docs/decisions/0004-lines-are-written-as-they-stand.md. */
  async #post(tier: Tier, lines: Lines): Promise<WriteOutcome> {
    try {
      const url = this.#writeUrls[tier];
      const { status, headers, body } = await this.#postTo(url, 'text/plain; charset=utf-8', lines);
      return writeOutcome(status, wordsOf(body) || (headers.location ?? ''), headers['retry-after']);
    } catch (error) {
      return unreachable(error);
    }
  }

  #postTo(url: URL, type: string, body: Lines) {
    const headers = { ...this.#headers, 'content-type': type };
    return askHttp(url, { method: 'POST', headers, body, timeoutMs: REQUEST_TIMEOUT_MS });
  }
}
