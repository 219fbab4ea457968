import { setImmediate as nextTurn } from 'node:timers/promises';
import { buildTree, fromHex, type LeafKind, leafHash, type Tree } from '@nongtin/contracts/encoding';
import type { Selectable } from 'kysely';
import type { AnchorTables } from './tables.ts';

type LeafRow = Pick<Selectable<AnchorTables['leaves']>, 'cooperative_id' | 'kind' | 'salt' | 'digest'>;

/** About five milliseconds of hashing: so long does everyone else wait for their turn. */
const SLICE = 250;

/** The tree of these leaves in their order, with the leaves' hashes; others have their turn in between. */
export async function treeOfLeaves(rows: readonly LeafRow[]): Promise<{ tree: Tree; hashes: Uint8Array[] }> {
  const hashes: Uint8Array[] = [];
  for (let from = 0; from < rows.length; from += SLICE) {
    if (from > 0) await nextTurn();
    for (const row of rows.slice(from, from + SLICE)) hashes.push(hashOf(row));
  }
  return { tree: buildTree(hashes), hashes };
}

export function hashOf(leaf: LeafRow): Uint8Array {
  return leafHash({
    cooperativeId: fromHex(leaf.cooperative_id, 32),
    kind: leaf.kind as LeafKind,
    salt: fromHex(`0x${leaf.salt}`, 32),
    digest: fromHex(`0x${leaf.digest}`, 32),
  });
}
