/** Rows of the stamp batches. */
// biome-ignore lint/suspicious/noEmptyInterface: filled with the first table
export interface StampTables {}
