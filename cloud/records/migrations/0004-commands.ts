import { type Kysely, sql } from 'kysely';

/** Commands to farms, and what their gateways said of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table remote_commands (
    command_id text primary key,
    gateway_id text not null references gateways (gateway_id),
    body text not null,
    issued_by_email text not null,
    issued_at_ms int8 not null,
    expires_at_ms int8 not null,
    state text not null check (state in ('waiting', 'sent', 'accepted', 'started', 'finished', 'refused', 'expired',
      'interrupted', 'unanswered', 'withdrawn')),
    sends int4 not null default 0,
    sent_at_ms int8
  )`,
  `create index remote_commands_of_gateway on remote_commands (gateway_id, issued_at_ms)`,
  `create index remote_commands_open on remote_commands (expires_at_ms) where state in ('waiting', 'sent')`,
  `create table remote_command_steps (
    command_id text not null references remote_commands (command_id),
    step text not null,
    outcome text not null,
    at_ms int8 not null,
    received_at_ms int8,
    entry_number int8,
    primary key (command_id, step)
  )`,
];
