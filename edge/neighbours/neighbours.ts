import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { NeighbourAnswer, NeighbourCatches, type NeighbourQuestion } from '@nongtin/broker/wire';
import { type Logger, readStateFile, writeStateFile } from '@nongtin/service';
import { Compile } from 'typebox/compile';
import type { SiteLocation } from '../irrigation/crop-water/site.ts';
import type { Timers } from '../irrigation/timers.ts';
import type { NeighbourCatch } from '../pest/neighbour-risk.ts';
import { shapeProblems } from '../shape.ts';

interface NeighboursOptions {
  /** Where the latest answer is kept. */
  readonly path: string;
  /** Where the farm is now; undefined: it has not said. */
  readonly place: () => Pick<SiteLocation, 'latitudeDegrees' | 'longitudeDegrees'> | undefined;
  readonly clock: { monotonicMs(): number };
  readonly timers: Timers;
  /** There is something else to say of neighbours. */
  readonly onChanged?: () => void;
  readonly logger: Logger;
}

export interface NeighboursState {
  /** By the cloud's clock; null: it has told nothing yet. */
  readonly atMs: number | null;
  readonly withinKm: number | null;
  readonly catches: readonly NeighbourCatch[];
  /** Farms of which there was no room to tell. */
  readonly leftOut: number;
}

/** Farms tell of their traps once a day; a link that is up for two minutes a day is asked as soon as it is. */
const ASK_EVERY_MS = 3 * 3_600_000;
const ASK_AGAIN_MS = 120_000;
/** Five times the largest answer. */
const MOST_BYTES = 128 * 1024;
const answerOf = Compile(NeighbourAnswer);
const catchesOf = Compile(NeighbourCatches);
const keptOf = (value: unknown): value is NeighbourCatches => catchesOf.Check(value);

/**
 * What traps of the cooperative's other farms have caught, as its cloud said last (decision 0041). Asked over whatever connection the
 * uplink has; the answer is kept over restarts with its date, and stands until a newer one comes. Nothing waits for it.
 */
export class Neighbours {
  readonly #options: NeighboursOptions;
  #latest: NeighbourCatches | undefined;
  #publish: ((message: string) => void) | undefined;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #cancel = () => {};

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** Recalls the answer of before the start. */
  start(): void {
    const { path, logger } = this.#options;
    try {
      this.#latest = readStateFile(path, keptOf);
    } catch (error) {
      logger.warn(
        { err: error },
        'what neighbours caught before the start is lost; the cloud is asked again',
      );
    }
  }

  state(): NeighboursState {
    const { atMs = null, withinKm = null, leftOut = 0 } = this.#latest ?? {};
    return { atMs, withinKm, leftOut, catches: this.list() };
  }

  /** However old: each catch has its date. */
  list(): readonly NeighbourCatch[] {
    return (this.#latest?.farms ?? []).flatMap(({ farm, distanceKm, bearingDegrees, pests }) =>
      pests.flatMap(({ pest, days }) =>
        days.map(({ date, perTrapPerDay }) => ({
          ...{ pest, farm, distanceKm, bearing: bearingDegrees, perTrapPerDay, date },
        })),
      ),
    );
  }

  /** It belongs to another cooperative, or to none any more. */
  forget(): void {
    this.#answeredAtMs = Number.NEGATIVE_INFINITY;
    if (this.#latest !== undefined) this.#keep(undefined);
  }

  connected(publish: (message: string) => void): void {
    this.#publish = publish;
    const sinceMs = this.#options.clock.monotonicMs() - this.#answeredAtMs;
    if (sinceMs >= ASK_EVERY_MS) this.#ask();
    else this.#later(ASK_EVERY_MS - sinceMs);
  }

  disconnected(): void {
    this.#publish = undefined;
    this.#cancel();
  }

  /** A message on the topic of answers. What cannot be read is told and changes nothing. */
  onMessage(payload: Uint8Array): void {
    const { clock, logger } = this.#options;
    const read = readAnswer(payload);
    if ('problem' in read) {
      logger.warn(
        { problem: read.problem },
        'what the cloud says of neighbours cannot be read; the last stays',
      );
      return;
    }
    this.#answeredAtMs = clock.monotonicMs();
    if (this.#publish !== undefined) this.#later(ASK_EVERY_MS);
    const { answer } = read;
    if ('refused' in answer)
      logger.warn({ problem: answer.refused }, 'the cloud does not take our question of neighbours');
    else this.#keep(answer);
  }

  #ask(): void {
    this.#publish?.(JSON.stringify(questionFrom(this.#options.place())));
    this.#later(ASK_AGAIN_MS);
  }

  #later(ms: number): void {
    this.#cancel();
    this.#cancel = this.#options.timers.after(ms, () => this.#ask());
  }

  #keep(catches: NeighbourCatches | undefined): void {
    const { path, logger, onChanged } = this.#options;
    this.#latest = catches;
    try {
      if (catches === undefined) rmSync(path, { force: true });
      else writeStateFile(path, catches);
    } catch (error) {
      logger.warn(
        { err: error },
        'what neighbours catch is not kept; after a restart the cloud is asked again',
      );
    }
    onChanged?.();
  }
}

/** With what the gateway in this folder was told before. */
export function openNeighbours(folder: string, options: Omit<NeighboursOptions, 'path'>): Neighbours {
  const neighbours = new Neighbours({ ...options, path: join(folder, 'neighbours.json') });
  neighbours.start();
  return neighbours;
}

/** Its place to about a kilometre: nobody is told more of where a farm lies. */
function questionFrom(place: ReturnType<NeighboursOptions['place']>): NeighbourQuestion {
  if (place === undefined) return {};
  const rounded = (degrees: number) => Math.round(degrees * 100) / 100;
  return { latitude: rounded(place.latitudeDegrees), longitude: rounded(place.longitudeDegrees) };
}

function readAnswer(
  payload: Uint8Array,
): { readonly answer: NeighbourAnswer } | { readonly problem: string } {
  if (payload.byteLength > MOST_BYTES)
    return { problem: `the answer has ${payload.byteLength} bytes, at most ${MOST_BYTES} are read` };
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    return { problem: `the answer is no JSON: ${(error as Error).message}` };
  }
  if (answerOf.Check(value)) return { answer: value };
  // Of the two shapes it is the one that tells of farms, unless it says that it is not.
  const isRefusal = typeof value === 'object' && value !== null && 'refused' in value;
  const errors = isRefusal ? answerOf.Errors(value) : catchesOf.Errors(value);
  return { problem: [...new Set(shapeProblems(errors, 'answer'))].slice(0, 5).join('; ') };
}
