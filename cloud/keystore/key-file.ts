import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem, StartProblem, syncFolder, writeDurably } from '@nongtin/service';
import { type KeyRing, newKey, type RotatingKeyStore, ringKeyStore } from './key-store.ts';

/**
 * The key store of a single server: random keys in a file only its owner may read, a line of 64 hex digits each, the
 * newest first. The first one is made at the first start. Whoever loses the file can no longer prove any stamp: it belongs
 * into the backup, apart from the database's.
 */
export function openFileKeyStore(path: string): RotatingKeyStore {
  return ringKeyStore({
    read: () => readKeyFile(path) ?? createKeyFile(path),
    write: (ring) => {
      try {
        writeDurably(`${path}.new`, linesOf(ring));
        renameSync(`${path}.new`, path);
        syncFolder(dirname(path));
      } catch (error) {
        throw explainProblem(error, { path });
      }
    },
  });
}

/** Undefined: there is no such file. */
export function readKeyFile(path: string): KeyRing | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw explainProblem(error, { path });
  }
  if (/^[0-9a-f]{64}(?:\n[0-9a-f]{64})*$/.test(text))
    return text.split('\n').map((line) => new Uint8Array(Buffer.from(line, 'hex')));
  throw new StartProblem(
    `${path} is incomplete or not ours: restore it from a backup; without it no stamp issued so far can be proved.`,
  );
}

function createKeyFile(path: string): KeyRing {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeDurably(temporary, linesOf([newKey()]), 'wx');
    linkUnlessThere(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    throw explainProblem(error, { path });
  } finally {
    rmSync(temporary, { force: true });
  }
  const ring = readKeyFile(path);
  if (ring === undefined) throw new StartProblem(`${path} vanished while it was being made: start again.`);
  return ring;
}

function linesOf(ring: KeyRing): string {
  return ring.map((key) => `${Buffer.from(key).toString('hex')}\n`).join('');
}

/** A link, not a rename: of two processes that start at once, the second takes over the first one's key. */
function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
