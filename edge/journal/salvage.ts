import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { digestOf, type Signer } from './chain.ts';
import type { ChainEnd } from './check.ts';
import { decodeHeads, encodeHeads, type Head, hexOf, PackedPayloads, payloadBytes } from './packs.ts';
import type { DamageReport } from './protocol.ts';
import { openDatabase, PAGE_BYTES } from './schema.ts';
import { DamagedFile, type FoundRow, type Value } from './sqlite-pages.ts';
import { JournalTrouble } from './trouble-of.ts';

/** A part of the chain that proves itself: an entry of its own, or a pack. */
interface Segment {
  readonly first: number;
  readonly last: number;
  readonly previousHash: string;
  readonly hash: string;
  /** Running number after its readings; 0 when it has none. */
  readonly nextReading: number;
  readonly again: () => FoundRow | undefined;
  readonly kind: 'entry' | 'thin_entry' | 'pack' | 'thin_pack';
}

interface Found {
  readonly segments: Map<number, Segment[]>;
  readonly payloads: Map<number, () => FoundRow | undefined>;
  readonly cursors: Map<string, { number: number; movedAtMs: number; hash: Buffer | null }>;
}

const EARLIER_PAGE_BYTES = 4_096;
const READY = '.salvaged';
/** Running numbers that may have been given to readings that are lost. */
const UNKNOWN_READINGS = 500_000;

/**
 * Makes a whole journal of a damaged one. Every entry that still proves itself by hash and signature is carried over, in
 * whatever page it is found; what is missing between two of them becomes one tombstone, whose hash the next entry
 * names; the damaged file is kept beside it. `end`: where the chain ended, when that is known.
 */
export function salvage(
  path: string,
  options: { readonly signer: Signer; readonly genesis: Uint8Array; readonly end?: ChainEnd | undefined },
): DamageReport {
  const file = openDamaged(path, options.signer);
  try {
    const found = find(file, options.signer);
    rmSync(`${path}.salvaging`, { force: true });
    const database = openDatabase(`${path}.salvaging`);
    try {
      const written = write(database, found, options);
      database.close();
      renameSync(`${path}.salvaging`, `${path}${READY}`);
      return { ...written, keptAs: finishSalvage(path) ?? path };
    } finally {
      if (database.isOpen) database.close();
    }
  } finally {
    file.close();
  }
}

/** A file without its head does not say how large its pages are: now 1 KiB, once 4 KiB. */
function openDamaged(path: string, signer: Signer): DamagedFile {
  const file = new DamagedFile(path, PAGE_BYTES);
  if (find(file, signer).segments.size > 0) return file;
  file.close();
  return new DamagedFile(path, EARLIER_PAGE_BYTES);
}

/** Puts a salvaged journal in its place, also when the process ended in the middle of that. Returns where the old one is. */
export function finishSalvage(path: string): string | undefined {
  if (!existsSync(`${path}${READY}`)) return undefined;
  let number = 1;
  const aside = () => path.replace(/(\.sqlite)?$/, `.damaged-${number}.sqlite`);
  while (existsSync(aside())) number += 1;
  linkSync(path, aside());
  if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${aside()}-wal`);
  rmSync(`${path}-wal`, { force: true });
  renameSync(`${path}${READY}`, path);
  return aside();
}

function find(file: DamagedFile, signer: Signer): Found {
  const found: Found = { segments: new Map(), payloads: new Map(), cursors: new Map() };
  let others = 0;
  const packs: { row: FoundRow; again: () => FoundRow | undefined }[] = [];
  for (const { row, again } of file.rows()) {
    const { columns, rowid } = row;
    if (columns.length === 13) {
      others += Number(isBytes(columns[9], 64));
      keep(found, entrySegment(row, again, signer));
    } else if (columns.length === 9) packs.push({ row, again });
    else if (columns.length === 2 && columns[1] instanceof Buffer) found.payloads.set(rowid, again);
    else if (columns.length === 4) keepCursor(found, columns);
  }
  for (const { row, again } of packs) keep(found, packSegment(row, again, found, signer));
  // Entries there are, but none is ours: nothing may be given up for the sake of a key that was mixed up.
  if (found.segments.size === 0 && others > 0) throw new JournalTrouble({ trouble: 'wrong_key' });
  return found;
}

function keep({ segments }: Found, segment: Segment | undefined): void {
  if (segment === undefined) return;
  const others = segments.get(segment.first);
  if (others === undefined) segments.set(segment.first, [segment]);
  else others.push(segment);
}

function keepCursor({ cursors }: Found, [name, number, movedAtMs, hash]: readonly Value[]): void {
  if (typeof name !== 'string' || typeof number !== 'number' || typeof movedAtMs !== 'number') return;
  if (!/^[\w:.\-/]{1,300}$/.test(name) || (cursors.get(name)?.number ?? -1) >= number) return;
  cursors.set(name, { number, movedAtMs, hash: hash instanceof Buffer && hash.length === 32 ? hash : null });
}

const isBytes = (value: Value | undefined, length: number): value is Buffer =>
  value instanceof Buffer && value.length === length;

function entrySegment(row: FoundRow, again: Segment['again'], signer: Signer): Segment | undefined {
  const [, previousHash, hash, bootId, , kind, count, , , signature, firstReading, , payload] = row.columns;
  if (!isBytes(previousHash, 32) || !isBytes(hash, 32) || !isBytes(bootId, 16) || !isBytes(signature, 64))
    return;
  if (!signer.holds(hash, signature)) return undefined;
  const said = payload === null ? undefined : digestOr(row.rowid, previousHash, bootId, payload);
  const isWhole = said?.equals(hash) === true;
  // A record is its payload; readings whose payload is damaged still hold their place in the chain.
  if (!isWhole && kind !== 'readings') return undefined;
  return {
    ...{ first: row.rowid, last: row.rowid, previousHash: hexOf(previousHash), hash: hexOf(hash), again },
    nextReading: typeof firstReading === 'number' ? firstReading + Number(count) : 0,
    kind: isWhole ? 'entry' : 'thin_entry',
  };
}

function digestOr(
  number: number,
  previousHash: Buffer,
  bootId: Buffer,
  payload: unknown,
): Buffer | undefined {
  try {
    return digestOf(number, previousHash, bootId, payloadBytes(payload));
  } catch {
    return undefined;
  }
}

function packSegment(
  row: FoundRow,
  again: Segment['again'],
  { payloads }: Found,
  signer: Signer,
): Segment | undefined {
  const [, last, , , , , nextReading, previousHash, heads] = row.columns;
  if (typeof last !== 'number' || !isBytes(previousHash, 32) || !(heads instanceof Buffer)) return undefined;
  const decoded = headsOr(heads, last);
  if (decoded === undefined || !decoded.every(({ hash, signature }) => signer.holds(hash, signature)))
    return undefined;
  const end = decoded.at(-1);
  const data = payloads.get(row.rowid)?.()?.columns[1];
  return {
    ...{
      first: row.rowid,
      last,
      previousHash: hexOf(previousHash),
      hash: hexOf(end?.hash ?? previousHash),
      again,
    },
    nextReading: Number(nextReading),
    kind: data instanceof Buffer && saysWhatItSigned(decoded, previousHash, data) ? 'pack' : 'thin_pack',
  };
}

function headsOr(heads: Buffer, last: number): Head[] | undefined {
  try {
    const decoded = decodeHeads(heads, last);
    return decoded.length === 0 ? undefined : decoded;
  } catch {
    return undefined;
  }
}

function saysWhatItSigned(heads: readonly Head[], previousHash: Buffer, data: Buffer): boolean {
  let payloads: PackedPayloads | undefined;
  try {
    const unpacked = new PackedPayloads(data, heads);
    payloads = unpacked;
    let previous: Uint8Array = previousHash;
    return heads.every(({ number, bootId, hash }, index) => {
      const digest = digestOf(number, previous, bootId, unpacked.at(index));
      previous = hash;
      return digest.equals(hash);
    });
  } catch {
    return false;
  } finally {
    payloads?.close();
  }
}

function write(
  database: DatabaseSync,
  found: Found,
  { signer, genesis, end }: { signer: Signer; genesis: Uint8Array; end?: ChainEnd | undefined },
): Omit<DamageReport, 'keptAs'> {
  const writer = new ChainWriter(database, signer, hexOf(genesis));
  const starts = [...found.segments.keys()].sort((a, b) => a - b);
  database.exec('BEGIN');
  for (const start of starts) {
    if (start <= writer.last) continue;
    const candidates = found.segments.get(start) ?? [];
    const segment = best(candidates, start === writer.last + 1 ? writer.hash : undefined, found);
    if (segment === undefined) continue;
    if (start > writer.last + 1) writer.gap(start - 1, Buffer.from(segment.previousHash, 'hex'));
    writer.segment(segment, found.payloads.get(start));
  }
  const known = [...found.cursors.values()].flatMap(({ number, hash }) =>
    hash === null ? [] : { number, hash },
  );
  if (end !== undefined) known.push({ number: end.number, hash: Buffer.from(end.hash) });
  const furthest = known.sort((a, b) => b.number - a.number)[0];
  if (furthest !== undefined && furthest.number > writer.last) {
    writer.gap(furthest.number, furthest.hash, UNKNOWN_READINGS);
  }
  const insert = database.prepare('INSERT INTO cursors VALUES (?, ?, ?, ?)');
  for (const [name, { number, movedAtMs, hash }] of found.cursors) {
    insert.run(name, Math.min(number, writer.last), movedAtMs, hash);
  }
  writer.finish();
  database.exec('COMMIT');
  return writer.report;
}

/** What follows on, else what the next entry names; whole before thin, long before short. */
function best(
  candidates: readonly Segment[],
  previousHash: string | undefined,
  found: Found,
): Segment | undefined {
  const isNamed = ({ last, hash }: Segment) =>
    (found.segments.get(last + 1) ?? []).some((next) => next.previousHash === hash);
  const worth = (segment: Segment) =>
    Number(segment.previousHash === previousHash) * 8 +
    Number(isNamed(segment)) * 4 +
    Number(!segment.kind.startsWith('thin')) * 2 +
    Number(segment.last > segment.first);
  const linked =
    previousHash === undefined ? candidates : candidates.filter((c) => c.previousHash === previousHash);
  return [...linked].sort((a, b) => worth(b) - worth(a) || b.last - a.last)[0];
}

/** Writes the chain anew, in order. */
class ChainWriter {
  readonly #database: DatabaseSync;
  readonly #signer: Signer;
  last = 0;
  hash: string;
  #nextReading = 0;
  #firstLost = 0;
  #lost = 0;
  #payloadsLost = 0;
  #isThinSoFar = true;
  #thinnedUpTo = 0;
  #thinned = 0;
  #packedUpTo = 0;

  constructor(database: DatabaseSync, signer: Signer, genesis: string) {
    this.#database = database;
    this.#signer = signer;
    this.hash = genesis;
  }

  get report() {
    return {
      ...{ firstLost: this.#firstLost, lostEntries: this.#lost, lostPayloads: this.#payloadsLost },
      lastNumber: this.last,
    };
  }

  /** What is lost up to this number, of which the hash of the last is known. */
  gap(lastNumber: number, hash: Buffer, unknownReadings = 0): void {
    const first = this.last + 1;
    if (this.#firstLost === 0) this.#firstLost = first;
    this.#lost += lastNumber - this.last;
    this.#nextReading += unknownReadings;
    const head: Head = {
      ...{ number: lastNumber, hash, signature: this.#signer.sign(hash), bootId: Buffer.alloc(16) },
      ...{ monotonicMs: 0, count: 0, firstAtMs: 0, lastAtMs: 0, firstReading: this.#nextReading, bytes: 0 },
    };
    this.#database
      .prepare('INSERT INTO packs VALUES (?, ?, 1, 0, 0, 0, ?, ?, ?)')
      .run(first, lastNumber, this.#nextReading, Buffer.from(this.hash, 'hex'), encodeHeads([head]));
    this.#passed(lastNumber, hexOf(hash), true);
    this.#packedUpTo = lastNumber;
  }

  segment(segment: Segment, payload: (() => FoundRow | undefined) | undefined): void {
    const columns = segment.again()?.columns ?? [];
    const isPack = segment.kind.endsWith('pack');
    const isThin = segment.kind.startsWith('thin');
    const values = [segment.first, ...columns.slice(1)];
    if (segment.kind === 'thin_entry') {
      if (columns[12] !== null) this.#payloadLost(segment.first, 1);
      values[12] = null;
    }
    const places = values.map(() => '?').join(', ');
    this.#database.prepare(`INSERT INTO ${isPack ? 'packs' : 'entries'} VALUES (${places})`).run(...values);
    const data = payload?.()?.columns[1];
    if (segment.kind === 'pack' && data instanceof Buffer) {
      this.#database.prepare('INSERT INTO payloads VALUES (?, ?)').run(segment.first, data);
    }
    this.#nextReading = Math.max(this.#nextReading, segment.nextReading);
    if (isPack) this.#packedUpTo = segment.last;
    if (isThin) this.#thinned += segment.last - segment.first + 1;
    this.#passed(segment.last, segment.hash, isThin || (!isPack && columns[5] !== 'readings'));
  }

  finish(): void {
    const insert = this.#database.prepare('INSERT INTO state VALUES (?, ?)');
    insert.run('packed_up_to', this.#packedUpTo);
    insert.run('thinned_up_to', this.#thinnedUpTo);
    insert.run('thinned_entries', this.#thinned);
  }

  #payloadLost(number: number, entries: number): void {
    if (this.#firstLost === 0) this.#firstLost = number;
    this.#payloadsLost += entries;
  }

  #passed(last: number, hash: string, isThin: boolean): void {
    this.last = last;
    this.hash = hash;
    this.#isThinSoFar &&= isThin;
    if (this.#isThinSoFar) this.#thinnedUpTo = last;
  }
}
