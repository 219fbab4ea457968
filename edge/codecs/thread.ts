import { Worker } from 'node:worker_threads';
import { type Answer, type Ask, type CodecCall, LIMITS, type Outcome } from './protocol.ts';

export interface ThreadCall {
  readonly script: string;
  readonly version: number;
  readonly source: string;
  readonly call: CodecCall;
  readonly input: string;
}

interface Waiting extends ThreadCall {
  resolve(outcome: Outcome): void;
}

const HEAP_MIB = 32;
const YOUNG_MIB = 4;
const STACK_MIB = 4;
const MOST_STARTS_IN_A_ROW = 3;
const START_MS = 60_000;

/**
 * The near end of the codecs' thread: one call at a time, each with a watchdog. A thread that hangs or dies is ended,
 * the call under way fails, and the others go on in a new one. It starts with the first call: a farm without LoRaWAN
 * pays nothing for it.
 */
export class CodecThread {
  readonly #queue: Waiting[] = [];
  readonly #onCrash: (detail: string) => void;
  #worker: Worker | undefined;
  #ready = false;
  #starts = 0;
  #given = new Map<string, number>();
  #current: Waiting | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #lastId = 0;
  #stopped = false;

  constructor(onCrash: (detail: string) => void) {
    this.#onCrash = onCrash;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Never rejects. What is under way at a stop is never answered: its message is not acknowledged, and comes again. */
  run(call: ThreadCall): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.#stopped) return;
      this.#queue.push({ ...call, resolve });
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.length = 0;
    clearTimeout(this.#watchdog);
    await this.#worker?.terminate();
  }

  #next(): void {
    if (this.#current !== undefined || this.#queue.length === 0) return;
    this.#worker ??= this.#start();
    if (!this.#ready) return;
    const call = this.#queue.shift();
    if (call === undefined) return;
    this.#current = call;
    this.#lastId += 1;
    const id = this.#lastId;
    const { script, version, source, input } = call;
    const known = this.#given.get(script) === version;
    this.#given.set(script, version);
    const ask: Ask = {
      ...{ id, script, version, call: call.call, input },
      source: known ? undefined : source,
    };
    this.#worker.postMessage(ask);
    this.#watchdog = setTimeout(() => this.#hangs(id), LIMITS.hangMs);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./codec-worker.ts', import.meta.url), {
      resourceLimits: {
        maxOldGenerationSizeMb: HEAP_MIB,
        maxYoungGenerationSizeMb: YOUNG_MIB,
        stackSizeMb: STACK_MIB,
      },
      // No environment and no output of its own; the script inside QuickJS would reach neither anyway.
      ...{ env: {}, stdin: false, stdout: true, stderr: true },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    this.#starts += 1;
    this.#ready = false;
    this.#given = new Map();
    worker.on('message', (answer: Answer) => {
      if (worker === this.#worker) this.#take(answer);
    });
    worker.once('error', (error) => this.#lose(worker, String(error)));
    worker.once('exit', () => this.#lose(worker, 'its thread ended'));
    this.#watchdog = setTimeout(() => this.#end(worker, 'its thread did not start'), START_MS);
    return worker;
  }

  #take(answer: Answer): void {
    if ('ready' in answer) {
      clearTimeout(this.#watchdog);
      this.#ready = true;
    } else if (answer.id === this.#lastId) {
      this.#starts = 0;
      this.#settle(answer.outcome);
    }
    this.#next();
  }

  #settle(outcome: Outcome): void {
    clearTimeout(this.#watchdog);
    const call = this.#current;
    this.#current = undefined;
    call?.resolve(outcome);
  }

  /** What has come while this thread was busy itself is read first: the answer may be among it. */
  #hangs(id: number): void {
    setImmediate(() => {
      if (this.#current === undefined || this.#lastId !== id) return;
      this.#starts = 0;
      this.#end(this.#worker, `it had not ended after ${LIMITS.hangMs} ms and could not be interrupted`);
    });
  }

  #end(worker: Worker | undefined, detail: string): void {
    this.#lose(worker, detail);
    worker?.terminate();
  }

  #lose(worker: Worker | undefined, detail: string): void {
    if (this.#stopped || worker === undefined || worker !== this.#worker) return;
    this.#worker = undefined;
    this.#ready = false;
    this.#onCrash(detail);
    this.#settle({ failure: 'crashed', detail });
    if (this.#starts >= MOST_STARTS_IN_A_ROW) {
      this.#starts = 0;
      for (const waiting of this.#queue.splice(0)) waiting.resolve({ failure: 'crashed', detail });
    } else this.#next();
  }
}
