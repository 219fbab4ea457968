const FULL =
  'The disk is full, so nobody can sign in or out: free some space and try again. Who is signed in stays so.';
const UNWRITABLE =
  'The database of the accounts cannot be written, so nobody can sign in or out: check its disk and try again. Who is signed in stays so.';

/** SQLite's primary result codes (sqlite.org/rescode.html) and PostgreSQL's SQLSTATEs (appendix A), and what to tell a person. */
const SQLITE: Readonly<Record<number, string>> = { 8: UNWRITABLE, 10: UNWRITABLE, 13: FULL, 14: UNWRITABLE };
const CODES: ReadonlyMap<unknown, string> = new Map([
  ...[['ENOSPC', FULL] as const, ['53100', FULL] as const],
  ...[['EROFS', UNWRITABLE] as const, ['EIO', UNWRITABLE] as const, ['25006', UNWRITABLE] as const],
]);

/** What to tell who asks when the database could not write; undefined: the error is another one. */
export function unwritable(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errcode = 0, code } = error as Error & { errcode?: number; code?: unknown };
  return SQLITE[errcode & 0xff] ?? CODES.get(code) ?? unwritable(error.cause);
}
