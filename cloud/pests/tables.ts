/** Rows of what farms' traps catch, made of journal entries. */
export interface PestTables {
  /** A farm, a pest and the last of the days that the mean is of; the newest entry counts. */
  pest_pressures: {
    gateway_id: string;
    pest: string;
    /** Local date of the farm, YYYY-MM-DD. */
    date: string;
    entry_number: number;
    at_ms: number;
    /** Insects a trap and day. */
    per_trap_per_day: number;
    traps: number;
    trap_days: number;
    /** Degrees of the farm, to about a kilometre; null: it has not said where it lies. */
    latitude: number | null;
    longitude: number | null;
  };
}
