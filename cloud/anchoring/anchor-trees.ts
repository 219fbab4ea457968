import { buildTree, fromHex, type Hex, type Tree, toHex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** Paths from leaves to their anchors' roots. */
export interface AnchorTrees {
  /** The siblings from a leaf up to the root of its tree (`treeId` of its anchor). */
  pathOf(treeId: number, leafIndex: number): Promise<Hex[]>;
}

/**
 * Keeps the trees that were asked for last, `limit` of them (default 32: 20 MB when all are as large as they may be),
 * because every scan of a stamp asks for a path, and building a large tree holds up everybody else. A tree's
 * leaves never change, on whatever chain it is anchored.
 */
export function createAnchorTrees(db: Kysely<Schema>, limit = 32): AnchorTrees {
  const kept = new Map<number, Promise<Tree>>();
  const treeOf = (treeId: number): Promise<Tree> => {
    const tree = kept.get(treeId) ?? readTree(db, treeId);
    // Put at the end: a map goes from its oldest key to its newest.
    kept.delete(treeId);
    kept.set(treeId, tree);
    for (const oldest of [...kept.keys()].slice(0, -limit)) kept.delete(oldest);
    return tree;
  };
  return {
    pathOf: async (treeId, leafIndex) => {
      const tree = treeOf(treeId);
      try {
        return (await tree).proofOf(leafIndex).map(toHex);
      } catch (error) {
        // The database may answer the next time.
        if (kept.get(treeId) === tree) kept.delete(treeId);
        throw error;
      }
    },
  };
}

async function readTree(db: Kysely<Schema>, treeId: number): Promise<Tree> {
  const rows = await db
    .selectFrom('anchor_leaves')
    .select('leaf_hash')
    .where('anchor_id', '=', treeId)
    .orderBy('leaf_index')
    .execute();
  return buildTree(rows.map((row) => fromHex(row.leaf_hash, 32)));
}
