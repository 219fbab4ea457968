import type { DatabaseSync } from 'node:sqlite';
import { decodeHeads, encodeHeads } from './packs.ts';
import { blob, type EntryReader, type Row } from './reader.ts';

/** What one sweep gave up. */
export interface Given {
  entries: number;
  readings: number;
  firstNumber: number;
  lastNumber: number;
  firstAtMs: number;
  lastAtMs: number;
  /** Stored bytes that are free now, about. */
  bytes: number;
}

const ROWS_AT_ONCE = 256;
const JOINED_AT_ONCE = 32;

/**
 * Gives up payloads of readings, oldest first, from `after` on up to `upTo`, until so many stored bytes are free or so
 * many rows that are not packed were dealt with, about; then `isBounded`. What stays of an entry is all but its payload.
 * Runs inside the caller's transaction. `reached`: everything before is thin.
 */
export function thin(
  database: DatabaseSync,
  reader: EntryReader,
  range: { readonly after: number; readonly upTo: number; readonly bytes: number; readonly rows?: number },
): { readonly given: Given; readonly reached: number; readonly isBounded: boolean } {
  const given: Given = {
    ...{ entries: 0, readings: 0, firstNumber: 0, lastNumber: 0, bytes: 0 },
    ...{ firstAtMs: Number.POSITIVE_INFINITY, lastAtMs: Number.NEGATIVE_INFINITY },
  };
  let next = range.after + 1;
  let rowsLeft = range.rows ?? Number.POSITIVE_INFINITY;
  while (next <= range.upTo && given.bytes < range.bytes && rowsLeft > 0) {
    const pack = reader.packAt(next);
    const before = next;
    if (pack === undefined) {
      next = thinRows(database, reader, next, range, given);
      rowsLeft -= next - before;
    } else if (Number(pack.last_number) > range.upTo) break;
    else next = thinPack(database, pack, given);
    if (next === before) break;
  }
  reader.forget();
  const isBounded = next <= range.upTo && (given.bytes >= range.bytes || rowsLeft <= 0);
  return { given, reached: next - 1, isBounded };
}

function thinPack(database: DatabaseSync, pack: Row, given: Given): number {
  const [first, last] = [Number(pack.first_number), Number(pack.last_number)];
  const row = database
    .prepare('SELECT length(data) AS bytes FROM payloads WHERE first_number = ?')
    .get(first);
  if (row !== undefined) {
    database.prepare('DELETE FROM payloads WHERE first_number = ?').run(first);
    count(given, {
      first,
      last,
      ...figuresOf(pack),
      readings: Number(pack.readings),
      bytes: Number(row.bytes),
    });
  }
  return last + 1;
}

function thinRows(
  database: DatabaseSync,
  reader: EntryReader,
  next: number,
  { upTo, bytes }: { readonly upTo: number; readonly bytes: number },
  given: Given,
): number {
  const until = Math.min(reader.nextPack(next) - 1, upTo);
  const rows = database
    .prepare(
      `SELECT number, kind, count, first_at_ms, last_at_ms, length(payload) AS bytes FROM entries
        WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ${ROWS_AT_ONCE}`,
    )
    .all(next, until);
  const drop = database.prepare('UPDATE entries SET payload = NULL WHERE number = ?');
  let reached = next;
  for (const row of rows) {
    const number = Number(row.number);
    if (row.kind === 'readings' && row.bytes !== null) {
      drop.run(number);
      const readings = Number(row.count);
      count(given, { first: number, last: number, ...figuresOf(row), readings, bytes: Number(row.bytes) });
    }
    reached = number + 1;
    if (given.bytes >= bytes) break;
  }
  return reached;
}

const figuresOf = (row: Row) => ({ firstAtMs: Number(row.first_at_ms), lastAtMs: Number(row.last_at_ms) });

function count(
  given: Given,
  part: Pick<Given, 'readings' | 'bytes' | 'firstAtMs' | 'lastAtMs'> & { first: number; last: number },
): void {
  if (given.entries === 0) given.firstNumber = part.first;
  given.lastNumber = part.last;
  given.entries += part.last - part.first + 1;
  given.readings += part.readings;
  given.bytes += part.bytes;
  given.firstAtMs = Math.min(given.firstAtMs, part.firstAtMs);
  given.lastAtMs = Math.max(given.lastAtMs, part.lastAtMs);
}

/**
 * Makes one of the oldest neighbouring thin packs: of their heads only the last stays, which names for the chain where
 * the run ends, as its previous hash names where it begins. Returns whether there was anything to join.
 */
export function joinOldest(database: DatabaseSync, upTo: number): boolean {
  const run = oldestRun(database, upTo);
  const [first] = run;
  const last = run.at(-1);
  if (first === undefined || last === undefined) return false;
  const readings = run.reduce((sum, pack) => sum + Number(pack.readings), 0);
  const firstAtMs = Math.min(...run.map((pack) => Number(pack.first_at_ms)));
  const lastAtMs = Math.max(...run.map((pack) => Number(pack.last_at_ms)));
  const end = decodeHeads(blob(last.heads), Number(last.last_number)).at(-1);
  if (end === undefined) return false;
  const remove = database.prepare('DELETE FROM packs WHERE first_number = ?');
  for (const pack of run) remove.run(pack.first_number ?? null);
  const heads = encodeHeads([{ ...end, count: readings, firstAtMs, lastAtMs, bytes: 0 }]);
  database
    .prepare('INSERT INTO packs VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?)')
    .run(
      Number(first.first_number),
      Number(last.last_number),
      readings,
      firstAtMs,
      lastAtMs,
      Number(last.next_reading),
      blob(first.previous_hash),
      heads,
    );
  return true;
}

/** Neighbouring packs from the oldest that is not joined yet, with the joined one before it. */
function oldestRun(database: DatabaseSync, upTo: number): Row[] {
  const oldest = database
    .prepare('SELECT min(first_number) AS first FROM packs WHERE joined = 0 AND last_number <= ?')
    .get(upTo)?.first;
  if (typeof oldest !== 'number') return [];
  const before = database
    .prepare('SELECT * FROM packs WHERE first_number < ? ORDER BY first_number DESC LIMIT 1')
    .get(oldest);
  const packs = database
    .prepare(
      `SELECT * FROM packs WHERE first_number >= ? AND last_number <= ? ORDER BY first_number LIMIT ${JOINED_AT_ONCE}`,
    )
    .all(oldest, upTo);
  const run: Row[] = before?.joined === 1 && Number(before.last_number) + 1 === oldest ? [before] : [];
  for (const pack of packs) {
    const last = run.at(-1);
    if (last !== undefined && Number(pack.first_number) !== Number(last.last_number) + 1) break;
    run.push(pack);
  }
  return run;
}
