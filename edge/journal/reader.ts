import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { giveBack } from './bytes.ts';
import { decodeHeads, type Head, hexOf, PackedPayloads, payloadBytes } from './packs.ts';
import { isDamage, JournalTrouble } from './trouble-of.ts';
import type { JournalEntry, TimeSpan } from './types.ts';

const READ_BYTES = 4 * 1024 * 1024;

export type Row = Record<string, SQLOutputValue>;

const ENTRY = `number, previous_hash, hash, boot_id, monotonic_ms, kind, count, first_at_ms, last_at_ms, signature,
  payload`;

interface Unpacked {
  readonly lastNumber: number;
  readonly heads: readonly Head[];
  /** Of the entry before the first one. */
  readonly previousHash: Uint8Array;
  /** Undefined: thinned. */
  readonly payloads: PackedPayloads | undefined;
  /** First number of a joined pack, whose one head stands for all its entries. */
  readonly joinedFrom: number | undefined;
}

/** Entries in order, from rows and packs alike, with their payloads as they were. */
export class EntryReader {
  readonly #rows: StatementSync;
  readonly #packAt: StatementSync;
  readonly #nextPack: StatementSync;
  readonly #payloads: StatementSync;
  readonly #records: StatementSync;
  readonly #recordsAfter: StatementSync;
  readonly #newest: StatementSync;
  /** Readers come back for the rest of a pack. */
  #unpacked: Unpacked | undefined;

  constructor(database: DatabaseSync) {
    this.#rows = database.prepare(
      `SELECT ${ENTRY} FROM entries WHERE number >= ? AND number < ? ORDER BY number LIMIT ?`,
    );
    this.#packAt = database.prepare(
      'SELECT * FROM packs WHERE first_number <= ? ORDER BY first_number DESC LIMIT 1',
    );
    this.#nextPack = database.prepare('SELECT min(first_number) AS first FROM packs WHERE first_number > ?');
    this.#payloads = database.prepare('SELECT data FROM payloads WHERE first_number = ?');
    this.#records = database.prepare(
      "SELECT payload FROM entries WHERE kind = ? AND kind <> 'readings' ORDER BY number DESC LIMIT ?",
    );
    this.#recordsAfter = database.prepare(
      `SELECT number, payload FROM entries WHERE kind = ? AND kind <> 'readings' AND number > ?
        AND last_at_ms >= ? AND first_at_ms < ? ORDER BY number LIMIT ?`,
    );
    this.#newest = database.prepare(
      `SELECT payload FROM entries WHERE number IN
        (SELECT max(number) FROM entries WHERE kind = ? AND kind <> 'readings' GROUP BY payload ->> ?)
        ORDER BY number DESC`,
    );
  }

  /** What was unpacked before may have been thinned since. */
  forget(): void {
    this.#unpacked?.payloads?.close();
    this.#unpacked = undefined;
  }

  /** At most `limit` entries after this number, and about 4 MiB; throws a JournalTrouble that names a damaged one. */
  read(after: number, limit: number): JournalEntry[] {
    const entries: JournalEntry[] = [];
    let bytes = 0;
    let next = after + 1;
    while (entries.length < limit && bytes < READ_BYTES) {
      const part = this.#segment(next, limit - entries.length);
      if (part.length === 0) break;
      for (const entry of part) {
        entries.push(entry);
        bytes += entry.payload.length;
        next = entry.number + 1;
        if (bytes >= READ_BYTES) break;
      }
    }
    return entries;
  }

  /** The pack that holds this entry. */
  packAt(number: number): Row | undefined {
    const row = this.#packAt.get(number);
    return row !== undefined && Number(row.last_number) >= number ? row : undefined;
  }

  /** First number of the next pack after this entry. */
  nextPack(number: number): number {
    return Number(this.#nextPack.get(number)?.first ?? Number.MAX_SAFE_INTEGER);
  }

  /** Payloads of the newest records of a kind, newest first. */
  records(kind: string, limit: number): string[] {
    return this.#records.all(kind, limit).map((row) => String(row.payload));
  }

  /** Records of a kind after a number, oldest first; with a span, those that tell of a moment in it. */
  recordsAfter(kind: string, after: number, limit: number, span: TimeSpan | undefined) {
    const { fromMs = Number.MIN_SAFE_INTEGER, toMs = Number.MAX_SAFE_INTEGER } = span ?? {};
    return this.#recordsAfter
      .all(kind, after, fromMs, toMs, limit)
      .map((row) => ({ number: Number(row.number), payload: String(row.payload) }));
  }

  /** Payloads of the newest record of each value of a field, newest first. */
  newest(kind: string, field: string): string[] {
    return this.#newest.all(kind, `$.${field}`).map((row) => String(row.payload));
  }

  #segment(next: number, limit: number): JournalEntry[] {
    try {
      const pack = this.packAt(next);
      if (pack !== undefined) return this.#packedFrom(pack, next, limit);
      return this.#rowsFrom(next, limit);
    } catch (error) {
      if (error instanceof JournalTrouble) throw error;
      if (isDamage(error) || isUnreadable(error)) throw damagedAt(next);
      throw error;
    }
  }

  #rowsFrom(next: number, limit: number): JournalEntry[] {
    const entries: JournalEntry[] = [];
    let bytes = 0;
    for (const row of this.#rows.iterate(next, this.nextPack(next), limit)) {
      const entry = toEntry(row);
      entries.push(entry);
      bytes += entry.payload.length;
      if (bytes >= READ_BYTES) break;
    }
    return entries;
  }

  #packedFrom(pack: Row, next: number, limit: number): JournalEntry[] {
    const { heads, previousHash, payloads, joinedFrom } = this.#unpack(pack);
    const entries: JournalEntry[] = [];
    let bytes = 0;
    for (const [index, head] of heads.entries()) {
      if (head.number < next) continue;
      const previous = heads[index - 1]?.hash ?? previousHash;
      const payload = payloads?.at(index).toString('utf8');
      entries.push(packedEntry(head, hexOf(previous), payload, joinedFrom));
      bytes += head.bytes;
      if (entries.length >= limit || bytes >= READ_BYTES) break;
    }
    if (entries.at(-1)?.number === heads.at(-1)?.number) this.forget();
    return entries;
  }

  #unpack(pack: Row): Unpacked {
    const lastNumber = Number(pack.last_number);
    if (this.#unpacked?.lastNumber === lastNumber) return this.#unpacked;
    this.forget();
    const firstNumber = Number(pack.first_number);
    const heads = decodeHeads(blob(pack.heads), lastNumber);
    const data = this.#payloads.get(firstNumber)?.data;
    this.#unpacked = {
      ...{ lastNumber, heads, previousHash: blob(pack.previous_hash) },
      payloads: data instanceof Uint8Array ? new PackedPayloads(data, heads) : undefined,
      joinedFrom: Number(pack.joined) === 1 ? firstNumber : undefined,
    };
    return this.#unpacked;
  }
}

export const damagedAt = (number: number) => new JournalTrouble({ trouble: 'damaged', number });

/** Bytes that are no zstd, no JSON, no pack: whatever read them throws an error of its own kind. */
function isUnreadable(error: unknown): boolean {
  const { code } = error as { code?: string };
  return error instanceof RangeError || error instanceof SyntaxError || String(code).startsWith('ZSTD');
}

export const blob = (value: SQLOutputValue | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array();

function toEntry(row: Row): JournalEntry {
  const number = Number(row.number);
  const hash = hexOf(blob(row.hash));
  return {
    number,
    previousHash: hexOf(blob(row.previous_hash)),
    hash,
    bootId: hexOf(blob(row.boot_id)),
    monotonicMs: Number(row.monotonic_ms),
    kind: String(row.kind),
    count: Number(row.count),
    firstAtMs: Number(row.first_at_ms),
    lastAtMs: Number(row.last_at_ms),
    payload: typeof row.payload === 'string' ? row.payload : inflated(number, row.payload),
    ...(row.payload === null ? { thinned: { hash } } : {}),
    signature: hexOf(blob(row.signature)),
  };
}

function inflated(number: number, stored: SQLOutputValue | undefined): string {
  try {
    const bytes = payloadBytes(stored);
    const text = bytes.toString('utf8');
    for (const one of [bytes, blob(stored)]) giveBack(one);
    return text;
  } catch {
    throw damagedAt(number);
  }
}

function packedEntry(
  head: Head,
  previousHash: string,
  payload: string | undefined,
  joinedFrom: number | undefined,
): JournalEntry {
  const hash = hexOf(head.hash);
  const { number, monotonicMs, count, firstAtMs, lastAtMs } = head;
  return {
    ...{ number, previousHash, hash, bootId: hexOf(head.bootId), monotonicMs, kind: 'readings' },
    ...{ count, firstAtMs, lastAtMs, payload: payload ?? '', signature: hexOf(head.signature) },
    ...(payload === undefined ? { thinned: thinnedOf(hash, joinedFrom) } : {}),
  };
}

const thinnedOf = (hash: string, firstNumber: number | undefined) =>
  firstNumber === undefined ? { hash } : { hash, firstNumber };
