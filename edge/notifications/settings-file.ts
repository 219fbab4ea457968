import { readFileSync, statSync } from 'node:fs';
import { writeStateFile } from '@nongtin/service';
import { type Settings, settingsProblems } from './settings.ts';

/**
 * notifications.json, read again when it has changed. A file that cannot be read or is wrong says why and leaves in force what was
 * before it: a slip of a comma must not silence a farm.
 */
export class SettingsFile {
  readonly path: string;
  #settings: Settings | undefined;
  #problems: readonly string[] = [];
  #version = '';

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined: there is none, and nobody is told of anything. */
  get settings(): Settings | undefined {
    return this.#settings;
  }

  /** What is wrong with the file as it is now. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** By which a writer shows that they have seen what is there now. */
  get version(): string {
    return this.#version;
  }

  /** Readable by its owner alone; look() then finds it changed. */
  write(settings: Settings): void {
    writeStateFile(this.path, settings);
  }

  /** Looks whether it has changed; true: something is different now. */
  look(): boolean {
    const version = versionOf(this.path);
    if (version === this.#version) return false;
    this.#version = version;
    if (version === '') {
      this.#settings = undefined;
      this.#problems = [];
      return true;
    }
    const read = readSettings(this.path);
    if ('problems' in read) this.#problems = read.problems;
    else {
      this.#settings = read.settings;
      this.#problems = [];
    }
    return true;
  }
}

function versionOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.ino} ${found.mtimeMs} ${found.size}`;
}

function readSettings(path: string): { settings: Settings } | { problems: readonly string[] } {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== undefined)
      return { problems: [`the file cannot be read (${code}): give it to the gateway's user`] };
    // The parser's words quote what stands there, which may be an address; where it stands is enough.
    const place = /line \d+ column \d+/.exec(message)?.[0];
    const where = place === undefined ? '' : ` (${place})`;
    return { problems: [`the file is no JSON${where}: correct its commas, quotes and brackets`] };
  }
  const problems = settingsProblems(value);
  return problems.length > 0 ? { problems } : { settings: value as Settings };
}
