import type { ColumnType } from 'kysely';

/**
 * What the projector makes of the entries. Every row can be made again from the entry store, but for those of
 * `gateway_live`. Keys begin with the gateway, because the names of plots, zones and devices are the gateway's own.
 */
export interface UplinkTables {
  /** How far the projector is: written in the same transaction as the rows it stands for. */
  projection_cursors: { gateway_id: string; projected_up_to: number };
  plots: {
    gateway_id: string;
    plot_id: string;
    name: string;
    crop: string;
    planting_area_code: string | null;
    area_hectares: number;
    /** Whether the newest layout still has it. */
    current: boolean;
  };
  zones: { gateway_id: string; zone_id: string; plot_id: string; name: string };
  /** The newest layout; `plot_id` is '' for a device that serves the whole farm. */
  devices: { gateway_id: string; device_id: string; plot_id: string; zone_id: string };
  irrigation_runs: {
    gateway_id: string;
    run_id: string;
    entry_number: number;
    /** Where the zone lay when the run was journaled; '' when no layout named it. */
    plot_id: string;
    zone_id: string;
    started_at_ms: number;
    ended_at_ms: number;
    planned_litres: number;
    /** null: the meter gave none. */
    measured_litres: number | null;
    outcome: string;
    /** JSON of a Reason. */
    reason: string;
  };
  harvests: {
    gateway_id: string;
    harvest_id: string;
    entry_number: number;
    plot_id: string;
    plot_name: string;
    planting_area_code: string | null;
    harvested_at_ms: number;
    quantity_kg: number;
    recorded_by: string;
    season_started_at_ms: number;
    /** JSON of a Season (traceability/season.ts): fixed when the harvest's entry is projected. */
    season: string;
    /** Said after its lot was closed, and by which entry; 0 kg: it was withdrawn. Null: nothing was. */
    corrected_quantity_kg: ColumnType<number | null, number | null | undefined>;
    corrected_entry: ColumnType<number | null, number | null | undefined>;
  };
  /** Entries whose payload this version cannot read or store: kept in the entry store, passed over here. */
  unprojected_entries: { gateway_id: string; entry_number: number; reason: string };
  /** Boots that began without a trusted clock and were dated since: UTC less the boot's own clock. */
  dated_boots: { gateway_id: string; boot_id: string; shift_ms: number };
  /** Entries with readings that wait for the date of their boot; the entry store has them. */
  undated_entries: { gateway_id: string; entry_number: number; boot_id: string };
  /** Of each series the reading that was observed last, flagged ones included, and the entry that proves it. */
  latest_readings: {
    gateway_id: string;
    device_id: string;
    metric: string;
    channel: string;
    value: number;
    quality: number;
    observed_at_ms: number;
    entry_number: number;
  };
  /** What a gateway said of now: not from entries, not signed, and gone when the records are lost. */
  gateway_live: {
    gateway_id: string;
    /** Of its journal's newest entry; with `sequence` the order of these messages. */
    number: number;
    sequence: number;
    sent_at_ms: number;
    received_at_ms: number;
    behind_entries: number;
    oldest_waiting_at_ms: number | null;
    /** JSON of the readings, zones and alarms of an UplinkLive. */
    view: string;
    /** JSON of its newest summary. */
    summary: string | null;
  };
  alarms: {
    gateway_id: string;
    alarm_id: string;
    entry_number: number;
    at_ms: number;
    severity: string;
    state: string;
    source: string;
    reason: string;
  };
  /** Readings of one day (UTC, days since 1970), device and metric. */
  reading_days: {
    gateway_id: string;
    /** Where the device stood; '' for the whole farm. */
    plot_id: string;
    device_id: string;
    metric: string;
    channel: string;
    day: number;
    /** Good readings (quality 0); only they are in sum, min, max, increase, last. */
    count: number;
    /** Millionths of the metric's unit, as decimal text: sums of integers do not depend on the order of adding. */
    sum_micro: string;
    min: number | null;
    max: number | null;
    /** Of a counter: how much it rose since the value before, in millionths. After a reset it rose from zero. */
    increase_micro: string;
    /** The newest good value in journal order. */
    last: number | null;
    /** The entry that `last` came in: a flagged reading moves `last_entry`, never this one. */
    last_good_entry: number | null;
    /** Readings with a quality flag: counted, not aggregated. */
    flagged: number;
    first_entry: number;
    last_entry: number;
  };
}
