import { type Kysely, sql } from 'kysely';

/** What gateways say of now, and the newest proven reading of each series beside it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table gateway_live (
    gateway_id text not null primary key,
    number int8 not null,
    sequence int8 not null,
    sent_at_ms int8 not null,
    received_at_ms int8 not null,
    behind_entries int8 not null,
    oldest_waiting_at_ms int8,
    view text not null,
    summary text
  )`,
  `create table latest_readings (
    gateway_id text not null,
    device_id text not null,
    metric text not null,
    channel text not null,
    value float8 not null,
    quality int4 not null,
    observed_at_ms int8 not null,
    entry_number int8 not null,
    primary key (gateway_id, device_id, metric, channel)
  )`,
];
