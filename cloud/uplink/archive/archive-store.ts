import { StartProblem } from '@nongtin/service';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { Schema } from '../../records/index.ts';
import {
  type AppendedAt,
  type EntryStore,
  type Fork,
  type Head,
  HeadMoved,
  type StoredEntry,
  StoreFailure,
} from '../entry-store.ts';
import { entriesIn, frameOf, hashesIn, objectName } from './frames.ts';
import { indexBatches, type Placed } from './index-rows.ts';
import type { Objects } from './objects.ts';
import { Recent } from './recent.ts';

interface Waiting extends AppendedAt {
  readonly gateway: string;
  readonly entries: readonly StoredEntry[];
  readonly frame: Uint8Array;
  readonly done: PromiseWithResolvers<void>;
}

/** Of one object, compressed. What waits beyond goes into the next one. */
const MOST_OBJECT_BYTES = 8 * 1024 * 1024;
/** Of one transaction: its rows stay far from the 65,535 parameters that a statement of PostgreSQL may have. */
const MOST_BATCHES = 1_000;
/** What the projector of the same process reads next, a moment after it was written. */
const RECENT_BYTES = 32 * 1024 * 1024;
/** Packed frames, each of which a reader goes through in many steps. */
const OPENED_BYTES = 32 * 1024 * 1024;
/** Objects that one reader opens at a time: over a network each takes a while. */
const READ_AT_ONCE = 16;

/**
 * Entries in objects, and an index of them in PostgreSQL. What waits while an object is written goes into the next one:
 * one object and one transaction for many gateways. An entry counts when the transaction is committed, after its
 * object is durable; an object without index harms nobody. Any number of processes may write: the head's row decides.
 */
export class ArchiveStore implements EntryStore {
  readonly #db: Kysely<Schema>;
  readonly #objects: Objects;
  readonly #recent = new Recent(RECENT_BYTES);
  readonly #opened = new Recent(OPENED_BYTES);
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #isOpen = false;
  #failure: unknown;

  constructor(db: Kysely<Schema>, objects: Objects) {
    this.#db = db;
    this.#objects = objects;
  }

  async open(): Promise<void> {
    try {
      await this.#objects.put('README.txt', Buffer.from(NOTE));
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      throw new StartProblem(`The archive of entries cannot be written (${what}): check NONGTIN_ARCHIVE.`, {
        cause: error,
      });
    }
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#writing;
  }

  async head(gateway: string): Promise<Head | undefined> {
    const row = await this.#db
      .selectFrom('entry_heads')
      .select(['number', 'hash'])
      .where('gateway_id', '=', gateway)
      .where('number', '>', 0)
      .executeTakeFirst();
    return row;
  }

  async hashes(gateway: string, numbers: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const asked = new Set(numbers);
    const rows = await this.#db
      .selectFrom('entry_batches')
      .select([...PLACE, 'first_number', 'last_number', 'chain'])
      .where('gateway_id', '=', gateway)
      .where('last_number', '>=', Math.min(...numbers))
      .where('first_number', '<=', Math.max(...numbers))
      .execute();
    const held = new Map(rows.flatMap(({ chain }) => hashesIn(chain)));
    // Of packed rows only the objects know: somebody sends again what was acknowledged days ago.
    for (const row of rows.filter(({ packed }) => packed)) {
      const isAsked = (number: number) => number >= row.first_number && number < row.last_number;
      if (!numbers.some(isAsked)) continue;
      for (const { number, hash } of await this.#entriesOf(row)) held.set(number, hash);
    }
    return new Map([...held].filter(([number]) => asked.has(number)));
  }

  append(gateway: string, entries: readonly StoredEntry[], at: AppendedAt): Promise<void> {
    if (!this.#isOpen) return Promise.reject(new Error('the archive is closed'));
    const done = Promise.withResolvers<void>();
    const frame = frameOf(gateway, entries, at.receivedAtMs);
    this.#waiting.push({ gateway, entries, frame, done, ...at });
    this.#writing ??= this.#write();
    return done.promise;
  }

  async read(gateway: string, after: number, limit: number): Promise<StoredEntry[]> {
    const batches = await this.#db
      .selectFrom('entry_batches')
      .select([...PLACE, 'last_number'])
      .where('gateway_id', '=', gateway)
      .where('last_number', '>', after)
      .orderBy('last_number')
      .limit(limit)
      .execute();
    const entries: StoredEntry[] = [];
    for (let at = 0; at < batches.length && entries.length < limit; ) {
      // Numbers tell how far it reaches at most; thinned ones stand for more than one entry.
      const wanted = (batches[at - 1]?.last_number ?? after) + limit - entries.length;
      const enough = batches.findIndex(({ last_number }) => last_number >= wanted);
      const end = Math.min(at + READ_AT_ONCE, enough < 0 ? batches.length : enough + 1);
      const some = batches.slice(at, end).map((batch) => this.#entriesOf(batch));
      entries.push(...(await Promise.all(some)).flat().filter(({ number }) => number > after));
      at = end;
    }
    return entries.slice(0, limit);
  }

  async heads(): Promise<(Head & { gateway: string })[]> {
    return this.#db
      .selectFrom('entry_heads')
      .select(['gateway_id as gateway', 'number', 'hash'])
      .where('number', '>', 0)
      .orderBy('gateway_id')
      .execute();
  }

  async lastReceivedMs(gateway: string): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('entry_batches')
      .select('received_at_ms')
      .where('gateway_id', '=', gateway)
      .orderBy('last_number', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row?.received_at_ms;
  }

  async thinned(gateway: string): Promise<number> {
    const row = await this.#db
      .selectFrom('entry_heads')
      .select('thinned')
      .where('gateway_id', '=', gateway)
      .executeTakeFirst();
    return row?.thinned ?? 0;
  }

  async check(): Promise<void> {
    if (!this.#isOpen) throw new Error('the archive is closed');
    if (this.#failure !== undefined) throw this.#failure;
    await sql`select 1 from entry_heads limit 1`.execute(this.#db);
  }

  async keepFork(gateway: string, offered: StoredEntry, heldHash: string, seenAtMs: number): Promise<void> {
    await this.#db
      .insertInto('entry_forks')
      .values({
        ...{ gateway_id: gateway, number: offered.number, offered_hash: offered.hash, held_hash: heldHash },
        ...{ entry: JSON.stringify(offered), seen_at_ms: Math.trunc(seenAtMs) },
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async forks(gateway: string): Promise<Fork[]> {
    return this.#db
      .selectFrom('entry_forks')
      .select(['number', 'held_hash as heldHash', 'offered_hash as offeredHash', 'seen_at_ms as seenAtMs'])
      .where('gateway_id', '=', gateway)
      .orderBy('seen_at_ms')
      .limit(100)
      .execute();
  }

  async #write(): Promise<void> {
    // What arrives in the same moment goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#writeSome(this.#takeSome());
    this.#writing = undefined;
  }

  #takeSome(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { frame } of this.#waiting) {
      bytes += frame.length;
      if (count > 0 && (bytes > MOST_OBJECT_BYTES || count >= MOST_BATCHES)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  /** One object, then one transaction. Never rejects: who waits is told. */
  async #writeSome(batches: readonly Waiting[]): Promise<void> {
    try {
      const object = Buffer.concat(batches.map(({ frame }) => frame));
      const name = objectName(object, batches[0]?.receivedAtMs ?? 0);
      await this.#objects.put(name, object);
      let offset = 0;
      const placed = batches.map(({ frame, done, ...batch }) => {
        offset += frame.length;
        return { ...batch, done, object: name, offset: offset - frame.length, length: frame.length };
      });
      const stale = await indexBatches(this.#db, placed);
      this.#failure = undefined;
      for (const batch of placed) {
        if (stale.has(batch)) batch.done.reject(new HeadMoved(batch.gateway));
        else this.#count(batch);
      }
    } catch (error) {
      this.#failure = new StoreFailure('the archive takes nothing', { cause: error });
      for (const { done } of batches) done.reject(this.#failure);
    }
  }

  #count({ object, offset, entries, done }: Placed & Pick<Waiting, 'done'>): void {
    this.#recent.keep(placeOf(object, offset), entries);
    done.resolve();
  }

  async #entriesOf({ object, byte_offset: offset, byte_length: length, packed }: Place) {
    const place = placeOf(object, offset);
    const inMemory = (packed ? this.#opened : this.#recent).find(place);
    if (inMemory !== undefined) return inMemory;
    const entries = await entriesIn(await this.#objects.get(object, offset, length));
    if (packed) this.#opened.keep(place, entries);
    return entries;
  }
}

type Place = Pick<Selectable<Schema['entry_batches']>, (typeof PLACE)[number]>;
const PLACE = ['object', 'byte_offset', 'byte_length', 'packed'] as const;

function placeOf(object: string, offset: number): string {
  return `${object}:${offset}`;
}

const NOTE = `Journal entries as gateways signed them, for good: the evidence behind lots and stamps.
Each object holds zstd frames of JSON lines ("zstd -d FILE"). Change and delete nothing here.
The database names which of them count. What it does not name was never acknowledged, or lies packed in another one;
the cloud deletes that by itself after a week.
`;
