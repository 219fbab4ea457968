import type { DatabaseSync } from 'node:sqlite';
import type { Cursors } from './cursors.ts';
import { packOldest, WEIGHT } from './packing.ts';
import type { JournalLimits, RecordEntry, UpkeepReport, UpkeepRequest } from './protocol.ts';
import type { EntryReader } from './reader.ts';
import { type Given, joinOldest, thin } from './thinning.ts';
import type { JournalFill } from './types.ts';

/** What one turn may free; the next one goes on. */
const SWEEP_BYTES = 8 * 1024 * 1024;
/** A sweep gives up at least this part of the limit, about. */
const LEAST_SWEEP = 1_024;
/** A full disk wants only some room; what is not delivered is given up in small steps. */
const ROOM_BYTES = 1024 * 1024;
/** Giving up something for less would be a loss without a gain. */
const LEAST_ROOM_BYTES = 64 * 1024;
/** What one step on a full disk changes has to fit into what is left for the log. */
const ROOM_ROWS = 1_024;
const ROOM_PACKS = 4;
/** The newest keep their keys also on a full disk: a device may send again what was not acknowledged in time. */
const KEPT_ROWS = 1_000;
/** Thinned until it is this much below the limit, so that not every turn thins. */
const ENOUGH_FREE = 0.02;
/** Rows with the keys of messages weigh at most this, then the oldest are packed; of a small journal a 16th. */
const MOST_UNPACKED = 4 * 1024 * 1024;
/** Thin packs may hold this part of the limit before they are joined. */
const MOST_HEADS = 1 / 8;

interface State {
  packedUpTo: number;
  thinnedUpTo: number;
  thinnedEntries: number;
}

export interface Turn {
  readonly records: readonly (RecordEntry & { readonly count: 0 })[];
  readonly report: Pick<UpkeepReport, 'thinned' | 'more'>;
}

/** Keeps the journal small: packs what is old, gives up payloads above the limit, joins what is thin. */
export class Upkeep {
  readonly #database: DatabaseSync;
  readonly #reader: EntryReader;
  readonly #cursors: Cursors;
  readonly #limits: JournalLimits;
  readonly #pageBytes: number;
  #state: State;
  #weight: number;
  #saved: { readonly state: State; readonly weight: number };

  constructor(database: DatabaseSync, reader: EntryReader, cursors: Cursors, limits: JournalLimits) {
    this.#database = database;
    this.#reader = reader;
    this.#cursors = cursors;
    this.#limits = limits;
    this.#pageBytes = this.#pragma('page_size');
    this.#state = {
      packedUpTo: this.#load('packed_up_to'),
      thinnedUpTo: this.#load('thinned_up_to'),
      thinnedEntries: this.#load('thinned_entries'),
    };
    const weigh = `SELECT coalesce(sum(${WEIGHT}), 0) AS weight FROM entries WHERE number > ? AND keys IS NOT NULL`;
    this.#weight = Number(database.prepare(weigh).get(this.#state.packedUpTo)?.weight);
    this.#saved = { state: { ...this.#state }, weight: this.#weight };
  }

  fill(): Omit<JournalFill, 'entries'> {
    return {
      bytes: this.#usedBytes(),
      limitBytes: this.#limits.maxBytes,
      thinnedEntries: this.#state.thinnedEntries,
    };
  }

  appended(weight: number): void {
    this.#weight += weight;
  }

  committed(): void {
    this.#saved = { state: { ...this.#state }, weight: this.#weight };
  }

  rolledBack(): void {
    this.#state = { ...this.#saved.state };
    this.#weight = this.#saved.weight;
  }

  turn(request: UpkeepRequest, lastNumber: number): Turn {
    const wanted = this.#usedBytes() - this.#limits.maxBytes * (1 - ENOUGH_FREE);
    if (this.#usedBytes() > this.#limits.maxBytes) {
      const upTo = Math.min(this.#cursors.deliveredUpTo(request.nowMs), lastNumber);
      if (this.#isWorthASweep(upTo, lastNumber)) {
        const turn = this.#thin(request, upTo, Math.min(wanted, SWEEP_BYTES), true);
        if (turn.records.length > 0) return turn;
      }
    }
    if (this.#headsBytes() > this.#limits.maxBytes * MOST_HEADS && this.#join(request)) return working();
    if (request.mayPack && this.#isHeavy() && this.#pack(lastNumber - 1)) return working();
    return { records: [], report: { thinned: [], more: false } };
  }

  /** A record for each handful that a slow reader lets go would itself fill the journal. */
  #isWorthASweep(upTo: number, lastNumber: number): boolean {
    const { thinnedUpTo } = this.#state;
    const bytesAnEntry = this.#usedBytes() / Math.max(1, lastNumber - thinnedUpTo);
    return (upTo - thinnedUpTo) * bytesAnEntry > this.#limits.maxBytes / LEAST_SWEEP;
  }

  /** One step for a full disk that costs nothing. Undefined when it freed nothing worth it, and is to be taken back. */
  packForRoom(lastNumber: number): Turn | undefined {
    const isEnough = this.#measureRoom();
    for (let packs = 0; packs < ROOM_PACKS && !isEnough(); packs += 1) {
      if (!this.#pack(lastNumber - KEPT_ROWS)) break;
    }
    return isEnough() ? working() : undefined;
  }

  /** The same by giving up what is delivered, and only when that is not enough what is not. */
  thinForRoom(request: UpkeepRequest, lastNumber: number): Turn | undefined {
    const isEnough = this.#measureRoom();
    const upTo = Math.min(this.#cursors.deliveredUpTo(request.nowMs), lastNumber);
    const first = this.#thin(request, upTo, SWEEP_BYTES, true, ROOM_ROWS);
    if (isEnough() || first.isBounded) return first;
    const second = this.#thin(request, lastNumber, ROOM_BYTES, false, ROOM_ROWS);
    if (!isEnough() && !second.isBounded) return undefined;
    const thinned = [...first.report.thinned, ...second.report.thinned];
    return { records: [...first.records, ...second.records], report: { thinned, more: true } };
  }

  #measureRoom(): () => boolean {
    const before = this.#pragma('freelist_count');
    return () => (this.#pragma('freelist_count') - before) * this.#pageBytes >= LEAST_ROOM_BYTES;
  }

  #thin(
    request: UpkeepRequest,
    upTo: number,
    bytes: number,
    delivered: boolean,
    rows?: number,
  ): Turn & { readonly isBounded: boolean } {
    const after = this.#state.thinnedUpTo;
    const range = { after, upTo, bytes, ...(rows === undefined ? {} : { rows }) };
    const { given, reached, isBounded } = thin(this.#database, this.#reader, range);
    if (reached > after) {
      this.#state.thinnedUpTo = reached;
      this.#state.thinnedEntries += given.entries;
      this.#save('thinned_up_to', reached);
      this.#save('thinned_entries', this.#state.thinnedEntries);
    }
    if (given.entries === 0) return { records: [], report: { thinned: [], more: false }, isBounded };
    const payload = thinnedRecord(given, delivered, request.nowMs);
    const atMs = Math.trunc(request.nowMs);
    return {
      records: [{ kind: 'thinned', payload, count: 0, firstAtMs: atMs, lastAtMs: atMs }],
      report: { thinned: [payload], more: true },
      isBounded,
    };
  }

  #join({ nowMs }: UpkeepRequest): boolean {
    const joined = joinOldest(
      this.#database,
      Math.min(this.#state.thinnedUpTo, this.#cursors.deliveredUpTo(nowMs)),
    );
    this.#reader.forget();
    return joined;
  }

  #isHeavy(): boolean {
    return this.#weight > (this.#limits.unpackedBytes ?? Math.min(MOST_UNPACKED, this.#limits.maxBytes / 16));
  }

  /** Never the newest entries: the chain's end stays in rows. */
  #pack(upTo: number): boolean {
    const { packedUpTo: after } = this.#state;
    const { reached, weight } = packOldest(this.#database, { after, upTo });
    if (reached === after) return false;
    this.#state.packedUpTo = reached;
    this.#weight -= weight;
    this.#save('packed_up_to', reached);
    this.#reader.forget();
    return true;
  }

  /** What is in use; pages that are free are used again. */
  #usedBytes(): number {
    return (this.#pragma('page_count') - this.#pragma('freelist_count')) * this.#pageBytes;
  }

  #headsBytes(): number {
    const sum = 'SELECT coalesce(sum(length(heads)), 0) AS bytes FROM packs WHERE last_number <= ?';
    return Number(this.#database.prepare(sum).get(this.#state.thinnedUpTo)?.bytes);
  }

  #pragma(name: 'page_count' | 'freelist_count' | 'page_size'): number {
    return Number(this.#database.prepare(`PRAGMA ${name}`).get()?.[name]);
  }

  #load(name: string): number {
    return Number(this.#database.prepare('SELECT value FROM state WHERE name = ?').get(name)?.value ?? 0);
  }

  #save(name: string, value: number): void {
    this.#database
      .prepare('INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
      .run(name, value);
  }
}

const working = (): Turn => ({ records: [], report: { thinned: [], more: true } });

/** The wire's ThinnedRecord as canonical JSON: sorted names, whole numbers (tested to be equal to encodeRecord). */
function thinnedRecord(given: Given, delivered: boolean, nowMs: number): string {
  const { entries, firstAtMs, firstNumber, lastAtMs, lastNumber, readings } = given;
  const atMs = Math.trunc(nowMs);
  const kind = 'thinned';
  return JSON.stringify({
    atMs,
    delivered,
    entries,
    firstAtMs,
    firstNumber,
    kind,
    lastAtMs,
    lastNumber,
    readings,
  });
}
