export { openRecords, type Records } from './records.ts';
export type { Schema } from './schema.ts';
