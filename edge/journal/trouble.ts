import { explainProblem, StartProblem } from '@nongtin/service';
import type { Trouble } from './protocol.ts';

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
