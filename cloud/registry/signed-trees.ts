import { type Kysely, sql } from 'kysely';
import type { LeafReference } from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import type { Deployment } from './registry-reading.ts';

/** What a signing key has signed that is to go on counting, and where it stands on one deployment. */
export interface SignedTrees {
  /** Records that do not stand there for good yet, or are in no tree. */
  readonly pending: number;
  /** The tree in the highest block, and the newest block time of all of them; undefined: none stands there. */
  readonly newest: { readonly root: string; readonly blockTimeMs: number } | undefined;
}

/**
 * Of the records that count although the key ends at `endMs` (signed before it was stolen; all of them where it was not). A tree
 * that was mined before then need not be final: its time is not the end's concern.
 */
export async function signedTrees(
  db: Kysely<Schema>,
  keyId: string,
  endMs: number,
  { chainId, anchorRegistry }: Deployment,
): Promise<SignedTrees> {
  const { rows } = await sql<{ pending: number; root: string | null; time: number | null }>`
    with records as (
      select a.root, a.block_time_ms, a.block_number,
        coalesce(a.chain_id = ${chainId} and a.registry = ${anchorRegistry}
          and (a.state = 'final' or (a.state = 'mined' and a.block_time_ms < ${wholeSeconds(endMs)})), false) as stands
      from record_signatures s
        left join leaves l on l.ref_kind = s.ref_kind and l.ref_id = s.ref_id
        left join anchors a on a.anchor_id = l.anchor_id
      where s.key_id = ${keyId} and not s.disowned
        and (l.leaf_id is not null or not exists (
          select from chain_orders o where o.action = 'revoke_leaf' and o.ref_kind = s.ref_kind and o.ref_id = s.ref_id)))
    select (select count(*) from records where not stands)::int4 as pending,
      (select root from records where stands order by block_number desc limit 1) as root,
      (select max(block_time_ms) from records where stands)::int8 as time`.execute(db);
  const [row] = rows;
  const root = row?.root ?? undefined;
  return {
    pending: Number(row?.pending ?? 0),
    newest: root === undefined ? undefined : { root, blockTimeMs: Number(row?.time) },
  };
}

/**
 * Whether a stolen key has to count here for longer than it was the cooperative's alone, because what it had signed before came to
 * stand here only after.
 */
export async function countsLater(
  db: Kysely<Schema>,
  keyId: string,
  revokedFromMs: number,
  place: Deployment,
): Promise<boolean> {
  const { pending, newest } = await signedTrees(db, keyId, revokedFromMs, place);
  return pending > 0 || (newest !== undefined && newest.blockTimeMs >= wholeSeconds(revokedFromMs));
}

/** A revocation is told in seconds: what was anchored in the second of the theft counts no more. */
function wholeSeconds(ms: number): number {
  return ms - (ms % 1000);
}

/** A signing key, as far as trees depend on it. */
export interface SignerOfTrees {
  readonly keyId: string;
  /** Slug. */
  readonly cooperative: string;
  /** bytes32 as 0x and 64 hex digits. */
  readonly cooperativeId: string;
  /** 0x and 40 hex digits, lower case. */
  readonly address: string;
  /** Null: it was not stolen. */
  readonly revokedFromMs: number | null;
}

/** The keys by which records count that are in a tree or wait for one. */
export async function signersOfTrees(db: Kysely<Schema>): Promise<SignerOfTrees[]> {
  const rows = await db
    .selectFrom('signing_keys as k')
    .innerJoin('cooperatives as c', 'c.id', 'k.cooperative_id')
    .select(['k.key_id', 'k.cooperative_id', 'c.chain_id', 'k.address', 'k.revoked_from_ms'])
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('record_signatures as s')
          .innerJoin('leaves as l', (join) =>
            join.onRef('l.ref_kind', '=', 's.ref_kind').onRef('l.ref_id', '=', 's.ref_id'),
          )
          .select('l.leaf_id')
          .whereRef('s.key_id', '=', 'k.key_id')
          .where('s.disowned', '=', false),
      ),
    )
    .orderBy('k.added_at_ms')
    .orderBy('k.key_id')
    .execute();
  return rows.map((row) => ({
    keyId: row.key_id,
    cooperative: row.cooperative_id,
    cooperativeId: row.chain_id,
    address: row.address,
    revokedFromMs: row.revoked_from_ms,
  }));
}

/** Leaves of what a stolen key signed that must not count. */
export async function disownedLeaves(db: Kysely<Schema>, keyId: string) {
  const rows = await db
    .selectFrom('record_signatures as s')
    .innerJoin('leaves as l', (join) =>
      join.onRef('l.ref_kind', '=', 's.ref_kind').onRef('l.ref_id', '=', 's.ref_id'),
    )
    .selectAll('l')
    .where('s.key_id', '=', keyId)
    .where('s.disowned', '=', true)
    .orderBy('l.leaf_id')
    .execute();
  return rows.map((row) => ({ ...row, ref_kind: row.ref_kind as LeafReference }));
}
