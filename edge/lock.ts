import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { explainProblem, StartProblem, systemCodeOf } from '@nongtin/service';

/**
 * One gateway per data folder: two would number the same journal twice. The lock is SQLite's exclusive file lock,
 * which the operating system drops with the process, however it ends; there is no stale lock to clean up. It writes
 * nothing, so a full disk has room for it.
 * Returns the release.
 */
export function lockDataFolder(folder: string): () => void {
  const path = join(folder, 'gateway.lock');
  try {
    mkdirSync(folder, { recursive: true });
    const database = new DatabaseSync(path);
    try {
      database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      throw error;
    }
    return () => database.close();
  } catch (error) {
    if (systemCodeOf(error) === 'EBUSY') {
      throw new StartProblem(
        `Another gateway already runs on ${folder}: stop it, or choose another folder with NONGTIN_DATA_DIR=….`,
      );
    }
    throw explainProblem(error, { path });
  }
}
