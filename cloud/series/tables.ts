export interface SeriesTables {
  /** Of each store by its place: another one begins empty, and is given everything. */
  series_cursors: { gateway_id: string; place: string; delivered_up_to: number };
  /** Entries that were passed without some of their readings, because nothing had dated their boot. */
  undated_series_entries: { gateway_id: string; place: string; entry_number: number; boot_id: string };
}
