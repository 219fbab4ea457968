import { readStateFile, writeStateFile } from '@nongtin/service';
import type { ProfileMemory } from './profile.ts';

const MOST_KEYS = 20_000;
const MOST_CHARACTERS = 32 * 1024;
const WRITE_AFTER_MS = 1_000;

interface FileMemory extends ProfileMemory {
  /** Writes what is not written yet. */
  stop(): void;
}

/** A memory that begins empty and ends with the process: for tests and replays. */
export function shortMemory(): ProfileMemory {
  return new BoundedMemory(new Map(), () => {});
}

/** A memory in a file. Devices repeat what they announce, so a change may wait a second for the disk. */
export function fileMemory(path: string, onError: (error: unknown) => void): FileMemory {
  const saved = readStateFile(path, isMemoryFile);
  const values = new Map(Object.entries(saved?.values ?? {}));
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    try {
      writeStateFile(path, { version: 1, values: Object.fromEntries(values) });
    } catch (error) {
      onError(error);
    }
  };
  const memory = new BoundedMemory(values, () => {
    timer ??= setTimeout(write, WRITE_AFTER_MS);
  });
  return {
    get: (key) => memory.get(key),
    set: (key, value) => memory.set(key, value),
    stop: () => {
      if (timer !== undefined) write();
    },
  };
}

class BoundedMemory implements ProfileMemory {
  readonly #values: Map<string, unknown>;
  readonly #onChange: () => void;

  constructor(values: Map<string, unknown>, onChange: () => void) {
    this.#values = values;
    this.#onChange = onChange;
  }

  get(key: string): unknown {
    return this.#values.get(key);
  }

  set(key: string, value: unknown): void {
    const text = value === undefined ? undefined : JSON.stringify(value);
    if (text === undefined ? !this.#values.has(key) : text === JSON.stringify(this.#values.get(key))) return;
    if (text !== undefined && text.length > MOST_CHARACTERS) return;
    // Newest last.
    this.#values.delete(key);
    if (text !== undefined) this.#values.set(key, value);
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= MOST_KEYS) break;
      this.#values.delete(oldest);
    }
    this.#onChange();
  }
}

interface MemoryFile {
  readonly version: 1;
  readonly values: Readonly<Record<string, unknown>>;
}

function isMemoryFile(value: unknown): value is MemoryFile {
  if (typeof value !== 'object' || value === null) return false;
  const { version, values } = value as Partial<MemoryFile>;
  return version === 1 && typeof values === 'object' && values !== null;
}
