import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemCodeOf } from '@nongtin/service';

/**
 * A database with a write-ahead log. Its index lies in a file that programs share; a full disk has no room for one. SQLite
 * calls that an error of reading or writing, or, where blocks are smaller than pages of memory, the process is ended when
 * it writes to the file. So there the index is in memory and the database ours alone.
 *
 * @param timeoutMs how long to wait for another program that writes
 */
export function openWithLog(path: string, timeoutMs: number): DatabaseSync {
  if (isTight(dirname(path))) return opened(path, timeoutMs, 'EXCLUSIVE');
  try {
    return opened(path, timeoutMs, 'NORMAL');
  } catch (error) {
    if (systemCodeOf(error) !== 'EIO') throw error;
    return opened(path, timeoutMs, 'EXCLUSIVE');
  }
}

const ROOM_BYTES = 1024 * 1024;

function isTight(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < ROOM_BYTES;
}

function opened(path: string, timeout: number, locking: 'NORMAL' | 'EXCLUSIVE'): DatabaseSync {
  const database = new DatabaseSync(path, { timeout });
  try {
    // The first read is where the index is made.
    database.exec(
      `PRAGMA locking_mode = ${locking}; PRAGMA journal_mode = WAL; SELECT 1 FROM sqlite_schema;`,
    );
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
