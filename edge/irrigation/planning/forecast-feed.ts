import { readFile, stat } from 'node:fs/promises';
import type { Logger } from '@nongtin/service';
import { readStateFile, writeStateFile } from '@nongtin/service';
import type { Forecast } from '../programs/forecast.ts';
import { readForecast } from '../programs/read-forecast.ts';
import type { Timers } from '../timers.ts';

interface ForecastFeedOptions {
  /** http(s) address, or path of a file. */
  readonly source: string;
  /** Where the last one is kept, for a start without internet. */
  readonly keptPath: string;
  readonly nowMs: () => number;
  readonly timers: Timers;
  readonly logger: Logger;
}

interface ForecastState {
  readonly source: string;
  readonly readAtMs: number | null;
  /** Why the last attempt brought nothing; null: it did. */
  readonly problem: string | null;
}

/** No round numbers: not every farm of a province is to ask in the same second. */
const URL_EVERY_MS = 3_613_000;
const RETRY_MS = 607_000;
const FILE_EVERY_MS = 61_000;
const PATIENCE_MS = 20_000;
/** Two weeks of hourly values are a tenth of that. */
const MOST_BYTES = 1_048_576;

interface Kept {
  readonly source: string;
  readonly readAtMs: number;
  readonly text: string;
}

/** The rain that somebody expects, read again and again. What cannot be read is told and tried again; the last one stays. */
export class ForecastFeed {
  readonly #options: ForecastFeedOptions;
  readonly #isUrl: boolean;
  #latest: Forecast | null = null;
  #readAtMs: number | null = null;
  #problem: string | null = null;
  #cancel: () => void = () => {};
  #isStopped = false;

  constructor(options: ForecastFeedOptions) {
    this.#options = options;
    this.#isUrl = /^https?:\/\//.test(options.source);
  }

  start(): void {
    this.#isStopped = false;
    this.#recall();
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  /** However old it is: whoever uses it looks at `issuedAtMs`. */
  latest(): Forecast | null {
    return this.#latest;
  }

  state(): ForecastState {
    return { source: withoutQuery(this.#options.source), readAtMs: this.#readAtMs, problem: this.#problem };
  }

  async #look(): Promise<void> {
    const { source, nowMs, logger } = this.#options;
    try {
      const found = this.#isUrl ? await fetched(source, nowMs()) : await fromFile(source);
      if (found.readAtMs !== this.#readAtMs) this.#take(found);
      this.#problem = null;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== this.#problem)
        logger.warn(
          { problem, source: withoutQuery(source) },
          'no forecast could be read; the last one stays',
        );
      this.#problem = problem;
    }
    if (this.#isStopped) return;
    const pause = this.#isUrl ? (this.#problem === null ? URL_EVERY_MS : RETRY_MS) : FILE_EVERY_MS;
    this.#cancel = this.#options.timers.after(pause, () => void this.#look());
  }

  #take({ text, readAtMs }: Pick<Kept, 'text' | 'readAtMs'>): void {
    const { source, keptPath } = this.#options;
    this.#latest = read(text, readAtMs);
    this.#readAtMs = readAtMs;
    if (this.#isUrl) writeStateFile(keptPath, { source, readAtMs, text } satisfies Kept);
  }

  #recall(): void {
    if (!this.#isUrl) return;
    const { source, keptPath, logger } = this.#options;
    try {
      const kept = readStateFile(keptPath, isKept);
      if (kept?.source !== source) return;
      this.#latest = read(kept.text, kept.readAtMs);
      this.#readAtMs = kept.readAtMs;
    } catch (error) {
      logger.warn({ err: error }, 'the forecast of before the start cannot be read any more');
    }
  }
}

function read(text: string, issuedAtMs: number): Forecast {
  const found = readForecast(text, issuedAtMs);
  if ('problem' in found) throw new Error(found.problem);
  return found.forecast;
}

async function fetched(url: string, nowMs: number): Promise<Pick<Kept, 'text' | 'readAtMs'>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`the forecast's server answered ${response.status}`);
  return { text: await bounded(response), readAtMs: nowMs };
}

async function bounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MOST_BYTES) throw new Error(`the forecast is longer than ${MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Made when the file was written. */
async function fromFile(path: string): Promise<Pick<Kept, 'text' | 'readAtMs'>> {
  const { mtimeMs, size } = await stat(path);
  if (size > MOST_BYTES) throw new Error(`the forecast is longer than ${MOST_BYTES} bytes`);
  return { text: await readFile(path, 'utf8'), readAtMs: Math.round(mtimeMs) };
}

/** A key may stand in it. */
function withoutQuery(source: string): string {
  return source.replace(/\?.*$/, '').replace(/\/\/[^/@]*@/, '//');
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  return 'source' in value && 'readAtMs' in value && 'text' in value;
}
