import { type Kysely, sql } from 'kysely';

/** What farms' traps catch. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table pest_pressures (
    gateway_id text not null,
    pest text not null,
    date text not null,
    entry_number int8 not null,
    at_ms int8 not null,
    per_trap_per_day float8 not null,
    traps int4 not null,
    trap_days int4 not null,
    latitude float8,
    longitude float8,
    primary key (gateway_id, pest, date)
  )`,
  `create index pest_pressures_by_date on pest_pressures (date, gateway_id)`,
];
