import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Nothing that a benchmark has started or written outlives it, however it ends (SIGKILL excepted). */

const children = new Set<ChildProcess>();
const folders = new Set<string>();
let isWatching = false;

/** Ends this process with ours, if it has not ended by then. */
export function adopt(child: ChildProcess): void {
  watch();
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** A new folder under the system's own for such; removed by `remove`, or else at our end. */
export function temporaryFolder(name: string): string {
  watch();
  const folder = mkdtempSync(join(tmpdir(), `nongtin-bench-${name}-`));
  folders.add(folder);
  return folder;
}

export function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

function watch(): void {
  if (isWatching) return;
  isWatching = true;
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  });
}
