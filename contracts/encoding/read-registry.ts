import { keccak_256 } from '@noble/hashes/sha3.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { fromHex, type Hex, toHex } from './bytes.ts';
import {
  type ContractQuestion,
  numberWord,
  type ReadingProblem,
  type Rpc,
  readContract,
  type View,
} from './read-contract.ts';

/** In whose name the alliance revokes, for every cooperative's leaves: AnchorRegistry.ALLIANCE_ISSUER. */
export const allianceIssuer: Hex = toHex(keccak_256(utf8ToBytes('nongtin.issuer/alliance')));

/** Asked of the CooperativeRegistry. Ids: 32 bytes as hex. */
export interface KeyQuestion extends ContractQuestion {
  readonly cooperativeId: string;
  readonly keyId: string;
}

/** A key as the registry has it. Times in ms since 1970; a key counts for what was first anchored at `validFromMs` or later. */
export interface RegistryKey {
  readonly kind: 'key';
  /** keyKinds */
  readonly keyKind: number;
  /** keccak256 of the public key's bytes. */
  readonly publicKeyHash: Hex;
  readonly validFromMs: number;
  /** Its planned end: nothing first anchored then or later counts. */
  readonly validUntilMs?: number;
  /** From when on it is not to be believed, which may be told long after. */
  readonly revokedFromMs?: number;
}

/** missing: the contract answers and does not know the key. */
export type KeyReading = RegistryKey | { readonly kind: 'missing' } | ReadingProblem;

/** Reads a key's window by three plain calls. Never rejects. */
export function readKey(rpc: Rpc, question: KeyQuestion): Promise<KeyReading> {
  return readContract<KeyReading>(rpc, question, async (view) => {
    const ids = [fromHex(question.cooperativeId, 32), fromHex(question.keyId, 32)];
    const key = await view('keyOf(bytes32,bytes32)', ids, 5);
    const validFrom = key?.number(0) ?? 0;
    if (key === undefined || validFrom === 0) return { kind: 'missing' };
    const [revokedFrom, validUntil] = [key.number(1), key.number(4)];
    return {
      kind: 'key',
      keyKind: key.number(2),
      publicKeyHash: toHex(key.bytes(3)),
      validFromMs: validFrom * 1000,
      ...(validUntil === 0 ? {} : { validUntilMs: validUntil * 1000 }),
      ...(revokedFrom === 0 ? {} : { revokedFromMs: revokedFrom * 1000 }),
    };
  });
}

/** Whether what was first anchored at that block time (ms since 1970) counts as signed by the key. */
export function isKeyValidAt(key: RegistryKey, anchoredAtMs: number): boolean {
  const {
    validFromMs,
    validUntilMs = Number.POSITIVE_INFINITY,
    revokedFromMs = Number.POSITIVE_INFINITY,
  } = key;
  return anchoredAtMs >= validFromMs && anchoredAtMs < validUntilMs && anchoredAtMs < revokedFromMs;
}

/** Asked of the CooperativeRegistry. */
export interface CooperativeQuestion extends ContractQuestion {
  readonly cooperativeId: string;
}

/** missing: the alliance has never admitted such a cooperative. */
export type CooperativeReading =
  | {
      readonly kind: 'cooperative';
      /** As of now; what was anchored before a suspension is not touched by it. */
      readonly standing: 'admitted' | 'suspended';
      /** Address of who acts for it, lower case. */
      readonly admin: Hex;
      readonly admittedAtMs: number;
      /** keccak256 of its name in UTF-8. */
      readonly nameHash: Hex;
    }
  | { readonly kind: 'missing' }
  | ReadingProblem;

/** CooperativeRegistry.Standing; 0 is unknown. */
const standings = [undefined, 'admitted', 'suspended'] as const;

/** Reads how the alliance stands to a cooperative by three plain calls. Never rejects. */
export function readCooperative(rpc: Rpc, question: CooperativeQuestion): Promise<CooperativeReading> {
  return readContract<CooperativeReading>(rpc, question, async (view) => {
    const found = await view('cooperativeOf(bytes32)', [fromHex(question.cooperativeId, 32)], 4);
    const number = found?.number(1) ?? 0;
    if (found === undefined || number === 0) return { kind: 'missing' };
    const standing = standings[number];
    if (standing === undefined) throw new RangeError(`the registry answers with a standing of ${number}`);
    return {
      kind: 'cooperative',
      standing,
      admin: toHex(found.bytes(0).subarray(12)),
      admittedAtMs: found.number(2) * 1000,
      nameHash: toHex(found.bytes(3)),
    };
  });
}

/** Asked of the AnchorRegistry. */
export interface RevocationQuestion extends ContractQuestion {
  /** Whose word counts for this leaf: its own cooperative's id, and allianceIssuer. */
  readonly issuers: readonly string[];
  /** Of a stamp: its batch's leaf. */
  readonly leaf: string;
  /** The stamp's index in its batch. */
  readonly stampIndex?: number;
}

/**
 * revoked: an issuer has revoked the leaf, at that block time (ms since 1970), or this one stamp, whose time the chain tells
 * by its events alone. not_revoked: the contract answers, and none of the issuers has.
 */
export type RevocationReading =
  | { readonly kind: 'revoked'; readonly what: 'leaf'; readonly issuer: string; readonly revokedAtMs: number }
  | { readonly kind: 'revoked'; readonly what: 'stamp'; readonly issuer: string }
  | { readonly kind: 'not_revoked' }
  | ReadingProblem;

/**
 * Reads whether a leaf, or a stamp below it, counts no longer. A contract that was not there yet at the block asked for
 * is no_contract: its silence must never be taken for "not revoked". Never rejects.
 */
export function readRevocation(rpc: Rpc, question: RevocationQuestion): Promise<RevocationReading> {
  return readContract<RevocationReading>(rpc, question, async (view) => {
    requireQuestion(question);
    for (const issuer of question.issuers) {
      const found = await revocationBy(view, issuer, question);
      if (found !== undefined) return found;
    }
    return { kind: 'not_revoked' };
  });
}

/** A question that nobody could answer with "revoked" must not be answered with "not revoked". */
function requireQuestion({ issuers, stampIndex }: RevocationQuestion): void {
  if (issuers.length === 0) throw new RangeError('no issuer is named whose revocation would count');
  if (stampIndex === undefined) return;
  if (!Number.isInteger(stampIndex) || stampIndex < 0 || stampIndex >= 2 ** 32)
    throw new RangeError(`a stamp's index has 32 bits, unlike ${stampIndex}`);
}

async function revocationBy(
  view: View,
  issuer: string,
  { leaf, stampIndex }: RevocationQuestion,
): Promise<RevocationReading | undefined> {
  const ids = [fromHex(issuer, 32), fromHex(leaf, 32)];
  const answer = await view('revokedAt(bytes32,bytes32)', ids, 1);
  if (answer === undefined) return { kind: 'no_contract' };
  const time = answer.number(0);
  if (time !== 0) return { kind: 'revoked', what: 'leaf', issuer, revokedAtMs: time * 1000 };
  if (stampIndex === undefined) return undefined;
  const word = numberWord(Math.floor(stampIndex / 256));
  const bitmap = await view('revokedStamps(bytes32,bytes32,uint32)', [...ids, word], 1);
  if (bitmap === undefined) return { kind: 'no_contract' };
  return hasBit(bitmap.bytes(0), stampIndex % 256) ? { kind: 'revoked', what: 'stamp', issuer } : undefined;
}

/** Bit 0 is the lowest, in the last of the 32 bytes. */
function hasBit(word: Uint8Array, bit: number): boolean {
  return (((word[31 - Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & 1) === 1;
}
