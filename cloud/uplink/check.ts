import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { entryHash, GENESIS_HASH, type UplinkEntry } from '@nongtin/broker/wire';
import type { Head, StoredEntry } from './entry-store.ts';
import { firstNumberOf, isThinned } from './thinned.ts';

/** Why an entry is not taken. Kinds are counted; the sentence goes back to the gateway. */
export type RefusalKind =
  | 'not_entries'
  | 'not_registered'
  | 'revoked'
  | 'gap'
  | 'signature'
  | 'fork'
  | 'storage'
  | 'our_fault';

export interface Refusal {
  readonly number: number;
  readonly kind: RefusalKind;
  readonly reason: string;
}

export interface Checked {
  /** Continue the chain; to be appended. */
  readonly fresh: readonly StoredEntry[];
  /** Already held, with the same hash. */
  readonly duplicates: number;
  /** The first entry that cannot be taken; nothing after it is looked at. */
  readonly refused?: Refusal;
  /** With a refusal of kind fork: what was offered beside what we hold. */
  readonly fork?: { readonly offered: StoredEntry; readonly heldHash: string };
}

/** What the store holds of this gateway. */
export interface Held {
  readonly head: Head | undefined;
  hashOf(number: number): string | undefined;
}

/**
 * Holds entries against the chain: numbers without a gap, each the hash of the one before, each signed. Pure. Nothing
 * is taken on the gateway's word: hashes are recomputed, and only a signed contradiction counts as a fork, so that
 * nobody can accuse a gateway in its place.
 */
export function checkEntries(entries: readonly UplinkEntry[], key: KeyObject, held: Held): Checked {
  const fresh: StoredEntry[] = [];
  let head: Head = held.head ?? { number: 0, hash: GENESIS_HASH };
  let duplicates = 0;
  for (const entry of entries) {
    const offered = { ...entry, hash: hashOf(entry) };
    const isNew = entry.number > head.number;
    const known = isNew ? undefined : knownHash(entry.number, fresh, held);
    // Not new and not known: it lies within a run that we hold as one.
    if (!isNew && (known === undefined || known === offered.hash)) {
      duplicates++;
      continue;
    }
    const problem = problemWith(offered, known, head, key);
    if (problem !== undefined) return { fresh, duplicates, ...problem };
    fresh.push(offered);
    head = { number: offered.number, hash: offered.hash };
  }
  return { fresh, duplicates };
}

/**
 * A thinned entry is known by its hash alone: the signature holds for that, and the next entry must name it. What its
 * payload said can no longer be proven, and is not counted as missing.
 */
function hashOf(entry: UplinkEntry): string {
  return isThinned(entry) ? entry.thinned.hash : entryHash(entry, entry.payload);
}

function knownHash(number: number, fresh: readonly StoredEntry[], held: Held): string | undefined {
  return fresh.find((entry) => entry.number === number)?.hash ?? held.hashOf(number);
}

function problemWith(offered: StoredEntry, known: string | undefined, head: Head, key: KeyObject) {
  const { number } = offered;
  const refuse = (kind: RefusalKind, reason: string) => ({ refused: { number, kind, reason } });
  const firstNumber = firstNumberOf(offered);
  if (firstNumber > head.number + 1) return refuse('gap', `gap: expected ${head.number + 1}`);
  if (!isSigned(offered, key)) return refuse('signature', 'bad signature');
  if (known !== undefined) {
    const reason = `fork: entry ${number} is held with hash ${known}`;
    return { ...refuse('fork', reason), fork: { offered, heldHash: known } };
  }
  // A run of which we hold the beginning names what was before that.
  if (firstNumber === head.number + 1 && offered.previousHash !== head.hash) {
    const reason = `fork: entry ${head.number} is held with hash ${head.hash}`;
    return { ...refuse('fork', reason), fork: { offered, heldHash: head.hash } };
  }
  return undefined;
}

/** The gateway signs the entry's hash, its 32 bytes. */
function isSigned(entry: StoredEntry, key: KeyObject): boolean {
  return verify(null, Buffer.from(entry.hash, 'hex'), key, Buffer.from(entry.signature, 'hex'));
}

/** What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A key from its 64 hex digits. Throws on 32 bytes that are no key. */
export function publicKeyFrom(hex: string): KeyObject {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(hex, 'hex')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}
