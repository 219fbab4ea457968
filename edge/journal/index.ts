export { type OpenJournal, openJournal } from './journal.ts';
export { bytesOf } from './recent.ts';
export type { Journal, JournalEntry, JournalHealth } from './types.ts';
export { unlessTroubled } from './unless-troubled.ts';
export { watchJournal } from './watch.ts';
