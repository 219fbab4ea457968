import { type Kysely, sql } from 'kysely';

/** Cooperatives, what the projector makes of a gateway's entries, and lots. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `create table cooperatives (
    id text primary key,
    chain_id text not null unique,
    name text not null,
    created_at_ms int8 not null
  )`,
  `create table products (
    gtin14 text primary key check (gtin14 ~ '^[0-9]{14}$'),
    cooperative_id text not null references cooperatives (id),
    name_vi text not null,
    name_en text not null
  )`,
  `create table gateways (
    gateway_id text primary key,
    cooperative_id text not null references cooperatives (id),
    public_key text not null check (public_key ~ '^[0-9a-f]{64}$'),
    registered_by text not null,
    registered_at_ms int8 not null,
    revoked boolean not null default false
  )`,
  `create table projection_cursors (
    gateway_id text primary key,
    projected_up_to int8 not null
  )`,
  `create table plots (
    gateway_id text not null,
    plot_id text not null,
    name text not null,
    crop text not null,
    planting_area_code text,
    area_hectares float8 not null,
    current boolean not null,
    primary key (gateway_id, plot_id)
  )`,
  `create table zones (
    gateway_id text not null,
    zone_id text not null,
    plot_id text not null,
    name text not null,
    primary key (gateway_id, zone_id)
  )`,
  `create table devices (
    gateway_id text not null,
    device_id text not null,
    plot_id text not null,
    zone_id text not null,
    primary key (gateway_id, device_id)
  )`,
  `create table irrigation_runs (
    gateway_id text not null,
    run_id text not null,
    entry_number int8 not null,
    plot_id text not null,
    zone_id text not null,
    started_at_ms int8 not null,
    ended_at_ms int8 not null,
    planned_litres float8 not null,
    measured_litres float8,
    outcome text not null,
    reason text not null,
    primary key (gateway_id, run_id)
  )`,
  'create index irrigation_runs_by_plot on irrigation_runs (gateway_id, plot_id, started_at_ms)',
  `create table harvests (
    gateway_id text not null,
    harvest_id text not null,
    entry_number int8 not null,
    plot_id text not null,
    plot_name text not null,
    planting_area_code text,
    harvested_at_ms int8 not null,
    quantity_kg float8 not null,
    recorded_by text not null,
    season_started_at_ms int8 not null,
    season text not null,
    primary key (gateway_id, harvest_id)
  )`,
  `create table unprojected_entries (
    gateway_id text not null,
    entry_number int8 not null,
    reason text not null,
    primary key (gateway_id, entry_number)
  )`,
  `create table alarms (
    gateway_id text not null,
    alarm_id text not null,
    entry_number int8 not null,
    at_ms int8 not null,
    severity text not null,
    state text not null,
    source text not null,
    reason text not null,
    primary key (gateway_id, alarm_id)
  )`,
  `create table reading_days (
    gateway_id text not null,
    plot_id text not null,
    device_id text not null,
    metric text not null,
    channel text not null,
    day int4 not null,
    count int8 not null,
    sum_micro numeric not null,
    min float8,
    max float8,
    increase_micro numeric not null,
    last float8,
    last_good_entry int8,
    flagged int8 not null,
    first_entry int8 not null,
    last_entry int8 not null,
    primary key (gateway_id, plot_id, device_id, metric, channel, day)
  )`,
  `create table lots (
    lot_number text primary key,
    cooperative_id text not null references cooperatives (id),
    gtin14 text not null references products (gtin14),
    gateway_id text not null,
    harvest_id text not null,
    record text not null,
    digest text not null unique,
    closed_at_ms int8 not null,
    closed_by text not null,
    unique (gateway_id, harvest_id)
  )`,
];
