import { toHex } from '@nongtin/contracts/encoding';
import { type Kysely, type Selectable, sql, type Updateable } from 'kysely';
import type { Schema } from '../records/index.ts';
import { type Deployment, otherThan } from './carried-over.ts';
import type { AnchorBlock, ChainView, SignedTransaction } from './chain-port.ts';
import type { AnchorState } from './state.ts';
import type { AnchorTables } from './tables.ts';
import { createTransactionLedger, type TransactionLedger, writePaid } from './transactions.ts';
import { treeOfLeaves } from './tree-of-leaves.ts';

type AnchorRow = Selectable<AnchorTables['anchors']>;
type AnchorColumns = Updateable<AnchorTables['anchors']>;

/** An anchor as the anchorer follows it. */
export interface OpenAnchor {
  readonly anchorId: number;
  /** The anchor that its tree was built for. */
  readonly treeId: number;
  readonly state: AnchorState;
  readonly root: string;
  readonly treeSize: number;
  readonly chainId: number;
  readonly registry: string;
  readonly blockNumber: number | null;
  readonly blockHash: string | null;
}

/** What is in no tree yet. */
export interface Waiting {
  /** Counted up to the size of the largest tree. */
  readonly leaves: number;
  /** When the newest tree was built; undefined: there is none. */
  readonly lastTreeAtMs: number | undefined;
}

export interface AnchorStore {
  /** Not yet final nor forgotten, oldest first; without those that `toRepeat` gives. */
  open(): Promise<OpenAnchor[]>;
  /** Trees of other deployments that wait for their turn on this one, the newest first. */
  toRepeat(limit: number): Promise<OpenAnchor[]>;
  /** Believed to stand in the highest block. */
  newestStanding(): Promise<OpenAnchor | undefined>;
  /** Believed to stand, in the highest blocks first, from below `beforeBlock` on if it is given. */
  standing(limit: number, offset: number): Promise<OpenAnchor[]>;
  /** Of other deployments than this one, in whatever state but forgotten. */
  elsewhere(place: Deployment, limit: number): Promise<OpenAnchor[]>;
  /** Whether any is believed to be final in a block above this one. */
  finalAbove(blockNumber: number): Promise<boolean>;
  waiting(): Promise<Waiting>;
  /** One tree of all that waits, written with its leaves; undefined when nothing waits. */
  gather(view: ChainView, nowMs: number): Promise<OpenAnchor | undefined>;
  /** A transaction for it, written down before, was sent. */
  submitted(anchorId: number, transaction: SignedTransaction, nowMs: number): Promise<void>;
  recordBlock(anchor: OpenAnchor, state: AnchorState, block: AnchorBlock, nowMs: number): Promise<void>;
  /** It is in no block. `transactionHash`: of the version signed last. */
  setState(anchorId: number, state: AnchorState, transactionHash: string | null): Promise<void>;
  /** Marks them forgotten; the tree of each, with its leaves, waits on this deployment: in the row it had there before, or a new one. */
  carryOver(anchors: readonly OpenAnchor[], place: Deployment, nowMs: number): Promise<void>;
  /** Of all that was signed. */
  readonly ledger: TransactionLedger;
}

/** Whatever is not in a block shows none. */
const inNoBlock = {
  block_number: null,
  block_hash: null,
  block_time_ms: null,
  mined_at_ms: null,
  final_at_ms: null,
} as const;

/** What waits beyond it goes into the next tree: its rows are written in one piece. */
const MAX_TREE_SIZE = 10_000;

export function createAnchorStore(db: Kysely<Schema>): AnchorStore {
  const update = (anchorId: number, values: AnchorColumns) =>
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
      const isOwn = sql<boolean>`repeats_anchor_id is null and forgotten_at_ms is null`;
      const rows = await query
        .where('state', 'in', ['waiting', 'submitted', 'mined'])
        .where((eb) => eb.or([eb('state', '!=', 'waiting'), isOwn]))
        .orderBy('anchor_id')
        .execute();
      return rows.map(openAnchor);
    },
    toRepeat: async (limit) => {
      const query = db.selectFrom('anchors').selectAll().where('state', '=', 'waiting');
      const rows = await query
        .where((eb) =>
          eb.or([eb('repeats_anchor_id', 'is not', null), eb('forgotten_at_ms', 'is not', null)]),
        )
        .orderBy('tree_id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(openAnchor);
    },
    newestStanding: async () => (await standing(1, 0))[0],
    standing,
    elsewhere: async (place, limit) => {
      const query = db.selectFrom('anchors').selectAll().where('state', '!=', 'forgotten');
      const rows = await query.where(otherThan(place)).orderBy('anchor_id').limit(limit).execute();
      return rows.map(openAnchor);
    },
    finalAbove: async (blockNumber) => {
      const row = await db
        .selectFrom('anchors')
        .select('anchor_id')
        .where('state', '=', 'final')
        .where('block_number', '>', blockNumber)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
    waiting: () => waiting(db),
    gather: (view, nowMs) => gather(db, view, nowMs),
    ledger: createTransactionLedger(db),
    submitted: async (anchorId, { hash }, nowMs) => {
      await update(anchorId, { state: 'submitted', transaction_hash: hash, submitted_at_ms: nowMs });
    },
    recordBlock: async (anchor, state, block, nowMs) => {
      if (block.transaction !== null) await writePaid(db, block.transaction, nowMs);
      await update(anchor.anchorId, {
        state,
        ...blockColumns(block),
        // A block that was final when we looked for the first time was mined before we saw it.
        ...(state === 'final' && wasMined(anchor) ? {} : { mined_at_ms: nowMs }),
        final_at_ms: state === 'final' ? nowMs : null,
      });
    },
    setState: async (anchorId, state, transactionHash) => {
      await update(anchorId, { state, transaction_hash: transactionHash, ...inNoBlock });
    },
    carryOver: (anchors, place, nowMs) => carryOver(db, anchors, place, nowMs),
  };
}

async function waiting(db: Kysely<Schema>): Promise<Waiting> {
  const some = db.selectFrom('leaves').select('leaf_id').where('anchor_id', 'is', null).limit(MAX_TREE_SIZE);
  const { count } = await db
    .selectFrom(some.as('some'))
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  const newest = await db
    .selectFrom('anchors')
    .select('created_at_ms')
    // One that was carried over is no new tree.
    .where('repeats_anchor_id', 'is', null)
    .orderBy('anchor_id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return { leaves: Number(count), lastTreeAtMs: newest?.created_at_ms };
}

async function gather(db: Kysely<Schema>, view: ChainView, nowMs: number): Promise<OpenAnchor | undefined> {
  const rows = await db
    .selectFrom('leaves')
    .selectAll()
    .where('anchor_id', 'is', null)
    .orderBy('leaf_id')
    .limit(MAX_TREE_SIZE)
    .execute();
  if (rows.length === 0) return undefined;
  // Outside of the transaction: hashing takes longer than anybody should wait for the database.
  const { tree, hashes } = await treeOfLeaves(rows);
  return db.transaction().execute(async (transaction) => {
    const anchor = await transaction
      .insertInto('anchors')
      .values({
        state: 'waiting',
        root: toHex(tree.root),
        tree_size: tree.size,
        chain_id: view.chainId,
        registry: view.registry,
        created_at_ms: nowMs,
        repeats_anchor_id: null,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    const leaves = rows.map((leaf, index) => ({
      anchor_id: anchor.anchor_id,
      leaf_index: index,
      leaf_id: leaf.leaf_id,
      leaf_hash: toHex(hashes[index] ?? new Uint8Array()),
    }));
    // A statement has at most 65,535 parameters.
    for (let from = 0; from < leaves.length; from += 5_000) {
      const some = leaves.slice(from, from + 5_000);
      await transaction.insertInto('anchor_leaves').values(some).execute();
      const { numUpdatedRows } = await transaction
        .updateTable('leaves')
        .set({ anchor_id: anchor.anchor_id })
        .where(
          'leaf_id',
          'in',
          some.map((leaf) => leaf.leaf_id),
        )
        .where('anchor_id', 'is', null)
        .executeTakeFirstOrThrow();
      if (Number(numUpdatedRows) !== some.length)
        throw new Error('another process gathers leaves as well: one cloud anchors for one database');
    }
    return openAnchor(anchor);
  });
}

/**
 * A row that a tree had on this deployment is taken up again, because what was signed for it belongs to that row: a
 * second row would have another transaction signed while the first one's may still be mined.
 */
function carryOver(
  db: Kysely<Schema>,
  anchors: readonly OpenAnchor[],
  { chainId, registry }: Deployment,
  nowMs: number,
): Promise<void> {
  const anchorIds = anchors.map(({ anchorId }) => anchorId);
  const treeIds = anchors.map(({ treeId }) => treeId);
  return db.transaction().execute(async (transaction) => {
    await transaction
      .updateTable('anchors')
      .set({ state: 'forgotten', forgotten_at_ms: nowMs })
      .where('anchor_id', 'in', anchorIds)
      .execute();
    const takenUp = await transaction
      .updateTable('anchors')
      .set({ state: 'waiting', ...inNoBlock })
      .where('tree_id', 'in', treeIds)
      .where('chain_id', '=', chainId)
      .where('registry', '=', registry)
      .returning('tree_id')
      .execute();
    const wereHere = new Set(takenUp.map((row) => row.tree_id));
    const rows = anchors
      .filter(({ treeId }) => !wereHere.has(treeId))
      .map(({ treeId, root, treeSize }) => ({
        ...{ state: 'waiting' as const, repeats_anchor_id: treeId, root, tree_size: treeSize },
        ...{ chain_id: chainId, registry, created_at_ms: nowMs },
      }));
    if (rows.length > 0) await transaction.insertInto('anchors').values(rows).execute();
    await transaction
      .updateTable('leaves')
      .from('anchor_leaves')
      .innerJoin('anchors', 'anchors.tree_id', 'anchor_leaves.anchor_id')
      .set((eb) => ({ anchor_id: eb.ref('anchors.anchor_id') }))
      .whereRef('anchor_leaves.leaf_id', '=', 'leaves.leaf_id')
      .where('anchors.tree_id', 'in', treeIds)
      .where('anchors.state', '=', 'waiting')
      .execute();
  });
}

function wasMined(anchor: OpenAnchor): boolean {
  return anchor.state === 'mined' || anchor.state === 'final';
}

function blockColumns(block: AnchorBlock): AnchorColumns {
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
    treeId: row.tree_id,
    state: row.state,
    root: row.root,
    treeSize: row.tree_size,
    chainId: row.chain_id,
    registry: row.registry,
    blockNumber: row.block_number,
    blockHash: row.block_hash,
  };
}
