import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem, readStateFile, syncFolder, writeDurably } from '@nongtin/service';

/**
 * Creates a state file once, however many processes try at the same moment: each writes a whole file of its own, the
 * first link(2) wins, and all of them read the winner's. Readable by its owner only.
 */
export function createOnce<T>(path: string, check: (value: unknown) => value is T, create: () => T): T {
  const existing = readStateFile(path, check);
  if (existing !== undefined) return existing;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
    try {
      writeDurably(temporary, `${JSON.stringify(create(), null, 2)}\n`, 'wx');
      linkUnlessThere(temporary, path);
      // Also when another process has won: what we answer must not be lost either.
      syncFolder(dirname(path));
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (error) {
    throw explainProblem(error, { path });
  }
  const created = readStateFile(path, check);
  if (created === undefined) throw new Error(`${path} vanished while it was being created`);
  return created;
}

/** The 32 random bytes (hex) that sign session cookies, kept in a file of the service's data folder. */
export function sessionSecret(path: string): string {
  const create = () => ({ secret: randomBytes(32).toString('hex') });
  return createOnce(path, isSecretFile, create).secret;
}

function isSecretFile(value: unknown): value is { secret: string } {
  const { secret } = (value ?? {}) as { secret?: unknown };
  return typeof secret === 'string' && /^[0-9a-f]{64}$/.test(secret);
}

function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
