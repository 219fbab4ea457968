import { explainProblem, StartProblem } from '@nongtin/service';
import type { DamageReport, Trouble } from './protocol.ts';
import { causeOf } from './trouble-of.ts';

/** What is wrong with the journal, in one sentence with the remedy where there is one. */
export function explainTrouble(why: Trouble, path: string, keyPath: string): Error {
  switch (why.trouble) {
    case 'held_by_another':
      return new StartProblem(
        `${path} is held by another gateway: stop that one, or choose another folder with NONGTIN_DATA_DIR=….`,
      );
    case 'newer_format':
      return new StartProblem(
        `${path} was written by a newer version (format ${why.version}): install that version, or move the file away to begin anew.`,
      );
    case 'wrong_key':
      return new StartProblem(
        `${keyPath} is not the key that signed ${path}: restore the key from a backup, or move the journal away to begin anew.`,
      );
    case 'damaged':
      return new StartProblem(
        `${path} is damaged at entry ${why.number}: restore a backup, or move it away and start again (what the cloud already holds is safe there).`,
      );
    case 'system':
      return explainProblem(Object.assign(new Error(why.message), why), { path }) as Error;
  }
}

/** The same of a journal that is open and tries again, so that nobody has to start anything. */
export function explainWaiting(why: Trouble, path: string, keyPath: string): string {
  switch (causeOf(why)) {
    case 'full':
      return `The disk that holds ${path} is full: free some space; what waits is taken by itself, nothing acknowledged is lost.`;
    case 'read_only':
      return `${path} can only be read: make its disk writable again (mount -o remount,rw), or look at the disk's health; what waits is taken by itself, nothing acknowledged is lost.`;
    case 'failing':
      return explainTrouble(why, path, keyPath).message;
  }
}

/** What damage cost, in one sentence; the gateway goes on. */
export function damageSentence(
  { firstLost, lostEntries, lostPayloads, keptAs }: DamageReport,
  path: string,
): string {
  if (firstLost === 0)
    return `${path} was damaged, but every entry could be carried over; the damaged file is kept as ${keptAs}.`;
  const lost = `${lostEntries} entries and the readings of ${lostPayloads} more are lost`;
  return `${path} was damaged at entry ${firstLost}: ${lost}, everything else was carried over; the damaged file is kept as ${keptAs}; check the card or disk.`;
}
