import { Worker } from 'node:worker_threads';
import { StartProblem } from '@nongtin/service';
import { NO_ROLLUPS } from './plan.ts';
import {
  OPENED,
  type Opened,
  type SeriesAnswer,
  type SeriesRequest,
  type SeriesValue,
} from './sqlite-protocol.ts';
import {
  type Lines,
  type Rollups,
  type SeriesName,
  type SeriesPoint,
  type SeriesQuery,
  type SeriesStore,
  textOf,
  type WriteOutcome,
} from './store.ts';

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
  readonly worker: Worker;
  resolve(value: SeriesValue): void;
  reject(error: Error): void;
}

class SqliteSeries implements SeriesStore {
  readonly name = 'sqlite';
  readonly rollups: Rollups = {
    recompute: (span) => this.#outcome({ ask: 'recompute', span }),
    mark: (marks) => {
      this.#marks = marks;
    },
    forget: async (tier, beforeMs) => (await this.#ask({ ask: 'forget', tier, beforeMs })) === true,
  };
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #starting: Promise<void> | undefined;
  #marks = NO_ROLLUPS;
  #file: Opened = { fileId: '', isOlderThanIds: false };
  #isOpen = false;
  #lastId = OPENED;
  #losses = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** A file that was deleted comes back as another one: readers then bring everything again. */
  get place(): string {
    return `sqlite:${this.#file.fileId}`;
  }

  /** Before files had ids there was one place for all. */
  get formerPlace(): string {
    return this.#file.isOlderThanIds ? 'sqlite' : this.place;
  }

  /** What a thread that crashes had in memory is gone. */
  get losses(): number {
    return this.#losses;
  }

  async start(): Promise<void> {
    this.#isOpen = true;
    try {
      await this.#startThread();
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  write(lines: Lines): Promise<WriteOutcome> {
    return this.#outcome({ ask: 'write', lines: textOf(lines) });
  }

  flush(): Promise<WriteOutcome> {
    return this.#outcome({ ask: 'flush' });
  }

  async query(query: SeriesQuery): Promise<SeriesPoint[]> {
    return (await this.#ask({ ask: 'query', query, marks: this.#marks })) as SeriesPoint[];
  }

  async seriesOf(device: string): Promise<SeriesName[]> {
    return (await this.#ask({ ask: 'seriesOf', device })) as SeriesName[];
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    await this.#starting?.catch(() => undefined);
    if (this.#worker !== undefined) await this.#send(this.#worker, { ask: 'close' });
    this.#worker = undefined;
  }

  async #outcome(ask: Ask): Promise<WriteOutcome> {
    try {
      return (await this.#ask(ask)) as WriteOutcome;
    } catch (error) {
      return { outcome: 'wait', reason: (error as Error).message };
    }
  }

  /** A thread that has crashed is started again by the next question; the one under way is answered with its error. */
  async #ask(ask: Ask): Promise<SeriesValue> {
    if (this.#isOpen && this.#worker === undefined) await this.#startThread();
    if (this.#worker === undefined) throw new Error('the series database is closed');
    return this.#send(this.#worker, ask);
  }

  #startThread(): Promise<void> {
    this.#starting ??= this.#openThread().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #openThread(): Promise<void> {
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: { path: this.#path },
    });
    worker.on('message', (answer: SeriesAnswer) => this.#settle(answer));
    worker.on('error', (error: Error) => this.#fail(worker, error));
    worker.on('exit', () => this.#fail(worker, new Error('the series database is closed')));
    const opened = await new Promise<SeriesValue>((resolve, reject) =>
      this.#waiting.set(OPENED, { worker, resolve, reject }),
    );
    this.#file = opened as Opened;
    this.#worker = worker;
  }

  #send(worker: Worker, ask: Ask): Promise<SeriesValue> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { worker, resolve, reject });
      worker.postMessage({ ...ask, id: this.#lastId } satisfies SeriesRequest);
    });
  }

  #settle(answer: SeriesAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('ok' in answer) waiting?.resolve(answer.ok);
    else waiting?.reject(answer.atStart ? new StartProblem(answer.problem) : new Error(answer.problem));
  }

  /** A thread says so twice, with its error and with its end; another one may run by then. */
  #fail(worker: Worker, error: Error): void {
    if (this.#worker === worker) {
      this.#worker = undefined;
      this.#losses += 1;
    }
    for (const [id, waiting] of this.#waiting) {
      if (waiting.worker !== worker) continue;
      this.#waiting.delete(id);
      waiting.reject(error);
    }
  }
}
