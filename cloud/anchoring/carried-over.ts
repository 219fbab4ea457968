import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { ChainView } from './chain-port.ts';

/** A chain and the AnchorRegistry on it, lower case. */
export type Deployment = Pick<ChainView, 'chainId' | 'registry'>;

/** What an anchor of another deployment fulfils; as two ranges, because an index finds no inequality. */
export function otherThan({ chainId, registry }: Deployment): RawBuilder<boolean> {
  const here = sql`(${chainId}::int8, ${registry}::text)`;
  return sql<boolean>`((chain_id, registry) < ${here} or (chain_id, registry) > ${here})`;
}

/** Of the trees that stood, mined or final, on another deployment than the one in use. */
interface OldTrees {
  /** How many of them are not final on the one in use. */
  readonly pending: number;
  /** Of those that are: the newest block that holds one, ms since 1970; undefined: none is. */
  readonly lastBlockTimeMs: number | undefined;
}

/** How far the trees of earlier deployments have come on this one. */
export async function oldTreesStanding(db: Kysely<Schema>, place: Deployment): Promise<OldTrees> {
  // Those that are followed elsewhere until the next look, and those that were. A forgotten one whose tree nothing
  // follows was given up by an earlier release, which put its leaves into other trees.
  const { rows } = await sql<{ pending: number; last_block_time_ms: number | null }>`
    with stood as (
      select tree_id from anchors where state in ('mined', 'final') and ${otherThan(place)}
      union
      select tree_id from anchors where state = 'forgotten' and block_number is not null and ${otherThan(place)}
    ), followed as (
      select state = 'final' and not ${otherThan(place)} as is_final, block_time_ms
      from anchors where state <> 'forgotten' and tree_id in (select tree_id from stood)
    )
    select count(*) filter (where not is_final)::int4 as pending,
      max(block_time_ms) filter (where is_final) as last_block_time_ms
    from followed`.execute(db);
  const [row] = rows;
  const last = row?.last_block_time_ms;
  return {
    pending: Number(row?.pending ?? 0),
    lastBlockTimeMs: last === null || last === undefined ? undefined : Number(last),
  };
}
