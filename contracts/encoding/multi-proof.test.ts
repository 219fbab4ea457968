import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, toHex } from './bytes.ts';
import { type MultiProof, rootFromMultiProof } from './multi-proof.ts';
import { buildTree } from './tree.ts';

const leaves = fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
  minLength: 1,
  maxLength: 60,
  selector: toHex,
});
const carton = fc.tuple(leaves, fc.array(fc.nat(), { minLength: 1, maxLength: 20 })).map(([list, picks]) => ({
  list,
  indices: [...new Set(picks.map((pick) => pick % list.length))],
}));

test('of any leaves of any tree it is what OpenZeppelin makes of them, and OpenZeppelin accepts it', () => {
  fc.assert(
    fc.property(carton, ({ list, indices }) => {
      const tree = buildTree(list);
      const theirs = SimpleMerkleTree.of(list.map(toHex), { sortLeaves: false });
      const multiProof = tree.multiProofOf(indices);
      const hex = {
        leaves: multiProof.leaves.map(toHex),
        proof: multiProof.proof.map(toHex),
        proofFlags: [...multiProof.proofFlags],
      };
      expect(hex).toEqual(theirs.getMultiProof(indices));
      expect(SimpleMerkleTree.verifyMultiProof(theirs.root, hex)).toBe(true);
      expect(equalBytes(rootFromMultiProof(multiProof), tree.root)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('with a bit, a flag or an order changed it leads to another root, or is refused', () => {
  fc.assert(
    fc.property(carton, fc.nat(), ({ list, indices }, pick) => {
      const tree = buildTree(list);
      const multiProof = tree.multiProofOf(indices);
      const changes: MultiProof[] = [
        { ...multiProof, leaves: flipOne(multiProof.leaves, pick) },
        {
          ...multiProof,
          proofFlags: multiProof.proofFlags.map((flag, i) =>
            i === pick % multiProof.proofFlags.length ? !flag : flag,
          ),
        },
        { ...multiProof, proof: flipOne(multiProof.proof, pick) },
        { ...multiProof, proof: multiProof.proof.slice(1) },
        { ...multiProof, leaves: multiProof.leaves.slice(1) },
        { ...multiProof, proofFlags: [...multiProof.proofFlags, true] },
      ];
      for (const changed of changes) {
        if (JSON.stringify(changed) === JSON.stringify(multiProof)) continue;
        expect(leadsTo(changed, tree.root)).toBe(false);
      }
    }),
    { numRuns: 60 },
  );
});

test('of no leaf it is refused, though OpenZeppelin lets the root prove nothing at all', () => {
  const list = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
  const tree = buildTree(list);
  expect(() => tree.multiProofOf([])).toThrow('at least one leaf');
  const empty = { leaves: [], proof: [tree.root], proofFlags: [] };
  const hex = { leaves: [], proof: [toHex(tree.root)], proofFlags: [] };
  expect(SimpleMerkleTree.verifyMultiProof(toHex(tree.root), hex)).toBe(true);
  expect(() => rootFromMultiProof(empty)).toThrow('proves nothing');
});

test('flags that read what is not computed yet are refused (CVE-2023-34459)', () => {
  const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
  const malformed: MultiProof[] = [
    { leaves: [a], proof: [b, b], proofFlags: [true, true] },
    { leaves: [a], proof: [b], proofFlags: [true] },
    { leaves: [a, b], proof: [], proofFlags: [false] },
    { leaves: [a, b], proof: [a], proofFlags: [true, true] },
  ];
  for (const one of malformed) expect(() => rootFromMultiProof(one)).toThrow('more nodes than there are');
  expect(() => rootFromMultiProof({ leaves: [a], proof: [b], proofFlags: [] })).toThrow(
    'take 1 flags, not 0',
  );
});

test('what is no hash, no index, or asked for twice is refused', () => {
  const tree = buildTree([1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)));
  expect(() => tree.multiProofOf([0, 2, 0])).toThrow('leaf 0 is asked for twice');
  expect(() => tree.multiProofOf([3])).toThrow('has no leaf 3');
  const short = new Uint8Array(31);
  expect(() => rootFromMultiProof({ leaves: [short], proof: [], proofFlags: [] })).toThrow(
    'a leaf has 31 bytes',
  );
  const leaf = new Uint8Array(32);
  expect(() => rootFromMultiProof({ leaves: [leaf], proof: [short], proofFlags: [false] })).toThrow(
    'a sibling has 31',
  );
});

test('an array of indices is left as it was', () => {
  const indices = [2, 0];
  buildTree([1, 2, 3].map((fill) => new Uint8Array(32).fill(fill))).multiProofOf(indices);
  expect(indices).toEqual([2, 0]);
});

function leadsTo(multiProof: MultiProof, root: Uint8Array): boolean {
  try {
    return equalBytes(rootFromMultiProof(multiProof), root);
  } catch {
    return false;
  }
}

function flipOne(nodes: readonly Uint8Array[], pick: number): Uint8Array[] {
  return nodes.map((node, i) =>
    i === pick % nodes.length ? node.map((at, j) => (j === pick % 32 ? at ^ 1 : at)) : node,
  );
}
