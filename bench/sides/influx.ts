import { join } from 'node:path';
import { type RunningInfluxd, startInfluxd } from '@nongtin/series/influx';
import { freePorts } from '@nongtin/service';
import { adopt, remove, temporaryFolder } from './leftovers.ts';

/** How often each message of a device (by its number) stands in InfluxDB. */
export type StoredNumbers = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** An InfluxDB 1.x of one side's own, which can be killed and started again on the same data. */
export class InfluxServer {
  readonly #dir = temporaryFolder('influx');
  readonly #httpPort: number;
  readonly #rpcPort: number;
  #running: RunningInfluxd | undefined;

  private constructor(httpPort: number, rpcPort: number) {
    this.#httpPort = httpPort;
    this.#rpcPort = rpcPort;
  }

  static async start(): Promise<InfluxServer> {
    const [httpPort = 0, rpcPort = 0] = await freePorts(2);
    const server = new InfluxServer(httpPort, rpcPort);
    await server.again();
    return server;
  }

  /** Starts it, as the first time or after `kill`. */
  async again(): Promise<void> {
    const { httpPort, rpcPort } = { httpPort: this.#httpPort, rpcPort: this.#rpcPort };
    this.#running = await startInfluxd({ dir: this.#dir, httpPort, rpcPort });
    adopt(this.#running.process);
  }

  async kill(): Promise<void> {
    await this.#running?.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#running?.stop('SIGKILL');
    remove(this.#dir);
  }

  /** Where a database's files lie once they are out of the write-ahead log. */
  dataFolder(database: string): string {
    return join(this.#dir, 'data', database);
  }

  get httpPort(): number {
    return this.#httpPort;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#httpPort}`;
  }

  get pid(): number {
    return this.#running?.process.pid ?? 0;
  }

  /** The values of every row of the answer's every series. */
  async query(database: string, influxql: string): Promise<unknown[][]> {
    return (await this.#series(database, influxql)).flatMap(({ values }) => values ?? []);
  }

  /** How many rows a measurement's field has since a time; rows in the future count. */
  async count(database: string, measurement: string, field: string, sinceMs: number): Promise<number> {
    const where = `WHERE time >= ${Math.floor(sinceMs)}ms AND time < now() + 1d`;
    const rows = await this.query(database, `SELECT COUNT("${field}") FROM "${measurement}" ${where}`);
    return Number(rows[0]?.[1] ?? 0);
  }

  /** How often each value stands in a query's second column, by device; the query groups by device. */
  async numbers(database: string, influxql: string): Promise<StoredNumbers> {
    const stored = new Map<string, Map<number, number>>();
    for (const { tags, values = [] } of await this.#series(database, influxql)) {
      const counts = new Map<number, number>();
      for (const [, value] of values) counts.set(Number(value), (counts.get(Number(value)) ?? 0) + 1);
      stored.set(tags?.device ?? '', counts);
    }
    return stored;
  }

  async #series(database: string, influxql: string) {
    const url = `${this.url}/query?${new URLSearchParams({ db: database, q: influxql, epoch: 'ns' })}`;
    const response = await fetch(url, { method: 'POST' });
    const answer = (await response.json()) as QueryAnswer;
    const [result] = answer.results ?? [];
    const error = answer.error ?? result?.error;
    if (error !== undefined) throw new Error(`InfluxDB refused '${influxql}': ${error}`);
    return result?.series ?? [];
  }
}

interface QueryAnswer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly tags?: { readonly device?: string };
      readonly values?: unknown[][];
    }[];
  }[];
}
