import type { Generated } from 'kysely';

export interface ChangeTables {
  /** What changed in the tables of `logged.ts`, written by their triggers, until it is in the log's files. */
  changes: {
    change_id: Generated<number>;
    changed_table: string;
    is_deleted: boolean;
    /** JSON of the row as it is now, or as it was when it was deleted. */
    content: string;
  };
  /** One row: the log that this database writes, and how far. No row: none yet. */
  change_log: {
    /** Always 1. */
    id: Generated<number>;
    log_id: string;
    /** Lines in its files. */
    lines: number;
    /** Of the last line. */
    tail_hash: string;
  };
  /** Tables whose rows are all in the log, or in `changes`, and which have the trigger. */
  logged_tables: { table_name: string };
}
