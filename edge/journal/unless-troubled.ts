interface Troubled {
  onTrouble(listener: () => void): () => void;
}

/** Waits for what the journal makes durable, but not when it cannot write: then that is done as soon as it can. */
export async function unlessTroubled(journal: Troubled, work: Promise<unknown> | undefined): Promise<void> {
  const { promise: troubled, resolve } = Promise.withResolvers<void>();
  const leave = journal.onTrouble(resolve);
  await Promise.race([work, troubled]).finally(leave);
}
