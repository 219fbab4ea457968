import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { HASHER_NODES, hashPair, NODE_BYTES } from './pair-hasher.ts';
import { TREE_WASM } from './tree-wasm.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** A new one, as a thread or a page of its own has it. */
async function newHasher() {
  vi.resetModules();
  return (await import('./pair-hasher.ts')).pairHasher();
}

const byte = fc.oneof(fc.constant(0), fc.constant(255), fc.nat(255));
const node = fc.uint8Array({ minLength: NODE_BYTES, maxLength: NODE_BYTES }).chain((full) =>
  // Nodes that agree for a while: the order is decided by any of the 32 bytes.
  fc.tuple(fc.nat(NODE_BYTES), byte).map(([same, fill]) => full.map((at, i) => (i < same ? fill : at))),
);

test('a pair hashed in bulk is the pair hashed by itself, in either order, also of two equal nodes', async () => {
  const hasher = await newHasher();
  expect(hasher.nodes.byteOffset, 'in the memory of the module').toBe(65_536);
  fc.assert(
    fc.property(fc.array(fc.tuple(node, node), { minLength: 1, maxLength: 9 }), (pairs) => {
      const nodes = [
        ...pairs,
        ...pairs.map(([a, b]) => [b, a] as const),
        ...pairs.map(([a]) => [a, a] as const),
      ];
      hasher.nodes.set(nodes.flatMap(([a, b]) => [...a, ...b]));
      hasher.hashPairs(nodes.length);
      nodes.forEach(([a, b], i) => {
        expect(hasher.nodes.slice(i * NODE_BYTES, (i + 1) * NODE_BYTES)).toEqual(hashPair(a, b));
      });
    }),
  );
});

test('where WebAssembly is not allowed, the same is hashed without it', async () => {
  const nodes = Uint8Array.from({ length: 40 * NODE_BYTES }, (_, i) => (i * 197) >> 3);
  const hashed = async () => {
    const hasher = await newHasher();
    expect(hasher.nodes).toHaveLength(HASHER_NODES * NODE_BYTES);
    hasher.nodes.set(nodes);
    hasher.hashPairs(20);
    return hasher.nodes.slice(0, 20 * NODE_BYTES);
  };
  const fast = await hashed();
  vi.stubGlobal('WebAssembly', undefined);
  expect(await hashed()).toEqual(fast);
});

test('the module is small enough for a browser to compile at once', () => {
  expect(atob(TREE_WASM).length).toBeLessThan(4_096);
});
