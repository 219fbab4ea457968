import { systemCodeOf } from '@nongtin/service';
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

export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error));
}

/** Why nothing can be written, as far as a person can do something about it. */
export function causeOf(why: Trouble): WriteCause {
  if (isFull(why)) return 'full';
  return ['EROFS', 'EACCES'].includes(systemCodeOf(why)) ? 'read_only' : 'failing';
}

export function isDamage(error: unknown): boolean {
  if (error instanceof JournalTrouble) return error.trouble.trouble === 'damaged';
  return systemCodeOf(error) === 'CORRUPT';
}
