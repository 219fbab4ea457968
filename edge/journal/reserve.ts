import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** As much as the log may hold before it is written back, and some more. */
const RESERVE_BYTES = 5 * 1024 * 1024;

/**
 * Disk space that is set aside: on a full disk even giving something up needs room first, because SQLite writes what
 * changes to its log. It is freed then, and taken again when there is space.
 */
export class DiskReserve {
  readonly #path: string;

  constructor(journalPath: string) {
    this.#path = `${journalPath}-reserve`;
  }

  /** What the disk has left, the reserve not counted. */
  freeBytes(): number {
    const { bavail, bsize } = statfsSync(dirname(this.#path));
    return bavail * bsize;
  }

  /** Whether there is one now: not when the disk has little more space than for it. */
  keep(): boolean {
    try {
      if (statSync(this.#path, { throwIfNoEntry: false })?.size === RESERVE_BYTES) return true;
      if (this.freeBytes() < 2 * RESERVE_BYTES) return false;
      const file = openSync(this.#path, 'w', 0o600);
      try {
        for (let left = RESERVE_BYTES; left > 0; )
          left -= writeSync(file, Buffer.alloc(Math.min(left, 65_536), 0x2d));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      return true;
    } catch {
      this.free();
      return false;
    }
  }

  free(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // A disk that cannot be written: it stays.
    }
  }
}
