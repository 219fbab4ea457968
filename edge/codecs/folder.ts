import { type BigIntStats, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { explainProblem, type Logger } from '@nongtin/service';
import { LIMITS } from './protocol.ts';

export interface Script {
  /** Name of its file. */
  readonly file: string;
  /** Another one whenever the file has changed. */
  readonly version: number;
  readonly source: string;
}

interface FolderOptions {
  readonly folder: string;
  readonly logger: Logger;
  readonly clock: { nowMs(): number };
}

const MAPPING = 'codecs.json';
const MOST_FILES = 1_000;
const MAPPING_BYTES = 256 * 1024;
/** A change within the same tick of the file system's clock would not be seen: what is so young is read again. */
const UNSETTLED_MS = 2_000;

/**
 * The folder with the scripts. Looked at whenever a codec is needed, so a file that is added or changed counts at once.
 * `codecs.json` may assign devices to files: {"a84041ffff123456": "lse01.js", "Soil probes": "lse01.js"}.
 */
export class CodecFolder {
  readonly path: string;
  readonly #logger: Logger;
  readonly #clock: { nowMs(): number };
  #files = new Map<string, string>();
  #filesSeen = '';
  #mapping = new Map<string, string>();
  #mappingSeen = '';
  readonly #scripts = new Map<string, { readonly seen: string; readonly script: Script }>();
  #lastVersion = 0;
  #looks = 0;

  constructor({ folder, logger, clock }: FolderOptions) {
    this.path = folder;
    this.#logger = logger;
    this.#clock = clock;
  }

  create(): void {
    try {
      mkdirSync(this.path, { recursive: true });
    } catch (error) {
      throw explainProblem(error, { path: this.path });
    }
  }

  /** The file for a device that goes by these names; the first name that is assigned, or has a file, decides. */
  find(names: readonly string[]): string | undefined {
    this.#look();
    for (const name of names) {
      const key = keyOf(name);
      const file = this.#mapping.get(key) ?? this.#files.get(key);
      if (file !== undefined) return file;
    }
    return undefined;
  }

  /** Throws an Error that says what is wrong with the file. */
  read(file: string): Script {
    const path = join(this.path, file);
    try {
      const stats = statSync(path, { bigint: true });
      if (!stats.isFile()) throw new Error(`${path} is no file`);
      if (stats.size > LIMITS.sourceBytes)
        throw new Error(`${path} has more than ${LIMITS.sourceBytes / 1024} KiB`);
      const seen = this.#seen(stats);
      const known = this.#scripts.get(file);
      if (known?.seen === seen) return known.script;
      const source = readFileSync(path, 'utf8');
      const script = known?.script.source === source ? known.script : this.#newVersion(file, source);
      if (this.#scripts.size >= MOST_FILES) this.#scripts.clear();
      this.#scripts.set(file, { seen, script });
      return script;
    } catch (error) {
      throw explainProblem(error, { path });
    }
  }

  #newVersion(file: string, source: string): Script {
    this.#lastVersion += 1;
    return { file, version: this.#lastVersion, source };
  }

  #look(): void {
    const seen = this.#seenAt(this.path);
    if (seen !== this.#filesSeen) this.#readFolder();
    this.#filesSeen = seen;
    const mappingSeen = this.#seenAt(join(this.path, MAPPING));
    if (mappingSeen !== this.#mappingSeen) this.#readMapping();
    this.#mappingSeen = mappingSeen;
  }

  #readFolder(): void {
    const names = filesIn(this.path).filter((name) => name.endsWith('.js'));
    this.#files = new Map(names.slice(0, MOST_FILES).map((name) => [keyOf(name.slice(0, -3)), name]));
  }

  #readMapping(): void {
    this.#mapping = new Map();
    const path = join(this.path, MAPPING);
    try {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAPPING_BYTES)
        throw new Error('it is too large');
      const text = readFileSync(path, 'utf8');
      this.#mapping = readMapping(text);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      const reason = (error as Error).message;
      this.#logger.warn({ path, reason }, 'the assignment of codecs cannot be read: correct the file');
    }
  }

  #seenAt(path: string): string {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? 'none' : this.#seen(stats);
  }

  #seen({ mtimeMs, mtimeNs, size, ino }: BigIntStats): string {
    const young = Math.abs(this.#clock.nowMs() - Number(mtimeMs)) < UNSETTLED_MS;
    this.#looks += 1;
    return young ? `look ${this.#looks}` : `${ino} ${mtimeNs} ${size}`;
  }
}

/** Lower case, and one dash for whatever is neither letter nor digit: 'Dragino LSE01 (AS923)' → 'dragino-lse01-as923'. */
function keyOf(name: string): string {
  const text = name.normalize('NFC').toLowerCase();
  return text.replace(/[^\p{L}\p{M}\p{N}]+/gu, '-').replace(/^-|-$/g, '');
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readMapping(text: string): Map<string, string> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('an object {"device": "file"} is expected');
  }
  const entries = Object.entries(value).slice(0, MOST_FILES);
  return new Map(
    entries.map(([name, file]) => {
      if (typeof file !== 'string' || !/^[^/\\]{1,200}$/.test(file) || file.startsWith('.')) {
        throw new Error(`'${name.slice(0, 60)}' must name a file of this folder`);
      }
      return [keyOf(name), file.endsWith('.js') ? file : `${file}.js`];
    }),
  );
}
