import type { DatabaseSync } from 'node:sqlite';
import { explainProblem, StartProblem } from '@nongtin/service';
import type { WriteOutcome } from './store.ts';

/** All of it or nothing. */
export function inTransaction(database: DatabaseSync, work: () => void, undone = () => {}): WriteOutcome {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
    return { outcome: 'accepted' };
  } catch (error) {
    undone();
    if (database.isTransaction) database.exec('ROLLBACK');
    return outcomeOfError(error);
  }
}

/** A full or unreadable disk needs a person; a lock of another program passes; a line that is none is refused. */
function outcomeOfError(error: unknown): WriteOutcome {
  if (error instanceof SyntaxError) return { outcome: 'reject', reason: error.message };
  const explained = explainProblem(error, { path: 'the series database' });
  const reason = explained instanceof Error ? explained.message : String(explained);
  return { outcome: explained instanceof StartProblem ? 'keep' : 'wait', reason };
}
