import { permute, RATE, STATE_BYTES, state } from './keccak';
import { BLOCK_BYTES, begin, compress, HASH_BYTES } from './sha256';

/**
 * The leaves of a batch's stamps, many in one call: serial, salt, word and leaf as contracts/encoding (leaf.ts, stamp.ts) and
 * cloud/stamps (serial.ts, keys.ts) define them one by one. The host fills in what fixes a batch, calls `prepare` once, then
 * `deriveLeaves` for any range, and `wipe` when it is done.
 */

/** The batch's two keys, 32 bytes each. */
export const macKey: usize = memory.data(32);
export const saltKey: usize = memory.data(32);
/**
 * The 192 bytes that a leaf is the hash of (leaf.ts). The host fills in tag, version, cooperative, kind and, in the last 32
 * bytes, a stamp's word with the batch number (8 bytes) and the first 6 characters of the serial, which are the same for all.
 */
export const preimage: usize = memory.data(192);
/** The 14 digits. */
export const gtin14: usize = memory.data(14);
/** The batch number, 4 bytes, big-endian. */
export const batchNumber: usize = memory.data(4);

/** Where leaves are written, 32 bytes each, in the order of their indices. */
export const leaves: usize = 0x10000;

const SALT: usize = 128;
const WORD: usize = 160;
const WORD_INDEX: usize = WORD + 8;
const SERIAL: usize = WORD + 12;

/** HMAC (RFC 2104): the hash after the key's block, for the inner and the outer hash, of each of the two keys. */
const macInner: usize = memory.data(HASH_BYTES, 16);
const macOuter: usize = memory.data(HASH_BYTES, 16);
const saltInner: usize = memory.data(HASH_BYTES, 16);
const saltOuter: usize = memory.data(HASH_BYTES, 16);
/** The one block that is left of each inner message, padded, of four stamps; only their indices change. */
const macBlock: usize = memory.data(BLOCK_BYTES, 16);
const saltBlock: usize = memory.data(BLOCK_BYTES, 16);
/** The outer hash's one block: the inner hash, padded. */
const outerBlock: usize = memory.data(BLOCK_BYTES, 16);
/** MACs and salts of four stamps. */
const macs: usize = memory.data(HASH_BYTES, 16);
const salts: usize = memory.data(HASH_BYTES, 16);
/** A block as bytes, before it is spread over four lanes. */
const bytes: usize = memory.data(64);

const macLabel: usize = memory.data<u8>([
  // "nongtin/serial/1"
  0x6e, 0x6f, 0x6e, 0x67, 0x74, 0x69, 0x6e, 0x2f, 0x73, 0x65, 0x72, 0x69, 0x61, 0x6c, 0x2f, 0x31,
]);
/** Where the index stands in the MAC's message: the last half of one word and the first of the next. */
const MAC_INDEX: usize = 34;
const MAC_INDEX_HIGH: usize = 8;
const MAC_INDEX_LOW: usize = 9;
/** "0123456789ABCDEFGHJKMNPQRSTVWXYZ" */
const symbols: usize = memory.data<u8>([
  0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
  0x4a, 0x4b, 0x4d, 0x4e, 0x50, 0x51, 0x52, 0x53, 0x54, 0x56, 0x57, 0x58, 0x59, 0x5a,
]);

/** The check character's sum of the batch number's six symbols: the same for all stamps. */
let batchSum: u32 = 0;

export function prepare(): void {
  keyed(macKey, macInner, macOuter);
  keyed(saltKey, saltInner, saltOuter);
  memory.copy(bytes, macLabel, 16);
  memory.copy(bytes + 16, gtin14, 14);
  memory.copy(bytes + 30, batchNumber, 4);
  memory.fill(bytes + MAC_INDEX, 0, 4);
  pad(38);
  spread(macBlock);
  memory.fill(bytes, 0, 4);
  pad(4);
  spread(saltBlock);
  pad(32);
  spread(outerBlock);
  const number = bswap<u32>(load<u32>(batchNumber));
  batchSum = 0;
  for (let shift: i32 = 25; shift >= 0; shift -= 5) batchSum = timesX(batchSum) ^ ((number >>> shift) & 31);
}

/** Leaves of the stamps `first` … `first + count - 1`; HMACs of four at a time. */
export function deriveLeaves(first: u32, count: u32): void {
  let to = leaves;
  for (let done: u32 = 0; done < count; done += 4) {
    authenticate(first + done);
    const lanes = min(4, count - done);
    for (let lane: u32 = 0; lane < lanes; lane++) {
      const index = first + done + lane;
      for (let word: usize = 0; word < 8; word++) {
        store<u32>(preimage + SALT + 4 * word, bswap<u32>(load<u32>(salts + 16 * word + 4 * lane)));
      }
      store<u32>(preimage + WORD_INDEX, bswap<u32>(index));
      // The MAC's first 40 bits.
      const mac = macs + 4 * lane;
      writeSerial(index, ((<u64>load<u32>(mac)) << 8) | (load<u32>(mac, 16) >>> 24));
      hashLeaf(to);
      to += 32;
    }
  }
}

/** Nothing that was secret stays in the memory. */
export function wipe(): void {
  memory.fill(macKey, 0, 32);
  memory.fill(saltKey, 0, 32);
  memory.fill(preimage, 0, 192);
  memory.fill(macInner, 0, HASH_BYTES);
  memory.fill(macOuter, 0, HASH_BYTES);
  memory.fill(saltInner, 0, HASH_BYTES);
  memory.fill(saltOuter, 0, HASH_BYTES);
  memory.fill(macBlock, 0, BLOCK_BYTES);
  memory.fill(saltBlock, 0, BLOCK_BYTES);
  memory.fill(outerBlock, 0, BLOCK_BYTES);
  memory.fill(macs, 0, HASH_BYTES);
  memory.fill(salts, 0, HASH_BYTES);
  memory.fill(bytes, 0, 64);
  memory.fill(state, 0, STATE_BYTES);
}

/** After the batch's six characters: five of the index, eight of the MAC, and the check character (wire/check-character.ts). */
function writeSerial(index: u32, mac: u64): void {
  let sum = batchSum;
  let at = preimage + SERIAL + 6;
  for (let shift: i32 = 20; shift >= 0; shift -= 5) {
    const symbol = (index >>> shift) & 31;
    sum = timesX(sum) ^ symbol;
    store<u8>(at++, load<u8>(symbols + symbol));
  }
  for (let shift: i32 = 35; shift >= 0; shift -= 5) {
    const symbol = <u32>(mac >>> shift) & 31;
    sum = timesX(sum) ^ symbol;
    store<u8>(at++, load<u8>(symbols + symbol));
  }
  store<u8>(at, load<u8>(symbols + timesX(sum)));
}

/** Times x in GF(2^5) with x^5 + x^2 + 1. */
function timesX(value: u32): u32 {
  const shifted = value << 1;
  return shifted & 32 ? shifted ^ 0b100101 : shifted;
}

/** keccak256(keccak256(preimage)), which takes two blocks and one. */
function hashLeaf(to: usize): void {
  memory.copy(state, preimage, 136);
  memory.fill(state + 136, 0, 64);
  permute();
  for (let i: usize = 0; i < 56; i += 8) {
    store<u64>(state + i, load<u64>(state + i) ^ load<u64>(preimage + RATE + i));
  }
  store<u64>(state + 56, load<u64>(state + 56) ^ 0x01);
  store<u64>(state + 128, load<u64>(state + 128) ^ 0x8000000000000000);
  permute();
  memory.fill(state + 32, 0, 168);
  store<u8>(state + 32, 0x01);
  store<u8>(state + RATE - 1, 0x80);
  permute();
  memory.copy(to, state, 32);
}

/** HMAC-SHA-256 for salts and MACs of four stamps from `first` on. */
function authenticate(first: u32): void {
  const index = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  v128.store(saltBlock, index);
  compress(saltInner, saltBlock, outerBlock);
  compress(saltOuter, outerBlock, salts);
  const high = i32x4.splat((<u32>bswap<u16>(load<u16>(batchNumber + 2))) << 16);
  v128.store(macBlock + 16 * MAC_INDEX_HIGH, v128.or(high, i32x4.shr_u(index, 16)));
  // After the index its message ends, with a bit.
  v128.store(macBlock + 16 * MAC_INDEX_LOW, v128.or(i32x4.shl(index, 16), i32x4.splat(0x8000)));
  compress(macInner, macBlock, outerBlock);
  compress(macOuter, outerBlock, macs);
}

/** What HMAC hashes before any message: the key with 0x36, and with 0x5c, in every byte. `outerBlock` is free by then. */
function keyed(key: usize, inner: usize, outer: usize): void {
  begin(macs);
  for (let i: usize = 0; i < 64; i++) store<u8>(bytes + i, (i < 32 ? load<u8>(key + i) : 0) ^ 0x36);
  spread(outerBlock);
  compress(macs, outerBlock, inner);
  for (let i: usize = 0; i < 64; i++) store<u8>(bytes + i, load<u8>(bytes + i) ^ 0x36 ^ 0x5c);
  spread(outerBlock);
  compress(macs, outerBlock, outer);
}

/** The end of a message of `length` bytes after the 64 of its key: 0x80, zeros, and its length in bits. */
function pad(length: usize): void {
  memory.fill(bytes + length, 0, 64 - length);
  store<u8>(bytes + length, 0x80);
  store<u32>(bytes + 60, bswap<u32>((64 + <u32>length) * 8));
}

/** The block in `bytes` as words of four messages that are the same so far. */
function spread(block: usize): void {
  for (let word: usize = 0; word < 16; word++) {
    v128.store(block + 16 * word, i32x4.splat(bswap<u32>(load<u32>(bytes + 4 * word))));
  }
}
