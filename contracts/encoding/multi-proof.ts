import { requireLength } from './bytes.ts';
import { hashPair, NODE_BYTES } from './pair-hasher.ts';
import { leafPosition, parentOf, siblingOf } from './tree-layout.ts';

/**
 * One proof for several leaves of a tree, such as the stamps of a carton, as OpenZeppelin's MerkleProof.multiProofVerify
 * takes it: nodes are hashed two by two in the order of a queue, which begins with the leaves.
 */
export interface MultiProof {
  /** The proved leaves, in the order of their indices. */
  readonly leaves: readonly Uint8Array[];
  /** The siblings that the leaves do not lead to themselves. */
  readonly proof: readonly Uint8Array[];
  /** For each hash: whether both nodes come from the queue, or the second from `proof`. */
  readonly proofFlags: readonly boolean[];
}

/** `indices` in any order, each once, at least one. */
export function multiProofFrom(
  nodeAt: (position: number) => Uint8Array,
  size: number,
  indices: readonly number[],
): MultiProof {
  if (indices.length === 0) throw new RangeError('a multi-proof is of at least one leaf');
  // By index is from the end of the array, so the deepest come first, and a parent always after its children.
  const ordered = indices.toSorted((a, b) => a - b);
  const queue = ordered.map((index) => leafPosition(index, size));
  const twice = ordered.find((index, i) => index === ordered[i + 1]);
  if (twice !== undefined) throw new RangeError(`leaf ${twice} is asked for twice`);
  const leaves = queue.map(nodeAt);
  const proof: Uint8Array[] = [];
  const proofFlags: boolean[] = [];
  for (let next = 0; ; next++) {
    const position = queue[next] ?? 0;
    if (position === 0) return { leaves, proof, proofFlags };
    const sibling = siblingOf(position);
    const isNext = queue[next + 1] === sibling;
    if (isNext) next += 1;
    else proof.push(nodeAt(sibling));
    proofFlags.push(isNext);
    queue.push(parentOf(position));
  }
}

/**
 * The root that these leaves lead to together. Compare it, and compute the leaves from what they stand for: a hash that is
 * merely handed over may be an inner node.
 *
 * Refused is what OpenZeppelin's verifier refuses, and what it lets pass though it proves nothing: no leaf at all (then
 * the proof would be the root itself), and a queue that is read before it is filled (CVE-2023-34459).
 */
export function rootFromMultiProof({ leaves, proof, proofFlags }: MultiProof): Uint8Array {
  if (leaves.length === 0) throw new RangeError('a multi-proof without a leaf proves nothing');
  if (leaves.length + proof.length !== proofFlags.length + 1) {
    throw new RangeError(
      `${leaves.length} leaves and ${proof.length} siblings take ${leaves.length + proof.length - 1} flags, not ${proofFlags.length}`,
    );
  }
  for (const leaf of leaves) requireLength(leaf, NODE_BYTES, 'a leaf');
  for (const sibling of proof) requireLength(sibling, NODE_BYTES, 'a sibling');
  const queue = [...leaves];
  let nextNode = 0;
  let nextSibling = 0;
  const take = (node: Uint8Array | undefined) => {
    if (node === undefined)
      throw new RangeError('the flags of the multi-proof ask for more nodes than there are');
    return node;
  };
  for (const flag of proofFlags) {
    const node = take(queue[nextNode++]);
    queue.push(hashPair(node, take(flag ? queue[nextNode++] : proof[nextSibling++])));
  }
  // As many siblings are left over as nodes were missing: with the counts right and none missing, one node is left.
  return take(queue[nextNode]);
}
