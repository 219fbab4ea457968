import { buildTree, fromHex, type Hex, type Tree, toHex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** Paths from leaves to their anchors' roots. */
export interface AnchorTrees {
  /** The siblings from a leaf up to its anchor's root. */
  pathOf(anchorId: number, leafIndex: number): Promise<Hex[]>;
}

/**
 * Keeps the trees that were asked for last, `limit` of them (default 32: 20 MB when all are as large as they may be),
 * because every scan of a stamp asks for a path, and building a large tree holds up everybody else. An anchor's
 * leaves never change, so neither does its tree.
 */
export function createAnchorTrees(db: Kysely<Schema>, limit = 32): AnchorTrees {
  const kept = new Map<number, Promise<Tree>>();
  const treeOf = (anchorId: number): Promise<Tree> => {
    const tree = kept.get(anchorId) ?? readTree(db, anchorId);
    // Put at the end: a map goes from its oldest key to its newest.
    kept.delete(anchorId);
    kept.set(anchorId, tree);
    for (const oldest of [...kept.keys()].slice(0, -limit)) kept.delete(oldest);
    return tree;
  };
  return {
    pathOf: async (anchorId, leafIndex) => {
      const tree = treeOf(anchorId);
      try {
        return (await tree).proofOf(leafIndex).map(toHex);
      } catch (error) {
        // The database may answer the next time.
        if (kept.get(anchorId) === tree) kept.delete(anchorId);
        throw error;
      }
    },
  };
}

async function readTree(db: Kysely<Schema>, anchorId: number): Promise<Tree> {
  const rows = await db
    .selectFrom('anchor_leaves')
    .select('leaf_hash')
    .where('anchor_id', '=', anchorId)
    .orderBy('leaf_index')
    .execute();
  return buildTree(rows.map((row) => fromHex(row.leaf_hash, 32)));
}
