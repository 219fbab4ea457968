import { AbiCoder, decodeRlp, encodeRlp, keccak256, type RlpStructuredData, toBeHex } from 'ethers';

/** Of eth_getProof (EIP-1186). */
export interface StateProof {
  readonly storageHash: string;
  readonly codeHash: string;
  readonly accountProof: string[];
  readonly storageProof: { readonly value: string; readonly proof: string[] }[];
}

/** Where AnchorRegistry keeps a root, and what it keeps there: contracts/README.md, "An anchor without asking the contract". */
export function anchorSlot(root: string, anchor: { time: bigint; treeSize: bigint; blockNumber: bigint }) {
  return {
    slot: keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint256'], [root, 3])),
    word: anchor.time | (anchor.treeSize << 64n) | (anchor.blockNumber << 128n),
  };
}

/**
 * What a Merkle Patricia trie holds under `key`, RLP as it stands there, checked node by node from `root` (Ethereum's yellow
 * paper, appendix D). Throws when a node is not the one that the node above it names.
 */
export function valueByProof(root: string, key: string, nodes: readonly string[]): string {
  const path = keccak256(key).slice(2);
  let wanted: RlpStructuredData = root;
  let depth = 0;
  for (const bytes of nodes) {
    if (keccak256(bytes) !== wanted) throw new Error(`the proof does not hold at nibble ${depth}`);
    let node = decodeRlp(bytes) as RlpStructuredData[];
    for (;;) {
      const [next, used] = step(node, path.slice(depth));
      depth += used;
      if (depth === path.length) return String(next);
      wanted = next;
      // A node of less than 32 bytes stands in the one above it.
      if (!Array.isArray(next)) break;
      node = next as RlpStructuredData[];
    }
  }
  throw new Error('the proof ends before the value');
}

/** The storage word, or the account, as the trie encodes it. */
export const rlpNumber = (value: bigint) => encodeRlp(toBeHex(value));

/** What a node leads to, and how many nibbles of the path that took. */
function step(node: readonly RlpStructuredData[], path: string): [RlpStructuredData, number] {
  if (node.length === 17) return [node[Number.parseInt(path[0] ?? '', 16)] ?? '0x', 1];
  const [encoded = '', next = '0x'] = node;
  const nibbles = String(encoded).slice(2);
  const own = nibbles.slice(Number.parseInt(nibbles[0] ?? '', 16) % 2 === 1 ? 1 : 2);
  if (!path.startsWith(own)) throw new Error('the trie holds nothing under this key');
  return [next, own.length];
}
