import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem, StartProblem } from './problem.ts';

/**
 * Small state files as JSON: written whole or not at all (temporary file, fsync, rename), readable by their owner
 * only. Reading a half-written or foreign file throws a StartProblem that names it.
 */
export function writeStateFile(path: string, state: unknown): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.new`;
    writeDurably(temporary, `${JSON.stringify(state, null, 2)}\n`);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw explainProblem(error, { path });
  }
}

/**
 * Makes a file that its owner alone can read, its bytes on the disk when this returns; its name only after syncFolder.
 * Flag 'wx': fails with EEXIST when there is such a file, 'w': writes over it, 'a': behind what is there.
 */
export function writeDurably(path: string, content: string | Uint8Array, flag: 'w' | 'wx' | 'a' = 'w'): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const file = openSync(path, flag, 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A new, renamed or linked name is in its folder even after the power fails, once this has returned. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The state, or undefined when there is no such file. `check` tells a whole state from anything else. */
export function readStateFile<T>(path: string, check: (value: unknown) => value is T): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explainProblem(error, { path });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (check(value)) return value;
  } catch {
    // Told below: not JSON and JSON of another shape have the same remedy.
  }
  throw new StartProblem(
    `${path} is incomplete or not ours: restore it from a backup, or move it away to begin anew.`,
  );
}
