import { readStateFile, writeStateFile } from '@nongtin/service';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { SeriesHistory } from './quality.ts';

const MOST_SERIES = 50_000;
/** Small on an SD card, and no flat line is shorter than a day. */
const SAVE_EVERY_MS = 3_600_000;

const Numbers = Type.Array(Type.Union([Type.Number(), Type.Null()]));
const File = Type.Object({
  version: Type.Literal(1),
  /** Name; counted, countedAtMs, still, stillSinceMs, stillAtMs; null stands for none. */
  series: Type.Array(Type.Tuple([Type.String(), Numbers])),
});
const file = Compile(File);

interface SeriesMemoryOptions {
  readonly path: string;
  /** The memory could not be read or written: quality begins anew, nothing else is lost. */
  readonly onError: (error: unknown) => void;
}

/**
 * What must be known of a series after a restart: where its counter stood, and since when it has not moved. (Jumps begin
 * anew: the first reading after a start is believed.) Saved each hour and at the end; after a kill an hour is missing,
 * in which a counter can only have risen.
 */
export class SeriesMemory {
  readonly #options: SeriesMemoryOptions;
  /** Not asked for yet. */
  readonly #saved = new Map<string, readonly (number | null)[]>();
  readonly #states = new Map<string, SeriesHistory>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: SeriesMemoryOptions) {
    this.#options = options;
  }

  start(): void {
    const { path, onError } = this.#options;
    try {
      const saved = readStateFile(path, (value): value is Static<typeof File> => file.Check(value));
      for (const [name, numbers] of saved?.series ?? []) this.#saved.set(name, numbers);
    } catch (error) {
      onError(error);
    }
    this.#timer = setInterval(() => this.#save(), SAVE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#save();
  }

  /** Puts what is known into a new state, and saves that state from here on. */
  recall(name: string, state: SeriesHistory): void {
    const before = this.#states.get(name);
    const numbers = before === undefined ? this.#saved.get(name) : numbersOf(before);
    const [counted, countedAtMs, still, stillSinceMs, stillAtMs] = numbers ?? [];
    this.#saved.delete(name);
    state.counted = counted ?? Number.NaN;
    state.countedAtMs = countedAtMs ?? Number.NEGATIVE_INFINITY;
    state.still = still ?? Number.NaN;
    state.stillSinceMs = stillSinceMs ?? 0;
    state.stillAtMs = stillAtMs ?? 0;
    if (this.#states.size < MOST_SERIES || this.#states.has(name)) this.#states.set(name, state);
  }

  /** The next word of each of its counters is one that began anew, wherever it stands. */
  replaced(device: string): void {
    const isItsOwn = (name: string) => name.startsWith(`${device}\n`);
    for (const [name, numbers] of this.#saved)
      if (isItsOwn(name) && numbers[0] != null)
        this.#saved.set(name, [Number.MAX_VALUE, null, ...numbers.slice(2)]);
    for (const [name, state] of this.#states) {
      if (!isItsOwn(name) || Number.isNaN(state.counted)) continue;
      state.counted = Number.MAX_VALUE;
      state.countedAtMs = Number.NEGATIVE_INFINITY;
    }
  }

  #save(): void {
    const told = [...this.#states].map(([name, state]) => [name, numbersOf(state)]);
    const series = [...told, ...this.#saved].slice(0, MOST_SERIES);
    try {
      writeStateFile(this.#options.path, { version: 1, series });
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

/** JSON has no NaN and no infinity: both become null. */
function numbersOf({ counted, countedAtMs, still, stillSinceMs, stillAtMs }: SeriesHistory): number[] {
  return [counted, countedAtMs, still, stillSinceMs, stillAtMs];
}
