import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * The journal entry's bytes (design, section 7):
 *
 *   number (8 bytes, big-endian) | previousHash (32) | bootId (16) | payload (UTF-8, uncompressed)
 *
 * Its hash is the SHA-256 of these bytes; the next entry carries it as previousHash; the gateway signs it with
 * Ed25519. A payload that starts with '{' is one record, anything else is readings in canonical line protocol.
 */
export interface EntryHeader {
  readonly number: number;
  /** 64 hex digits; zeros for entry 1. */
  readonly previousHash: string;
  /** 32 hex digits, random, new at each start of the gateway. */
  readonly bootId: string;
}

export const GENESIS_HASH = '0'.repeat(64);

/** Hash of an entry, 64 hex digits. */
export function entryHash(header: EntryHeader, payload: string): string {
  return bytesToHex(sha256(entryBytes(header, payload)));
}

function entryBytes(header: EntryHeader, payload: string): Uint8Array {
  if (!Number.isSafeInteger(header.number) || header.number < 1) {
    throw new RangeError(`an entry's number is a positive integer, not ${header.number}`);
  }
  const previous = hexToBytes(header.previousHash);
  const boot = hexToBytes(header.bootId);
  if (previous.length !== 32 || boot.length !== 16) {
    throw new RangeError('previousHash has 32 bytes and bootId 16');
  }
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, BigInt(header.number));
  return concatBytes(number, previous, boot, utf8ToBytes(payload));
}

export function isRecordPayload(payload: string): boolean {
  return payload.startsWith('{');
}
