import { entryHash, GENESIS_HASH } from '@nongtin/broker/wire';
import type { StoredEntry } from '../entry-store.ts';
import { firstNumberOf, isThinned } from '../thinned.ts';
import { chainOf, hashesIn, type Line, linesOf, parseLines } from './frames.ts';
import type { ArchiveTables } from './tables.ts';

/** The lines of a batch, as gateways signed them, and what the next batch must continue. */
export interface Verified {
  readonly lines: Buffer;
  readonly entries: number;
  readonly last: Link;
}

export type Link = Pick<StoredEntry, 'number' | 'hash'>;

/** Before a gateway's first entry. */
export const BEGINNING: Link = { number: 0, hash: GENESIS_HASH };

/** What lies in the archive is not what was acknowledged. */
export class Damaged extends Error {
  override readonly name = 'Damaged';
}

type Row = Pick<
  ArchiveTables['entry_batches'],
  'gateway_id' | 'first_number' | 'last_number' | 'chain' | 'object' | 'byte_offset'
>;

/**
 * Holds a row's frame against what the database has said of it since the entries were acknowledged: whose they are,
 * their numbers and hashes, each hash made anew from what it stands for, each entry naming the one before. Throws Damaged.
 */
export async function verify(row: Row, frame: Uint8Array, after: Link): Promise<Verified> {
  const [lines, parsed] = await unpack(row, frame);
  const entries = parsed.map(({ entry }) => entry);
  if (parsed.some(({ gateway }) => gateway !== row.gateway_id)) throw damage(row, 'holds another gateway');
  if (!chainOf(entries).equals(row.chain)) throw damage(row, 'has other numbers or hashes than were stored');
  let last = after;
  for (const entry of entries) {
    const problem = problemWith(entry, last);
    if (problem !== undefined) throw damage(row, `has an entry ${entry.number} ${problem}`);
    last = { number: entry.number, hash: entry.hash };
  }
  if (entries[0]?.number !== row.first_number || last.number !== row.last_number)
    throw damage(row, 'begins or ends elsewhere');
  return { lines, entries: entries.length, last };
}

export function lastLinkOf({ chain }: Pick<Row, 'chain'>): Link | undefined {
  const [number, hash] = hashesIn(chain).at(-1) ?? [];
  return number === undefined || hash === undefined ? undefined : { number, hash };
}

async function unpack(row: Row, frame: Uint8Array): Promise<[Buffer, Line[]]> {
  try {
    const lines = await linesOf(frame);
    return [lines, await parseLines(lines)];
  } catch (error) {
    throw damage(row, `cannot be read (${(error as Error).message})`);
  }
}

/** The same rules by which check.ts took it. */
function problemWith(entry: StoredEntry, before: Link): string | undefined {
  const made = isThinned(entry) ? entry.thinned.hash : entryHash(entry, entry.payload);
  if (made !== entry.hash) return 'whose hash is not that of its content';
  const first = firstNumberOf(entry);
  if (entry.number <= before.number || first > before.number + 1) return `after entry ${before.number}`;
  if (first === before.number + 1 && entry.previousHash !== before.hash)
    return `that names another one before it than ${before.number}`;
  return undefined;
}

export function damage(row: Row, what: string): Damaged {
  const { gateway_id, first_number, last_number, object, byte_offset } = row;
  const where = `entries ${first_number} to ${last_number} of ${gateway_id} (${object} at byte ${byte_offset})`;
  return new Damaged(`The batch of ${where} ${what}: bring this object back from a copy.`);
}
