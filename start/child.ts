import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem } from '@nongtin/service';
import type { Environment } from './config.ts';
import { endGroup, identityOf, type ProcessIdentity, pause } from './processes.ts';

export interface ChildSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  readonly logPath: string;
}

interface ChildEvents {
  /** Something a person at the terminal wants to know. */
  say(text: string): void;
  /** A process has been started. */
  started(name: string, identity: ProcessIdentity): void;
  /** It cannot start, and trying again will not help: one sentence. */
  failed(sentence: string): void;
}

const BACK_OFF_MS = [500, 1_000, 2_000, 4_000, 8_000, 10_000];
const STEADY_MS = 60_000;
const TRIES_BEFORE_READY = 3;
const STOP_MS = 5_200;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const LOG_LOOK_MS = 10_000;

/** One of our processes: kept running, its output in a log file, in a group of its own so that Ctrl-C is ours alone. */
export class Child {
  readonly name: string;
  readonly #spec: ChildSpec;
  readonly #events: ChildEvents;
  readonly #steps: readonly number[];
  #identity: ProcessIdentity | undefined;
  #logOffset = 0;
  #startedAtMs = 0;
  #tries = 0;
  #ready = false;
  #stopping = false;
  #complaint = '';
  #logLook: NodeJS.Timeout | undefined;
  readonly #logLookMs: number;

  constructor(
    spec: ChildSpec,
    events: ChildEvents,
    backOffMs: readonly number[] = BACK_OFF_MS,
    logLookMs = LOG_LOOK_MS,
  ) {
    this.name = spec.name;
    this.#spec = spec;
    this.#events = events;
    this.#steps = backOffMs;
    this.#logLookMs = logLookMs;
  }

  start(): void {
    rotate(this.#spec.logPath);
    this.#spawn();
    this.#logLook = setInterval(() => this.#keepLogSmall(), this.#logLookMs).unref();
  }

  /** It answered: from now on an end is an accident, to be repaired. */
  ready(): void {
    this.#ready = true;
    this.#tries = 0;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#logLook);
    if (this.#identity) await endGroup(this.#identity, STOP_MS);
  }

  #spawn(): void {
    const { command, args, cwd, env, logPath } = this.#spec;
    // Somebody may have deleted the whole data folder while we ran.
    mkdirSync(dirname(logPath), { recursive: true });
    const log = openSync(logPath, 'a', 0o600);
    this.#logOffset = statSync(logPath).size;
    this.#startedAtMs = performance.now();
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', log, log] });
    closeSync(log);
    child.once('error', (error) =>
      this.#events.failed(`${this.name} could not be started: ${error.message}`),
    );
    if (child.pid === undefined) return;
    const identity = identityOf(child.pid) ?? { pid: child.pid, began: '' };
    this.#identity = identity;
    child.once('exit', (code, signal) => this.#ended(identity, code, signal));
    this.#noted(identity);
  }

  #noted(identity: ProcessIdentity): void {
    try {
      this.#events.started(this.name, identity);
    } catch (error) {
      // It runs already: a second one beside it would be worse than no note of it.
      this.#events.say(`${this.name} runs, but that could not be noted: ${sentenceOf(error)}`);
    }
  }

  async #ended(identity: ProcessIdentity, code: number | null, signal: string | null): Promise<void> {
    if (this.#stopping) return;
    const how = signal === null ? `code ${code}` : signal;
    const sentence = code === 1 ? this.#sentence() : undefined;
    if (!this.#ready) {
      if (sentence !== undefined) return this.#events.failed(sentence);
      if (this.#tries >= TRIES_BEFORE_READY)
        return this.#events.failed(
          `${this.name} ends as soon as it starts (${how}): see ${this.#spec.logPath}`,
        );
    }
    await this.#again(identity, how, sentence);
  }

  async #again(identity: ProcessIdentity, how: string, sentence: string | undefined): Promise<void> {
    if (performance.now() - this.#startedAtMs > STEADY_MS) this.#tries = 0;
    const waitMs = this.#steps[Math.min(this.#tries, this.#steps.length - 1)] ?? 0;
    this.#tries += 1;
    const why = sentence === undefined ? '' : ` ${sentence}`;
    this.#events.say(
      `${this.name} ended unexpectedly (${how}).${why} Starting it again in ${waitMs / 1000} s.`,
    );
    // What it had started itself must not hold its ports.
    await endGroup(identity, 3_000);
    await pause(waitMs);
    while (!this.#stopping && !this.#spawned()) await pause(this.#steps.at(-1) ?? 0);
  }

  /** Nobody waits for a start that is repeated, so what keeps it from starting is told here. */
  #spawned(): boolean {
    try {
      this.#spawn();
      return true;
    } catch (error) {
      const complaint = `${this.name} cannot be started again yet: ${sentenceOf(error)}`;
      if (complaint !== this.#complaint) this.#events.say(complaint);
      this.#complaint = complaint;
      return false;
    }
  }

  #keepLogSmall(): void {
    if (cutOff(this.#spec.logPath)) this.#logOffset = 0;
  }

  /** The sentence a service prints when it cannot start, 'name: what is wrong': the last such line, the others are JSON. */
  #sentence(): string | undefined {
    const text = readOrNothing(this.#spec.logPath).subarray(this.#logOffset).toString('utf8');
    const line = text.split('\n').findLast((one) => /^[a-z-]+: /.test(one));
    return line?.slice(line.indexOf(': ') + 2);
  }
}

/** Somebody may have deleted the log, or the whole data folder, while we ran. */
function readOrNothing(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function rotate(path: string): void {
  try {
    if (statSync(path).size > LOG_LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch {
    // No log yet.
  }
}

/**
 * Begins a log anew while its process goes on writing to it: a renamed file would be written on, so it is copied and
 * emptied. What is written between the two is lost.
 */
function cutOff(path: string): boolean {
  try {
    if (statSync(path).size <= LOG_LIMIT_BYTES) return false;
    copyFileSync(path, `${path}.1`);
    truncateSync(path);
    return true;
  } catch {
    // No log any more, or no room for a second one: the next look tries again.
    return false;
  }
}

function sentenceOf(error: unknown): string {
  const problem = explainProblem(error);
  return problem instanceof Error ? problem.message : String(problem);
}
