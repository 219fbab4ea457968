import type { Trouble } from './protocol.ts';
import type { WriteCause } from './types.ts';

/** A trouble of the journal's own, on its way through the thread. */
export class JournalTrouble extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.trouble);
    this.trouble = trouble;
  }
}

export function troubleOf(error: unknown): Trouble {
  if (error instanceof JournalTrouble) return error.trouble;
  const { message, errcode, code } = error as Error & { errcode?: number; code?: string };
  return {
    trouble: 'system',
    message,
    ...(errcode === undefined ? {} : { errcode }),
    ...(code === undefined ? {} : { code }),
  };
}

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const SQLITE_READONLY = 8;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

const primaryCode = (error: unknown) => (((error ?? {}) as { errcode?: number }).errcode ?? 0) & 0xff;

export function isFull(error: unknown): boolean {
  return primaryCode(error) === SQLITE_FULL;
}

/** Why nothing can be written, as far as a person can do something about it. */
export function causeOf(why: Trouble): WriteCause {
  if (isFull(why)) return 'full';
  if (primaryCode(why) === SQLITE_READONLY) return 'read_only';
  const code = why.trouble === 'system' ? why.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full';
  return code === 'EROFS' || code === 'EACCES' ? 'read_only' : 'failing';
}

export function isDamage(error: unknown): boolean {
  if (error instanceof JournalTrouble) return error.trouble.trouble === 'damaged';
  return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(primaryCode(error));
}
