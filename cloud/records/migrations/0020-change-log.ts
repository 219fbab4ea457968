import { type Kysely, sql } from 'kysely';

/** A log of all that this database alone knows: the triggers' function, and what they write until it is in the log's files. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** Called with the columns of the primary key. A row whose key changes is another row. */
const logChange = (
  name: string,
  first = '',
) => `create function ${name}() returns trigger language plpgsql as $$
  declare
    was jsonb;
    becomes jsonb;
  begin
    ${first}
    if tg_op <> 'INSERT' then was := to_jsonb(old); end if;
    if tg_op <> 'DELETE' then becomes := to_jsonb(new); end if;
    if becomes = was then return null; end if;
    if tg_op = 'DELETE' or tg_op = 'UPDATE' and exists (
      select from unnest(tg_argv) as key_column where was -> key_column is distinct from becomes -> key_column)
    then
      insert into changes (changed_table, is_deleted, content) values (tg_table_name, true, was::text);
    end if;
    if tg_op <> 'DELETE' then
      insert into changes (changed_table, is_deleted, content) values (tg_table_name, false, becomes::text);
    end if;
    return null;
  end $$`;

const statements = [
  `create table changes (
    change_id int8 generated always as identity primary key,
    changed_table text not null,
    is_deleted boolean not null,
    content text not null
  )`,
  `create table change_log (
    id int4 primary key default 1 check (id = 1),
    log_id text not null,
    lines int8 not null,
    tail_hash text not null
  )`,
  'create table logged_tables (table_name text primary key)',
  logChange('log_change'),
  // The top of a batch's tree is megabytes, and is made again of the batch's secret.
  logChange(
    'log_batch_change',
    `if tg_op <> 'INSERT' then old.upper_nodes := ''::bytea; end if;
    if tg_op <> 'DELETE' then new.upper_nodes := ''::bytea; end if;`,
  ),
];
