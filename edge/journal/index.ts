export { type OpenJournal, openJournal } from './journal.ts';
export { bytesOf } from './recent.ts';
export type { Journal, JournalEntry, JournalHealth, TimeSpan } from './types.ts';
export { unlessTroubled } from './unless-troubled.ts';
export { watchJournal } from './watch.ts';
