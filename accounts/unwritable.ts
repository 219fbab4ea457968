import { systemCodeOf } from '@nongtin/service';

const FULL =
  'The disk is full, so nobody can sign in or out: free some space and try again. Who is signed in stays so.';
const UNWRITABLE =
  'The database of the accounts cannot be written, so nobody can sign in or out: check its disk and try again. Who is signed in stays so.';

/** By the system's code, or PostgreSQL's SQLSTATE (appendix A). */
const SENTENCES: ReadonlyMap<string, string> = new Map([
  ...['ENOSPC', '53100'].map((code) => [code, FULL] as const),
  ...['EROFS', 'EIO', 'EACCES', '25006'].map((code) => [code, UNWRITABLE] as const),
]);

/** What to tell who asks when the database could not write; undefined: the error is another one. */
export function unwritable(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return SENTENCES.get(systemCodeOf(error)) ?? unwritable(error.cause);
}
