import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KeptForGood, NotThere, type Objects } from './objects.ts';

const PAGE = 1_000;

/** Objects as files, on the disk with their names when `put` resolves. Several processes may share the folder. */
export class FolderObjects implements Objects {
  readonly #folder: string;
  readonly #made = new Map<string, Promise<void>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, name);
    await this.#make(dirname(path));
    // Each writes a file of its own: of two with the same name, the one renamed last has the same content.
    const unfinished = `${path}.${randomUUID()}.new`;
    const file = await open(unfinished, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    await sync(dirname(path));
  }

  async get(name: string, offset: number, length: number): Promise<Uint8Array> {
    const file = await open(join(this.#folder, name), 'r').catch((error: unknown) => missing(name, error));
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead !== length) throw new NotThere(`${name} ends before ${offset + length}`);
      return buffer;
    } finally {
      await file.close();
    }
  }

  getAll(name: string): Promise<Uint8Array> {
    return readFile(join(this.#folder, name)).catch((error: unknown) => missing(name, error));
  }

  async *list(folder: string): AsyncIterable<readonly string[]> {
    const files = await readdir(join(this.#folder, folder)).catch((error: unknown) => {
      if (isCode(error, ['ENOENT'])) return [];
      throw error;
    });
    for (let at = 0; at < files.length; at += PAGE)
      yield files.slice(at, at + PAGE).map((file) => `${folder}/${file}`);
  }

  async delete(name: string): Promise<void> {
    try {
      await rm(join(this.#folder, name), { force: true });
    } catch (error) {
      if (!isCode(error, ['EPERM', 'EACCES', 'EROFS'])) throw error;
      throw new KeptForGood((error as Error).message, { cause: error });
    }
  }

  #make(folder: string): Promise<void> {
    const making = this.#made.get(folder) ?? makeDurably(folder);
    this.#made.set(folder, making);
    // What failed once, on a full disk say, is tried again.
    making.catch(() => this.#made.delete(folder));
    return making;
  }
}

/** The folder and its parents, their names on the disk too. */
async function makeDurably(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

function missing(name: string, error: unknown): never {
  throw isCode(error, ['ENOENT']) ? new NotThere(`${name} is not there`, { cause: error }) : error;
}

function isCode(error: unknown, codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}

async function sync(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
