import { Worker } from 'node:worker_threads';
import type { MetricName } from '@nongtin/broker/wire';
import { StartProblem } from '@nongtin/service';
import { OPENED, type SeriesAnswer, type SeriesRequest, type SeriesValue } from './sqlite-protocol.ts';
import type { SeriesPoint, SeriesQuery, SeriesStore, WriteOutcome } from './store.ts';

/** The embedded default: one SQLite file, in a thread of its own, so that a large write never holds up control. */
export function sqliteSeries(options: { path: string }): SeriesStore {
  return new SqliteSeries(options.path);
}

type Ask = SeriesRequest extends infer Request
  ? Request extends { id: number }
    ? Omit<Request, 'id'>
    : never
  : never;

interface Waiting {
  resolve(value: SeriesValue): void;
  reject(error: Error): void;
}

class SqliteSeries implements SeriesStore {
  readonly name = 'sqlite';
  readonly place = 'sqlite';
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = OPENED;

  constructor(path: string) {
    this.#path = path;
  }

  async start(): Promise<void> {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: { path: this.#path },
    });
    worker.on('message', (answer: SeriesAnswer) => this.#settle(answer));
    worker.on('error', (error: Error) => this.#fail(error));
    worker.on('exit', () => this.#fail(new Error('the series database is closed')));
    await new Promise((resolve, reject) => this.#waiting.set(OPENED, { resolve, reject }));
    this.#worker = worker;
  }

  async write(lines: string): Promise<WriteOutcome> {
    try {
      return (await this.#ask({ ask: 'write', lines })) as WriteOutcome;
    } catch (error) {
      return { outcome: 'wait', reason: (error as Error).message };
    }
  }

  async query(query: SeriesQuery): Promise<SeriesPoint[]> {
    return (await this.#ask({ ask: 'query', query })) as SeriesPoint[];
  }

  async metricsOf(device: string): Promise<MetricName[]> {
    return (await this.#ask({ ask: 'metricsOf', device })) as MetricName[];
  }

  async stop(): Promise<void> {
    if (this.#worker !== undefined) await this.#ask({ ask: 'close' });
    this.#worker = undefined;
  }

  #ask(ask: Ask): Promise<SeriesValue> {
    return new Promise((resolve, reject) => {
      if (this.#worker === undefined) throw new Error('the series database is closed');
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { resolve, reject });
      this.#worker.postMessage({ ...ask, id: this.#lastId } satisfies SeriesRequest);
    });
  }

  #settle(answer: SeriesAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('ok' in answer) waiting?.resolve(answer.ok);
    else waiting?.reject(answer.atStart ? new StartProblem(answer.problem) : new Error(answer.problem));
  }

  #fail(error: Error): void {
    this.#worker = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
