import { utf8ToBytes } from '@noble/hashes/utils.js';
import { leafHash } from './leaf.ts';

export interface Stamp {
  /** Unsigned, 64 bits; unique within the cooperative. */
  readonly batchNumber: bigint;
  /** The stamp's place in its batch, from 0. */
  readonly index: number;
  /** 20 printable ASCII characters: GS1's longest serial (AI 21). */
  readonly serial: string;
}

export const SERIAL_LENGTH = 20;

/**
 * A stamp's word, which stands where other leaves have a digest:
 *
 *   batchNumber (8 bytes, big-endian) | index (4, big-endian) | serial (20, ASCII)
 *
 * Every part has a fixed width, so two different stamps never share a word, and it reads back in one way only; it
 * needs no hash of its own because it is exactly 32 bytes and the leaf's hash covers it. The leaf's kind keeps it apart
 * from a digest that happened to have these bytes.
 */
export function stampWord(stamp: Stamp): Uint8Array {
  const { batchNumber, index, serial } = stamp;
  if (batchNumber < 0n || batchNumber >= 2n ** 64n) {
    throw new RangeError(`a batch number has 64 bits, unlike ${batchNumber}`);
  }
  if (!Number.isInteger(index) || index < 0 || index >= 2 ** 32) {
    throw new RangeError(`a stamp's index has 32 bits, unlike ${index}`);
  }
  if (!isSerial(serial)) {
    throw new RangeError(`a serial has ${SERIAL_LENGTH} printable ASCII characters, unlike "${serial}"`);
  }
  const word = new Uint8Array(32);
  const view = new DataView(word.buffer);
  view.setBigUint64(0, batchNumber);
  view.setUint32(8, index);
  word.set(utf8ToBytes(serial), 12);
  return word;
}

/** The stamp's leaf in its batch's tree. `salt`: the stamp's own secret, revealed in its own proof only. */
export function stampLeaf(stamp: Stamp, cooperativeId: Uint8Array, salt: Uint8Array): Uint8Array {
  return leafHash({ cooperativeId, kind: 'stamp', salt, digest: stampWord(stamp) });
}

export function isSerial(text: string): boolean {
  return /^[\x21-\x7e]{20}$/.test(text);
}
