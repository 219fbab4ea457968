import type { OpenJournal } from './journal.ts';

/** Waits for what the journal makes durable, but not when it cannot write: then that is done as soon as it can. */
export function unlessTroubled(
  journal: Pick<OpenJournal, 'onTrouble'>,
  work: Promise<unknown> | undefined,
): Promise<unknown> {
  const troubled = new Promise<void>((resolve) => journal.onTrouble(() => resolve()));
  return Promise.race([work, troubled]);
}
