import { buildTree, fromHex, rootFromProof, toHex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { FailFrom } from '../testing/fault.ts';
import { createAnchorStore } from './anchor-store.ts';
import { createAnchorTrees } from './anchor-trees.ts';
import { createAnchorer } from './anchorer.ts';
import { emptyAnchors, fixture, openTestRecords, silent } from './fixture.suite.ts';
import { MemoryChain } from './memory-chain.ts';
import { enqueueLeaf } from './queue.ts';
import { listAnchors } from './standing.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());
beforeEach(() => emptyAnchors(db));

/** Ids of new anchors with so many leaves each. */
async function anchors(...sizes: number[]): Promise<number[]> {
  const options = { store: createAnchorStore(db), clock: { nowMs: () => 1 }, logger: silent, tickSeconds: 5 };
  const anchorer = createAnchorer({ ...options, chain: new MemoryChain() });
  for (const [tree, size] of sizes.entries()) {
    for (let leaf = 0; leaf < size; leaf += 1) {
      const { cooperativeId } = fixture;
      const refId = `${tree}-${leaf}`;
      await enqueueLeaf(db, { cooperativeId, kind: 'lot', digest: '5'.repeat(64), refKind: 'lot', refId });
    }
    await anchorer.tick();
    await anchorer.tick();
  }
  return (await listAnchors(db, sizes.length)).map((anchor) => anchor.anchorId).reverse();
}

it('leads from every leaf to the root', async () => {
  const [anchorId = 0] = await anchors(5);
  const trees = createAnchorTrees(db);
  const leaves = await db.selectFrom('anchor_leaves').selectAll().orderBy('leaf_index').execute();
  const hashes = leaves.map((leaf) => fromHex(leaf.leaf_hash, 32));
  for (const [index, hash] of hashes.entries()) {
    const path = (await trees.pathOf(anchorId, index)).map((sibling) => fromHex(sibling, 32));
    expect(toHex(rootFromProof(hash, path))).toBe(toHex(buildTree(hashes).root));
  }
});

it('reads a tree once for all who ask, and forgets the one that was not asked for the longest', async () => {
  const [a = 0, b = 0, c = 0] = await anchors(2, 1, 1);
  const counted = new FailFrom(Number.POSITIVE_INFINITY);
  const trees = createAnchorTrees(db.withPlugin(counted), 2);
  await Promise.all([trees.pathOf(a, 0), trees.pathOf(a, 1), trees.pathOf(b, 0)]);
  await trees.pathOf(a, 1);
  expect(counted.statements).toBe(2);
  await trees.pathOf(c, 0);
  await trees.pathOf(a, 0);
  expect(counted.statements).toBe(3);
  await trees.pathOf(b, 0);
  expect(counted.statements).toBe(4);
});

it('asks again after the database did not answer', async () => {
  const [anchorId = 0] = await anchors(2);
  const failing = new FailFrom(1);
  const trees = createAnchorTrees(db.withPlugin(failing));
  await expect(trees.pathOf(anchorId, 0)).rejects.toThrow('the process died here');
  failing.statements = Number.NEGATIVE_INFINITY;
  expect(await trees.pathOf(anchorId, 0)).toHaveLength(1);
});
