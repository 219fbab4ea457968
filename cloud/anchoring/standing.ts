import type { Hex } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { LeafReference } from './queue.ts';
import type { AnchorState } from './state.ts';

/** Where a leaf stands, as our database has it; what the chain says now is another question. */
export interface Standing {
  /** `waiting` also while the leaf is in no tree yet: then `anchor` is null. */
  readonly state: AnchorState;
  readonly salt: Hex;
  readonly anchor: {
    readonly anchorId: number;
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
    .innerJoin('anchor_leaves', 'anchor_leaves.anchor_id', 'anchors.anchor_id')
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
}

/** The newest first. */
export async function listAnchors(db: Kysely<Schema>, limit: number): Promise<AnchorSummary[]> {
  const rows = await db.selectFrom('anchors').selectAll().orderBy('anchor_id', 'desc').limit(limit).execute();
  return rows.map((row) => ({
    anchorId: row.anchor_id,
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
    costWei:
      row.gas_used === null || row.gas_price_wei === null
        ? null
        : (BigInt(row.gas_used) * BigInt(row.gas_price_wei)).toString(),
  }));
}

export async function countWaiting(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectFrom('leaves')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('anchor_id', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(row.count);
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
