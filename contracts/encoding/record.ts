import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import canonicalize from 'canonicalize';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * A record's digest: SHA-256 of its RFC 8785 canonical JSON (keys sorted by UTF-16 code units, shortest numbers, no
 * spaces, UTF-8). 32 bytes. Throws where canonical JSON has no text: NaN, Infinity, half a surrogate pair, a cycle.
 */
export function recordDigest(record: object): Uint8Array {
  const text = canonicalize(record);
  if (text === undefined) throw new TypeError('a record is a JSON object');
  return sha256(utf8ToBytes(text));
}
