import { Worker } from 'node:worker_threads';
import type {
  Answer,
  Ask,
  DamageReport,
  Tail,
  ThreadData,
  Trouble,
  UpkeepReport,
  Values,
} from './protocol.ts';

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The near end of the journal's thread: questions with promised answers. */
export class JournalThread {
  readonly #waiting = new Map<number, Waiting>();
  readonly #explain: (why: Trouble) => Error;
  readonly #onTrouble: (why: Trouble) => void;
  readonly #onRoom: (report: UpkeepReport) => void;
  readonly #onSalvaged: (damage: DamageReport) => void;
  #worker: Worker | undefined;
  #lastId = 0;

  constructor(
    explain: (why: Trouble) => Error,
    onTrouble: (why: Trouble) => void,
    onRoom: (report: UpkeepReport) => void,
    onSalvaged: (damage: DamageReport) => void,
  ) {
    this.#explain = explain;
    this.#onTrouble = onTrouble;
    this.#onRoom = onRoom;
    this.#onSalvaged = onSalvaged;
  }

  /** Opens the journal; throws its StartProblem. */
  async start(data: ThreadData): Promise<Tail> {
    const worker = new Worker(new URL('./journal-worker.ts', import.meta.url), { workerData: data });
    const tail = await new Promise<Tail>((resolve, reject) => {
      worker.once('message', (answer: Answer) => {
        if (answer.answer === 'opened') resolve(answer.tail);
        else if (answer.answer === 'refused') reject(this.#explain(answer.why));
      });
      worker.once('error', reject);
    });
    worker.removeAllListeners('error');
    worker.on('message', (answer: Answer) => this.#settle(answer));
    // From here on an error of the thread is a fault of ours: without a listener it ends the process, whose next start
    // finds everything that was acknowledged.
    worker.once('exit', () => this.#close());
    this.#worker = worker;
    return tail;
  }

  ask<Question extends Ask['ask']>(ask: Ask & { ask: Question }): Promise<Values[Question]> {
    return new Promise((resolve, reject) => {
      if (this.#worker === undefined) throw new Error('the journal is closed');
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { resolve: (value) => resolve(value as Values[Question]), reject });
      this.#worker.postMessage({ ...ask, id: this.#lastId }, handedOver(ask));
    });
  }

  async stop(): Promise<void> {
    if (this.#worker === undefined) return;
    const worker = this.#worker;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    await this.ask({ ask: 'close' });
    await gone;
  }

  #settle(answer: Answer): void {
    if (answer.answer === 'trouble') this.#onTrouble(answer.why);
    if (answer.answer === 'salvaged') this.#onSalvaged(answer.damage);
    if (answer.answer === 'room') this.#onRoom(answer.report);
    if (answer.answer !== 'done' && answer.answer !== 'failed') return;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.answer === 'done') waiting?.resolve(answer.value);
    else waiting?.reject(new Error(answer.message));
  }

  #close(): void {
    this.#worker = undefined;
    for (const waiting of this.#waiting.values()) waiting.reject(new Error('the journal is closed'));
    this.#waiting.clear();
  }
}

/** What needs no copy: nobody here looks at it again. */
function handedOver(ask: Ask): ArrayBuffer[] {
  const readings = ask.ask === 'commit' ? ask.commit.readings : undefined;
  const buffers = readings === undefined ? [] : [readings.payload.buffer, readings.keys.buffer];
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer);
}
