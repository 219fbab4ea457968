/** SQLite's primary result code for a database that another connection holds (sqlite.org/rescode.html). */
const SQLITE_BUSY = 5;

/** Whether SQLite failed because somebody else holds the file; the extended codes say more in their higher bits. */
export function isBusy(error: unknown): boolean {
  return (((error ?? {}) as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY;
}
