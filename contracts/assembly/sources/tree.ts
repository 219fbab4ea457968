import { permute, RATE, STATE_BYTES, state } from './keccak';

/** Room for nodes of 32 bytes each; what stands below belongs to keccak. See compile.ts for how many. */
export const nodes: usize = 0x10000;

/**
 * The parents of the 2 × `pairs` nodes at `nodes`, written over them: keccak256 of two neighbours, the smaller first, as
 * OpenZeppelin's MerkleProof hashes them. A parent is written where nothing is read any more.
 */
export function hashPairs(pairs: u32): void {
  let from = nodes;
  let to = nodes;
  for (let pair: u32 = 0; pair < pairs; pair++) {
    const inOrder = isSmaller(from, from + 32);
    memory.copy(state, inOrder ? from : from + 32, 32);
    memory.copy(state + 32, inOrder ? from + 32 : from, 32);
    memory.fill(state + 64, 0, STATE_BYTES - 64);
    store<u8>(state + 64, 0x01);
    store<u8>(state + RATE - 1, 0x80);
    permute();
    memory.copy(to, state, 32);
    from += 64;
    to += 32;
  }
}

/** Of two hashes as big-endian numbers; true also of equals, where the order does not matter. */
function isSmaller(a: usize, b: usize): bool {
  for (let i: usize = 0; i < 32; i += 8) {
    const left = bswap<u64>(load<u64>(a + i));
    const right = bswap<u64>(load<u64>(b + i));
    if (left != right) return left < right;
  }
  return true;
}
