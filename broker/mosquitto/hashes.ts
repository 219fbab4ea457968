import { readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainProblem, syncFolder, writeDurably } from '@nongtin/service';

/** A credential's own keyed hash, and `mosquittoHash` of the same password. What a power cut has left half written is none. */
const LINE = /^([0-9a-f]{64}) (\$7\$[0-9]+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+)$/;
/** Of passwords that are replaced or revoked, beside as many as are in force. */
const MOST_STALE = 100;

/**
 * Passwords as Mosquitto wants them, made when they are issued, for nobody knows them later. In a file of lines that is appended
 * to, and read when somebody asks: of a thousand devices on a farm with our own broker none costs memory or a longer file of
 * credentials. A line counts for the credential whose hash it names, so that it may be written before that.
 */
export class MosquittoHashes {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** On the disk when it returns. */
  keep(mac: string, hash: string): void {
    try {
      // The line break first: what was cut off before stays a line of its own.
      writeDurably(this.#path, `\n${mac} ${hash}`, 'a');
      syncFolder(dirname(this.#path));
    } catch (error) {
      throw explainProblem(error, { path: this.#path });
    }
  }

  /** By the credential's hash, of those that are in force. */
  of(macs: ReadonlySet<string>): ReadonlyMap<string, string> {
    const lines = this.#read().split('\n');
    const all = lines.flatMap((line) => {
      const [, mac = '', hash = ''] = LINE.exec(line) ?? [];
      return macs.has(mac) ? [[mac, hash] as const] : [];
    });
    const kept = new Map(all);
    if (lines.length > 2 * kept.size + MOST_STALE) this.#rewrite(kept);
    return kept;
  }

  #rewrite(kept: ReadonlyMap<string, string>): void {
    writeDurably(`${this.#path}.new`, [...kept].map(([mac, hash]) => `\n${mac} ${hash}`).join(''));
    renameSync(`${this.#path}.new`, this.#path);
    syncFolder(dirname(this.#path));
  }

  #read(): string {
    try {
      return readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
      throw explainProblem(error, { path: this.#path });
    }
  }
}
