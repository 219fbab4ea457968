export { type JournalOptions, type OpenJournal, openJournal } from './journal.ts';
export type { Journal, JournalEntry, JournalHealth, ReadingsBatch } from './types.ts';
