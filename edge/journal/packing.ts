import type { DatabaseSync } from 'node:sqlite';
import { giveBack } from './bytes.ts';
import { encodeHeads, type Head, packPayloads, payloadBytes } from './packs.ts';
import { blob, type Row } from './reader.ts';

const PACK_ENTRIES = 1_024;
const PACK_BYTES = 1024 * 1024;
/** Fewer or larger ones stay as they are: there is nothing to win. */
const WORTH_PACKING = 4;
const LARGE_BYTES = 64 * 1024;
/** What a row weighs beside its keys. */
const ROW_WEIGHT = 32;

export const WEIGHT = `length(keys) + ${ROW_WEIGHT}`;

export function weightOf(keys: Uint8Array): number {
  return keys.length + ROW_WEIGHT;
}

/**
 * Moves the oldest run of readings into a pack, and drops their keys: they are so old that a resend of theirs is no
 * longer looked for. Bounded by what one pack holds; runs inside the caller's transaction. Returns the number up to which
 * everything is dealt with, and the weight that is gone.
 */
export function packOldest(
  database: DatabaseSync,
  range: { readonly after: number; readonly upTo: number },
): { readonly reached: number; readonly weight: number } {
  const { run, reached } = nextRun(database, range);
  const first = run[0];
  if (first === undefined) return { reached, weight: 0 };
  const weight = run.reduce((sum, row) => sum + (row.keys === null ? 0 : weightOf(blob(row.keys))), 0);
  const last = Number(run.at(-1)?.number);
  const payloads = run.map((row) => payloadBytes(row.payload));
  const isLarge = payloads.some(({ length }) => length > LARGE_BYTES);
  if (run.length < WORTH_PACKING || isLarge) {
    database
      .prepare('UPDATE entries SET keys = NULL WHERE number BETWEEN ? AND ? AND keys IS NOT NULL')
      .run(Number(first.number), last);
    return { reached, weight };
  }
  const heads = run.map((row, index) => headOf(row, payloads[index]?.length ?? 0));
  const end = heads.at(-1);
  // First what is free afterwards: on a full disk the file cannot grow even for a moment.
  database.prepare('DELETE FROM entries WHERE number BETWEEN ? AND ?').run(Number(first.number), last);
  database.prepare('INSERT INTO packs VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)').run(
    Number(first.number),
    last,
    heads.reduce((sum, head) => sum + head.count, 0),
    Math.min(...heads.map((head) => head.firstAtMs)),
    Math.max(...heads.map((head) => head.lastAtMs)),
    (end?.firstReading ?? 0) + (end?.count ?? 0),
    blob(first.previous_hash),
    encodeHeads(heads),
  );
  if (!isThin(first)) {
    const packed = packPayloads(payloads);
    database.prepare('INSERT INTO payloads VALUES (?, ?)').run(Number(first.number), packed);
    for (const bytes of [packed, ...payloads]) giveBack(bytes);
  }
  return { reached, weight };
}

/** Consecutive readings, all thin or none; records before them are passed. */
function nextRun(
  database: DatabaseSync,
  { after, upTo }: { readonly after: number; readonly upTo: number },
): { readonly run: Row[]; readonly reached: number } {
  const rows = database
    .prepare(`SELECT * FROM entries WHERE number > ? AND number <= ? ORDER BY number LIMIT ${PACK_ENTRIES}`)
    .iterate(after, upTo);
  const run: Row[] = [];
  let reached = after;
  let bytes = 0;
  for (const row of rows) {
    const number = Number(row.number);
    if (row.kind === 'readings') {
      const stored = row.payload instanceof Uint8Array ? row.payload.length * 8 : String(row.payload).length;
      const last = run.at(-1);
      const goesOn = last === undefined || Number(last.number) + 1 === number;
      if (!goesOn || (run.length > 0 && (bytes + stored > PACK_BYTES || isThin(row) !== isThin(last)))) break;
      run.push(row);
      bytes += stored;
    } else if (run.length > 0) break;
    reached = number;
  }
  return { run, reached };
}

const isThin = (row: Row | undefined) => row?.payload === null;

function headOf(row: Row, bytes: number): Head {
  return {
    number: Number(row.number),
    hash: blob(row.hash),
    signature: blob(row.signature),
    bootId: blob(row.boot_id),
    monotonicMs: Number(row.monotonic_ms),
    count: Number(row.count),
    firstAtMs: Number(row.first_at_ms),
    lastAtMs: Number(row.last_at_ms),
    firstReading: Number(row.first_reading ?? 0),
    bytes,
  };
}
