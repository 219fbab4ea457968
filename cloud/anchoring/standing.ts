import type { Hex } from '@nongtin/contracts/encoding';
import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { LeafReference } from './queue.ts';
import type { AnchorState } from './state.ts';
import type { AnchorTables } from './tables.ts';

/** Where a leaf stands, as our database has it; what the chain says now is another question. */
export interface Standing {
  /** `waiting` also while the leaf is in no tree yet: then `anchor` is null. */
  readonly state: AnchorState;
  readonly salt: Hex;
  readonly anchor: {
    readonly anchorId: number;
    /** Of the tree that holds the leaf: it, the index and the path never change, whatever chain the tree is anchored on. */
    readonly treeId: number;
    readonly leafIndex: number;
    readonly root: Hex;
    readonly treeSize: number;
    readonly chainId: number;
    readonly registry: Hex;
    readonly transactionHash: Hex | null;
    readonly blockNumber: number | null;
    readonly blockTimeMs: number | null;
  } | null;
}

/** undefined: no such leaf was ever put in the queue. */
export async function standingOf(
  db: Kysely<Schema>,
  refKind: LeafReference,
  refId: string,
): Promise<Standing | undefined> {
  const leaf = await db
    .selectFrom('leaves')
    .select(['leaf_id', 'salt', 'anchor_id'])
    .where('ref_kind', '=', refKind)
    .where('ref_id', '=', refId)
    .executeTakeFirst();
  if (leaf === undefined) return undefined;
  const salt: Hex = `0x${leaf.salt}`;
  if (leaf.anchor_id === null) return { state: 'waiting', salt, anchor: null };
  const row = await db
    .selectFrom('anchors')
    .innerJoin('anchor_leaves', 'anchor_leaves.anchor_id', 'anchors.tree_id')
    .selectAll('anchors')
    .select('anchor_leaves.leaf_index')
    .where('anchors.anchor_id', '=', leaf.anchor_id)
    .where('anchor_leaves.leaf_id', '=', leaf.leaf_id)
    .executeTakeFirstOrThrow();
  return {
    state: row.state,
    salt,
    anchor: {
      anchorId: row.anchor_id,
      treeId: row.tree_id,
      leafIndex: row.leaf_index,
      root: row.root as Hex,
      treeSize: row.tree_size,
      chainId: row.chain_id,
      registry: row.registry as Hex,
      transactionHash: row.transaction_hash as Hex | null,
      blockNumber: row.block_number,
      blockTimeMs: row.block_time_ms,
    },
  };
}

/** The states of many leaves of one kind, by reference; `waiting` for those in no tree yet. */
export async function statesOf(
  db: Kysely<Schema>,
  refKind: LeafReference,
  refIds: readonly string[],
): Promise<ReadonlyMap<string, AnchorState>> {
  if (refIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('leaves')
    .leftJoin('anchors', 'anchors.anchor_id', 'leaves.anchor_id')
    .select(['leaves.ref_id', 'anchors.state'])
    .where('leaves.ref_kind', '=', refKind)
    .where('leaves.ref_id', 'in', [...refIds])
    .execute();
  return new Map(rows.map((row) => [row.ref_id, row.state ?? 'waiting']));
}

export interface AnchorSummary {
  readonly anchorId: number;
  /** The same for all anchors of one tree, each on a deployment of its own. */
  readonly treeId: number;
  readonly state: AnchorState;
  readonly root: string;
  readonly treeSize: number;
  readonly chainId: number;
  readonly registry: string;
  readonly createdAtMs: number;
  readonly submittedAtMs: number | null;
  readonly minedAtMs: number | null;
  readonly finalAtMs: number | null;
  readonly forgottenAtMs: number | null;
  readonly transactionHash: string | null;
  readonly blockNumber: number | null;
  readonly blockTimeMs: number | null;
  /** Decimal text; gasUsed × gas price. */
  readonly gasUsed: string | null;
  readonly costWei: string | null;
  /** The two above for each leaf, rounded down. */
  readonly gasPerLeaf: string | null;
  readonly costPerLeafWei: string | null;
}

/** The newest first. */
export async function listAnchors(db: Kysely<Schema>, limit: number): Promise<AnchorSummary[]> {
  const rows = await db.selectFrom('anchors').selectAll().orderBy('anchor_id', 'desc').limit(limit).execute();
  return rows.map((row) => ({
    anchorId: row.anchor_id,
    treeId: row.tree_id,
    state: row.state,
    root: row.root,
    treeSize: row.tree_size,
    chainId: row.chain_id,
    registry: row.registry,
    createdAtMs: row.created_at_ms,
    submittedAtMs: row.submitted_at_ms,
    minedAtMs: row.mined_at_ms,
    finalAtMs: row.final_at_ms,
    forgottenAtMs: row.forgotten_at_ms,
    transactionHash: row.transaction_hash,
    blockNumber: row.block_number,
    blockTimeMs: row.block_time_ms,
    gasUsed: row.gas_used,
    ...costOf(row),
  }));
}

function costOf(row: Pick<AnchorTables['anchors'], 'gas_used' | 'gas_price_wei' | 'tree_size'>) {
  const { gas_used: gas, gas_price_wei: price, tree_size: size } = row;
  if (gas === null || price === null) return { costWei: null, gasPerLeaf: null, costPerLeafWei: null };
  const wei = BigInt(gas) * BigInt(price);
  return {
    costWei: wei.toString(),
    gasPerLeaf: (BigInt(gas) / BigInt(size)).toString(),
    costPerLeafWei: (wei / BigInt(size)).toString(),
  };
}

/** What the anchors mined since then cost together. Wei as decimal text. */
export interface Costs {
  readonly anchors: number;
  readonly leaves: number;
  readonly gas: number;
  readonly costWei: string;
}

export async function costsSince(db: Kysely<Schema>, sinceMs: number): Promise<Costs> {
  const { rows } = await sql<{ anchors: number; leaves: number; gas: string; wei: string }>`
    select count(*)::int4 as anchors, coalesce(sum(tree_size), 0)::int8 as leaves, coalesce(sum(gas_used), 0)::text as gas,
      coalesce(sum(cost_wei), 0)::text as wei
    from anchor_costs where mined_at_ms >= ${sinceMs}`.execute(db);
  const [row] = rows;
  return {
    anchors: Number(row?.anchors ?? 0),
    leaves: Number(row?.leaves ?? 0),
    gas: Number(row?.gas ?? 0),
    costWei: row?.wei ?? '0',
  };
}

/** Leaves in no tree yet, and records that are held back until they are signed or their key is on the chain. */
export async function countWaiting(db: Kysely<Schema>): Promise<number> {
  const leaves = await db
    .selectFrom('leaves')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('anchor_id', 'is', null)
    .executeTakeFirstOrThrow();
  const held = await db
    .selectFrom('record_signatures as signed')
    .leftJoin('leaves', (join) =>
      join.onRef('leaves.ref_kind', '=', 'signed.ref_kind').onRef('leaves.ref_id', '=', 'signed.ref_id'),
    )
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('leaves.leaf_id', 'is', null)
    // Withdrawn before it was handed over, or signed by a thief: it waits for nothing.
    .where('signed.disowned', '=', false)
    .where(
      sql<boolean>`not exists (select from chain_orders o
        where o.action = 'revoke_leaf' and o.ref_kind = signed.ref_kind and o.ref_id = signed.ref_id)`,
    )
    .executeTakeFirstOrThrow();
  return Number(leaves.count) + Number(held.count);
}

/** How many anchors are in each state but `final`, whose number only grows: counting those would take ever longer. */
export async function countUnsettled(
  db: Kysely<Schema>,
): Promise<ReadonlyMap<Exclude<AnchorState, 'final'>, number>> {
  const count = async (states: readonly Exclude<AnchorState, 'final'>[]) => {
    const query = db.selectFrom('anchors').select(['state', (eb) => eb.fn.countAll<number>().as('count')]);
    return query
      .where('state', 'in', [...states])
      .groupBy('state')
      .execute();
  };
  // Two questions, because each has an index of its own.
  const rows = [...(await count(['waiting', 'submitted', 'mined'])), ...(await count(['forgotten']))];
  const of = (state: AnchorState) => Number(rows.find((row) => row.state === state)?.count ?? 0);
  return new Map(unsettled.map((state) => [state, of(state)]));
}

const unsettled = ['waiting', 'submitted', 'mined', 'forgotten'] as const;
