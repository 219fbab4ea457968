import type { DatabaseSync } from 'node:sqlite';
import { digestOf, type Signer } from './chain.ts';
import { damagedAt, type EntryReader } from './reader.ts';
import { JournalTrouble } from './trouble-of.ts';
import type { JournalEntry } from './types.ts';

/** How much of the journal start looks through: quick on a small board. The rest is looked through while it is idle. */
const CHECKED_BYTES = 16 * 1024 * 1024;
const CHECKED_ENTRIES = 64;
/** Of so many of the newest also the signature is checked, which costs more than all the rest. */
const SIGNED_ENTRIES = 1_024;

export interface ChainEnd {
  readonly number: number;
  readonly hash: Uint8Array;
}

/**
 * The end of the chain; throws a JournalTrouble that names a damaged entry, or says that the key is another one's. A
 * small journal is checked from its first entry, of a large one the end.
 */
export function checkEnd(
  database: DatabaseSync,
  reader: EntryReader,
  signer: Signer,
  genesis: Uint8Array,
): ChainEnd {
  const last = lastNumberOf(database);
  if (last === 0) return { number: 0, hash: genesis };
  const size = Number(
    database.prepare('SELECT page_count * page_size AS n FROM pragma_page_count, pragma_page_size').get()?.n,
  );
  const from = size <= CHECKED_BYTES ? 0 : Math.max(0, last - CHECKED_ENTRIES);
  let after = from;
  let previousHash = from === 0 ? Buffer.from(genesis).toString('hex') : undefined;
  let end: JournalEntry | undefined;
  while (after < last) {
    const entries = reader.read(after, 1_000);
    const checked = checkChain(entries, after, previousHash);
    for (const entry of entries)
      if (entry.number > last - SIGNED_ENTRIES) checkSignature(entry, last, signer);
    if (checked === undefined) throw damagedAt(after + 1);
    ({ number: after, hash: previousHash } = checked);
    end = checked;
  }
  if (end === undefined) throw damagedAt(last);
  return { number: end.number, hash: Buffer.from(end.hash, 'hex') };
}

/** The last of the entries when each follows the one before and says what its hash says; throws at the first that does not. */
export function checkChain(
  entries: readonly JournalEntry[],
  after: number,
  previousHash: string | undefined,
): JournalEntry | undefined {
  let number = after;
  let previous = previousHash;
  for (const entry of entries) {
    const firstNumber = entry.thinned?.firstNumber ?? entry.number;
    // A reader may begin within a run that is joined.
    const begins = firstNumber === number + 1;
    if (firstNumber > number + 1) throw damagedAt(number + 1);
    if (begins && previous !== undefined && entry.previousHash !== previous) throw damagedAt(entry.number);
    if (entry.thinned === undefined && hashOf(entry) !== entry.hash) throw damagedAt(entry.number);
    number = entry.number;
    previous = entry.hash;
  }
  return entries.at(-1);
}

function hashOf({ number, previousHash, bootId, payload }: JournalEntry): string {
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  return digestOf(number, bytes(previousHash), bytes(bootId), Buffer.from(payload, 'utf8')).toString('hex');
}

/** A wrong signature at the very end is another key's; before that it is damage. */
export function checkSignature(
  { number, hash, signature }: JournalEntry,
  last: number,
  signer: Signer,
): void {
  if (signer.holds(Buffer.from(hash, 'hex'), Buffer.from(signature, 'hex'))) return;
  throw number === last ? new JournalTrouble({ trouble: 'wrong_key' }) : damagedAt(number);
}

function lastNumberOf(database: DatabaseSync): number {
  const row = database
    .prepare(
      `SELECT max(coalesce((SELECT max(number) FROM entries), 0),
        coalesce((SELECT max(last_number) FROM packs), 0)) AS last`,
    )
    .get();
  return Number(row?.last ?? 0);
}
