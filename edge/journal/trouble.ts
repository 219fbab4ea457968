import { explainProblem, StartProblem } from '@nongtin/service';
import type { DamageReport, Trouble } from './protocol.ts';

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
