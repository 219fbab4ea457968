import { type Kysely, sql } from 'kysely';

/** A tree is anchored on another deployment as it is: a row for each deployment, all of one tree. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  'alter table anchors add column repeats_anchor_id int8 references anchors (anchor_id)',
  `alter table anchors add column tree_id int8 not null
    generated always as (coalesce(repeats_anchor_id, anchor_id)) stored`,
  // Once on each deployment, and followed on one of them at a time.
  'create unique index anchors_of_tree on anchors (tree_id, chain_id, registry)',
  `create unique index anchors_followed on anchors (tree_id) where state <> 'forgotten'`,
  `create index anchors_waiting on anchors (tree_id) where state = 'waiting'`,
  'create index anchors_built on anchors (anchor_id) where repeats_anchor_id is null',
  // What stands on other deployments is asked for at each look while keys are told to a new one.
  `create index anchors_by_deployment on anchors (chain_id, registry) where state <> 'forgotten'`,
];
