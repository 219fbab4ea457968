import { buildTree, fromHex, type LeafKind, leafHash, toHex } from '@nongtin/contracts/encoding';
import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { AnchorBlock, ChainView, SignedAnchor } from './chain-port.ts';
import type { AnchorState } from './state.ts';
import type { AnchorTables } from './tables.ts';

type AnchorRow = Selectable<AnchorTables['anchors']>;

/** An anchor as the anchorer follows it. */
export interface OpenAnchor {
  readonly anchorId: number;
  readonly state: AnchorState;
  readonly root: string;
  readonly treeSize: number;
  readonly chainId: number;
  readonly registry: string;
  readonly blockNumber: number | null;
  readonly blockHash: string | null;
  readonly transaction: SignedAnchor | undefined;
}

export interface AnchorStore {
  /** Not yet final nor forgotten, oldest first. */
  open(): Promise<OpenAnchor[]>;
  /** Believed to stand in the highest block. */
  newestStanding(): Promise<OpenAnchor | undefined>;
  /** Believed to stand, in the highest blocks first, from below `beforeBlock` on if it is given. */
  standing(limit: number, offset: number): Promise<OpenAnchor[]>;
  /** One tree of all that waits, written with its leaves; undefined when nothing waits. */
  gather(view: ChainView, nowMs: number): Promise<OpenAnchor | undefined>;
  /** The signed transaction, before it is sent. */
  submitted(anchorId: number, transaction: SignedAnchor, view: ChainView, nowMs: number): Promise<void>;
  recordBlock(anchor: OpenAnchor, state: AnchorState, block: AnchorBlock, nowMs: number): Promise<void>;
  setState(anchorId: number, state: AnchorState): Promise<void>;
  /** Marks the anchor forgotten; its leaves wait again. */
  release(anchorId: number, nowMs: number): Promise<void>;
}

/** A tree of this size is built in a third of a second; what waits beyond it goes into the next one. */
const MAX_TREE_SIZE = 10_000;

export function createAnchorStore(db: Kysely<Schema>): AnchorStore {
  const update = (anchorId: number, values: Partial<AnchorRow>) =>
    db.updateTable('anchors').set(values).where('anchor_id', '=', anchorId).execute();
  const standing = async (limit: number, offset: number) => {
    const query = db.selectFrom('anchors').selectAll().where('state', 'in', ['mined', 'final']);
    const rows = await query
      .orderBy('block_number', 'desc')
      .orderBy('anchor_id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
    return rows.map(openAnchor);
  };
  return {
    open: async () => {
      const query = db.selectFrom('anchors').selectAll();
      const rows = await query
        .where('state', 'in', ['waiting', 'submitted', 'mined'])
        .orderBy('anchor_id')
        .execute();
      return rows.map(openAnchor);
    },
    newestStanding: async () => (await standing(1, 0))[0],
    standing,
    gather: (view, nowMs) => gather(db, view, nowMs),
    submitted: async (anchorId, transaction, view, nowMs) => {
      await update(anchorId, {
        state: 'submitted',
        transaction_hash: transaction.hash,
        raw_transaction: transaction.raw,
        chain_id: view.chainId,
        registry: view.registry,
        submitted_at_ms: nowMs,
      });
    },
    recordBlock: async (anchor, state, block, nowMs) => {
      await update(anchor.anchorId, {
        state,
        ...blockColumns(block),
        // A block that was final when we looked for the first time was mined before we saw it.
        ...(state === 'final' && wasMined(anchor) ? {} : { mined_at_ms: nowMs }),
        ...(state === 'final' ? { final_at_ms: nowMs } : {}),
      });
    },
    setState: async (anchorId, state) => {
      // Whatever is not in a block shows none.
      await update(anchorId, {
        state,
        block_number: null,
        block_hash: null,
        block_time_ms: null,
        mined_at_ms: null,
      });
    },
    release: (anchorId, nowMs) => release(db, anchorId, nowMs),
  };
}

async function gather(db: Kysely<Schema>, view: ChainView, nowMs: number): Promise<OpenAnchor | undefined> {
  return db.transaction().execute(async (transaction) => {
    const waiting = await transaction
      .selectFrom('leaves')
      .selectAll()
      .where('anchor_id', 'is', null)
      .orderBy('leaf_id')
      .limit(MAX_TREE_SIZE)
      .forUpdate()
      .execute();
    if (waiting.length === 0) return undefined;
    const hashes = waiting.map(hashOf);
    const anchor = await transaction
      .insertInto('anchors')
      .values({
        state: 'waiting',
        root: toHex(buildTree(hashes).root),
        tree_size: hashes.length,
        chain_id: view.chainId,
        registry: view.registry,
        created_at_ms: nowMs,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const leaves = waiting.map((leaf, index) => ({
      anchor_id: anchor.anchor_id,
      leaf_index: index,
      leaf_id: leaf.leaf_id,
      leaf_hash: toHex(hashes[index] ?? new Uint8Array()),
    }));
    // A statement has at most 65,535 parameters.
    for (let from = 0; from < leaves.length; from += 5_000) {
      const some = leaves.slice(from, from + 5_000);
      await transaction.insertInto('anchor_leaves').values(some).execute();
      const ids = some.map((leaf) => leaf.leaf_id);
      await transaction
        .updateTable('leaves')
        .set({ anchor_id: anchor.anchor_id })
        .where('leaf_id', 'in', ids)
        .execute();
    }
    return openAnchor(anchor);
  });
}

function release(db: Kysely<Schema>, anchorId: number, nowMs: number): Promise<void> {
  return db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('anchors')
      .set({ state: 'forgotten', forgotten_at_ms: nowMs })
      .where('anchor_id', '=', anchorId)
      .execute();
    await transaction
      .updateTable('leaves')
      .set({ anchor_id: null })
      .where('anchor_id', '=', anchorId)
      .execute();
  });
}

function hashOf(leaf: Selectable<AnchorTables['leaves']>): Uint8Array {
  return leafHash({
    cooperativeId: fromHex(leaf.cooperative_id, 32),
    kind: leaf.kind as LeafKind,
    salt: fromHex(`0x${leaf.salt}`, 32),
    digest: fromHex(`0x${leaf.digest}`, 32),
  });
}

function wasMined(anchor: OpenAnchor): boolean {
  return anchor.state === 'mined' || anchor.state === 'final';
}

function blockColumns(block: AnchorBlock): Partial<AnchorRow> {
  return {
    block_number: block.number,
    block_hash: block.hash,
    block_time_ms: block.timeMs,
    ...(block.transaction === null
      ? {}
      : {
          transaction_hash: block.transaction.hash,
          gas_used: block.transaction.gasUsed.toString(),
          gas_price_wei: block.transaction.gasPriceWei.toString(),
        }),
  };
}

function openAnchor(row: AnchorRow): OpenAnchor {
  return {
    anchorId: row.anchor_id,
    state: row.state,
    root: row.root,
    treeSize: row.tree_size,
    chainId: row.chain_id,
    registry: row.registry,
    blockNumber: row.block_number,
    blockHash: row.block_hash,
    transaction:
      row.transaction_hash === null || row.raw_transaction === null
        ? undefined
        : { hash: row.transaction_hash, raw: row.raw_transaction },
  };
}
