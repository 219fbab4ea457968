import { Worker } from 'node:worker_threads';
import { type Answer, type Ask, type CodecCall, LIMITS, type Outcome } from './protocol.ts';
import { Turns } from './turns.ts';

export interface ThreadCall {
  readonly script: string;
  readonly version: number;
  readonly source: string;
  readonly call: CodecCall;
  readonly input: string;
  /** Asked when its turn comes: the answer it gets instead of being run. */
  refusal(): Outcome | undefined;
  /** Told how it ended before the next call is chosen. */
  ended(outcome: Outcome): void;
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
 * The near end of the codecs' thread: one call at a time, each with a watchdog; scripts take turns, so that one with many
 * waiting calls costs another at most the time of one call. A thread that hangs or dies is ended,
 * the call under way fails, and the others go on in a new one. It starts with the first call: a farm without LoRaWAN
 * pays nothing for it.
 */
export class CodecThread {
  readonly #queue = new Turns<Waiting>();
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
    return this.#queue.size;
  }

  waitingFor(script: string): number {
    return this.#queue.of(script);
  }

  /** Never rejects. What is under way at a stop is never answered: its message is not acknowledged, and comes again. */
  run(call: ThreadCall): Promise<Outcome> {
    return new Promise((resolve) => {
      if (this.#stopped) return;
      this.#queue.push(call.script, { ...call, resolve });
      this.#next();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.clear();
    clearTimeout(this.#watchdog);
    await this.#worker?.terminate();
  }

  #next(): void {
    if (this.#current !== undefined || this.#queue.size === 0) return;
    this.#worker ??= this.#start();
    if (!this.#ready) return;
    const call = this.#nextAllowed();
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

  #nextAllowed(): Waiting | undefined {
    for (let call = this.#queue.next(); call !== undefined; call = this.#queue.next()) {
      const refusal = call.refusal();
      if (refusal === undefined) return call;
      call.resolve(refusal);
    }
    return undefined;
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
    call?.ended(outcome);
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
      for (const waiting of this.#queue.clear()) waiting.resolve({ failure: 'crashed', detail });
    } else this.#next();
  }
}
