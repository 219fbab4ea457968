import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';

/** Hex text with 0x in front, as JSON-RPC and proof bundles write it. Inside our code a hash is a Uint8Array. */
export type Hex = `0x${string}`;

export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/** Reads lower- or upper-case hex with 0x in front; `length` in bytes, when only one length is right. */
export function fromHex(hex: string, length?: number): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex)) {
    throw new RangeError(`not hex with 0x in front: "${hex.slice(0, 80)}"`);
  }
  const bytes = hexToBytes(hex.slice(2));
  if (length !== undefined) requireLength(bytes, length, 'the hex');
  return bytes;
}

export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.length !== length) throw new RangeError(`${what} has ${bytes.length} bytes, not ${length}`);
}

/** Not in constant time: for hashes that are public. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) === 0;
}

/** As big-endian numbers: negative, zero or positive. Both of the same length, or the longer one is larger. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
