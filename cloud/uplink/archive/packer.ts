import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '@nongtin/service';
import type { Kysely } from 'kysely';
import type { Schema } from '../../records/index.ts';
import { Overtaken } from '../overtaken.ts';
import { DAY_MS } from '../summaries.ts';
import { objectName } from './frames.ts';
import type { Objects } from './objects.ts';
import { type Pack, packGateway } from './pack.ts';
import { gatewaysBehind, replaceRows } from './packed-rows.ts';
import { sweepOnce } from './superseded.ts';
import { Damaged } from './verified.ts';

export interface PackerOptions {
  readonly db: Kysely<Schema>;
  readonly objects: Objects;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** JSON in one frame; 4 MiB unless told otherwise. */
  readonly frameBytes?: number;
  /** About the size of an object; 16 MiB unless told otherwise. */
  readonly objectBytes?: number;
  /** Between two looks; rejects when it is aborted. Takes that long unless told otherwise. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Since the process started. */
export interface PackerFigures {
  /** Rows that are gone, and those that stand in their place. */
  readonly rowsReplaced: number;
  readonly rowsWritten: number;
  readonly objectsWritten: number;
  readonly bytesWritten: number;
  readonly objectsDeleted: number;
  /** Gateways of which something cannot be read or is damaged. */
  readonly failing: number;
  /** Since when these, or packing as a whole. */
  readonly failingSinceMs: number | undefined;
}

type Work = 'packing' | 'deleting';

const HOUR_MS = 60 * 60 * 1000;
/** After the end of a day, until its rows are packed: nothing young is moved, by whoever's clock. */
const REST_MS = 2 * HOUR_MS;
/** Until what could not be packed is tried again. */
const RETRY_MS = HOUR_MS;
/** How long something may fail before it is told to who asks how we are. */
const PATIENCE_MS = 6 * HOUR_MS;
const LOOK_EVERY_MS = 5 * 60_000;
const LEAST_PAUSE_MS = 1_000;
const GATEWAYS_AT_ONCE = 200;

/**
 * Packs what gateways sent on days that are over: reads and verifies a gateway's small batches, writes the same lines
 * as few large frames, and then has the index name these instead. Any number of processes may do so at once: the
 * gateway's head decides. What no row names any more is deleted a week later (superseded.ts).
 */
export class Packer {
  readonly #options: Required<PackerOptions>;
  readonly #stopping = new AbortController();
  readonly #failing = new Map<string, { readonly sinceMs: number; readonly lastMs: number }>();
  /** What fails as a whole, and since when. */
  readonly #trouble = new Map<Work, number>();
  #running: Promise<void> = Promise.resolve();
  #behind: string[] = [];
  #figures = { rowsReplaced: 0, rowsWritten: 0, objectsWritten: 0, bytesWritten: 0, objectsDeleted: 0 };

  constructor(options: PackerOptions) {
    const pause = (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal });
    this.#options = { frameBytes: 4 * 1024 * 1024, objectBytes: 16 * 1024 * 1024, pause, ...options };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Waits for the gateway under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  figures(): PackerFigures {
    const since = [...this.#trouble.values(), ...[...this.#failing.values()].map(({ sinceMs }) => sinceMs)];
    const failingSinceMs = since.length === 0 ? undefined : Math.min(...since);
    return { ...this.#figures, failing: this.#failing.size, failingSinceMs };
  }

  /** 'ok', or since when something could not be packed for long; the log says what. */
  state(): string {
    const { failing, failingSinceMs } = this.figures();
    const nowMs = this.#options.clock.nowMs();
    if (failingSinceMs === undefined || nowMs - failingSinceMs < PATIENCE_MS) return 'ok';
    const whose = failing === 0 ? '' : `, gateways: ${failing}`;
    return `packing fails since ${new Date(failingSinceMs).toISOString()}${whose}`;
  }

  /**
   * Writes one object, of one gateway or of several that sent little, and has rows name it. False when nothing was to be
   * packed. What is damaged is left as it is, and told in log and figures. Rejects when database or archive fail.
   */
  async packOnce(nowMs: number): Promise<boolean> {
    const { objects } = this.#options;
    const packs = await this.#collect(nowMs);
    if (packs.length === 0) return false;
    const object = Buffer.concat(packs.flatMap(({ frames }) => frames.map(({ bytes }) => bytes)));
    const name = objectName(object, nowMs);
    await objects.put(name, object);
    await this.#readBack(name, packs);
    this.#figures.objectsWritten += 1;
    this.#figures.bytesWritten += object.length;
    let offset = 0;
    for (const pack of packs) {
      const place = { object: name, offset, nowMs };
      offset += pack.bytes;
      if (!(await unlessOvertaken(replaceRows(this.#options.db, pack, place)))) continue;
      this.#figures.rowsReplaced += pack.rows;
      this.#figures.rowsWritten += pack.frames.length;
    }
    return true;
  }

  /** Deletes what rows of one day named before. False when no day is due. */
  async sweepOnce(nowMs: number): Promise<boolean> {
    const swept = await sweepOnce(this.#options, nowMs, this.#stopping.signal);
    if (swept === undefined) return false;
    const { logger } = this.#options;
    this.#figures.objectsDeleted += swept.deleted;
    if (swept.kept > 0) logger.warn(swept, 'the archive does not delete packed objects; they stay');
    else if (swept.doubtful > 0)
      logger.warn(swept, 'objects hold what the database does not know; they stay');
    else logger.info(swept, 'packed objects are deleted');
    return true;
  }

  /** Gateways one after the other, until there is enough for an object. */
  async #collect(nowMs: number): Promise<Pack[]> {
    const beforeMs = Math.floor((nowMs - REST_MS) / DAY_MS) * DAY_MS;
    const { objectBytes } = this.#options;
    const packs: Pack[] = [];
    let bytes = 0;
    if (this.#behind.length === 0) this.#behind = await this.#look(beforeMs, nowMs);
    // A gateway is begun only where a day of it has room, so that it lies in one piece.
    while (bytes < objectBytes / 2 && !this.#stopping.signal.aborted) {
      const gateway = this.#behind.shift();
      if (gateway === undefined) break;
      const pack = await unlessOvertaken(
        packGateway(this.#options, gateway, { beforeMs, mostBytes: objectBytes }),
      );
      if (pack === undefined) continue;
      if (pack.rows > 0) packs.push(pack);
      bytes += pack.bytes;
      this.#note(pack, nowMs);
      // Something may be away altogether; if not, the next round goes on.
      if (pack.problem !== undefined && !(pack.problem instanceof Damaged)) break;
    }
    return packs;
  }

  /** First what failed an hour ago: by now it may be repaired, or packed by another process. */
  async #look(beforeMs: number, nowMs: number): Promise<string[]> {
    const due = [...this.#failing].filter(([, { lastMs }]) => nowMs - lastMs >= RETRY_MS);
    const but = [...this.#failing.keys()];
    const behind = { beforeMs, but, limit: GATEWAYS_AT_ONCE };
    return [...due.map(([gateway]) => gateway), ...(await gatewaysBehind(this.#options.db, behind))];
  }

  #note({ gateway, problem }: Pack, nowMs: number): void {
    if (problem === undefined) {
      this.#failing.delete(gateway);
      return;
    }
    const sinceMs = this.#failing.get(gateway)?.sinceMs ?? nowMs;
    this.#failing.set(gateway, { sinceMs, lastMs: nowMs });
    this.#options.logger.error({ err: problem, gateway }, 'what this gateway sent cannot be packed');
  }

  /** Before anything that it stands for may go. */
  async #readBack(name: string, packs: readonly Pack[]): Promise<void> {
    let offset = 0;
    for (const { bytes } of packs.flatMap(({ frames }) => frames)) {
      const held = await this.#options.objects.get(name, offset, bytes.length);
      if (!Buffer.from(bytes).equals(held)) throw new Error(`${name} is not what was written`);
      offset += bytes.length;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let pauseMs = LOOK_EVERY_MS; ; ) {
      await this.#options.pause(pauseMs, signal).catch(() => {});
      if (signal.aborted) return;
      const startedAt = performance.now();
      const more = await this.#round();
      // At most half of the time, so that gateways and people are served in the other.
      pauseMs = more ? Math.max(LEAST_PAUSE_MS, performance.now() - startedAt) : LOOK_EVERY_MS;
    }
  }

  async #round(): Promise<boolean> {
    const nowMs = this.#options.clock.nowMs();
    const packed = await this.#try('packing', nowMs, () => this.packOnce(nowMs));
    const swept = await this.#try('deleting', nowMs, () => this.sweepOnce(nowMs));
    return packed || swept;
  }

  async #try(what: Work, nowMs: number, work: () => Promise<boolean>): Promise<boolean> {
    try {
      const done = await work();
      // That no day is due to be swept does not say that the last one could be.
      if (done || what === 'packing') this.#trouble.delete(what);
      return done;
    } catch (error) {
      this.#trouble.set(what, this.#trouble.get(what) ?? nowMs);
      this.#options.logger.error({ err: error }, `${what} in the archive waits`);
      return false;
    }
  }
}

async function unlessOvertaken<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Overtaken) return undefined;
    throw error;
  }
}
