import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';

/** A row as a change has left it. */
export interface Change {
  readonly changeId: number;
  readonly table: string;
  /** `content` is the row that is no more. */
  readonly isDeleted: boolean;
  /** JSON without line breaks; not read here, because its numbers may be longer than ours. */
  readonly content: string;
}

/** Where a log ends. */
export interface Tail {
  readonly logId: string;
  readonly lines: number;
  /** Of the last line, over all lines. */
  readonly hash: string;
}

/** The files are not what we wrote: a sentence says which and where. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged';
}

const SEGMENT_BYTES = 16 * 2 ** 20;
const HEADER = 'nongtin-change-log 1';

/**
 * Changes as lines of text in numbered files, to be read by whoever has nothing else left:
 *
 *   000001.log   nongtin-change-log 1 LOG-ID LINES-BEFORE HASH-BEFORE
 *                HASH CHANGE-ID TABLE put|delete {JSON of the row}
 *
 * HASH is SHA-256 over the hash of the line before and the rest of the line, so that a line cannot be altered, taken out or put
 * elsewhere unseen; the first is over the log's name. What is appended is on the disk when `append` resolves; a line that a power cut has torn is cut off.
 */
export class LogFiles {
  readonly folder: string;
  #end: { file: FileHandle; segment: number; bytes: number; tail: Tail } | undefined;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Opens the log for appending, with the last `look` changes; undefined: there is none yet. Rejects with LogDamaged. */
  async open(look: number): Promise<{ tail: Tail; last: readonly Change[] } | undefined> {
    await this.close();
    const segment = (await this.#segments()).at(-1);
    if (segment === undefined) return undefined;
    const path = this.#path(segment);
    const bytes = await readFile(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    const read = readSegment(bytes.subarray(0, whole).toString(), path);
    if (read === undefined) {
      // The power went while it was begun: what came before is in the segment before.
      await truncate(path, 0);
      const before = segment > 1 ? await this.#tailOf(segment - 1) : undefined;
      if (before === undefined) return undefined;
      await this.#openAt(segment, before);
      return { tail: before, last: [] };
    }
    if (whole < bytes.length) await truncate(path, whole);
    this.#end = { file: await open(path, 'a', 0o600), segment, bytes: whole, tail: read.tail };
    return { tail: read.tail, last: read.changes.slice(-look) };
  }

  /** A new log, in a folder that has none. */
  async begin(logId: string): Promise<Tail> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const tail = { logId, lines: 0, hash: hashAfter(HEADER, logId) };
    await this.#openAt(1, tail);
    return tail;
  }

  /** After `open` or `begin`. On the disk when it resolves; when it rejects, the log has to be opened again. */
  async append(changes: readonly Change[]): Promise<Tail> {
    if (this.#end === undefined) throw new Error('the log is not open');
    if (this.#end.bytes > SEGMENT_BYTES) await this.#openAt(this.#end.segment + 1, this.#end.tail);
    const { file, segment, bytes, tail } = this.#end;
    let { lines, hash } = tail;
    let text = '';
    for (const change of changes) {
      const body = bodyOf(change);
      hash = hashAfter(hash, body);
      lines += 1;
      text += `${hash} ${body}\n`;
    }
    await file.writeFile(text);
    await file.datasync();
    const end = { logId: tail.logId, lines, hash };
    this.#end = { file, segment, bytes: bytes + Buffer.byteLength(text), tail: end };
    return end;
  }

  /** All of it, oldest first; a torn last line is left out. Rejects with LogDamaged where it does not follow from what was before. */
  async *read(): AsyncGenerator<Change, Tail | undefined> {
    let tail: Tail | undefined;
    const segments = await this.#segments();
    for (const segment of segments) {
      const path = this.#path(segment);
      const text = (await readFile(path)).toString();
      const read = readSegment(text.slice(0, text.lastIndexOf('\n') + 1), path);
      if (read === undefined && segment === segments.at(-1)) break;
      if (read === undefined || !follows(read.before, tail, segment))
        throw new LogDamaged(
          `${path} does not go on where the file before it ends: one of them is missing or altered.`,
        );
      yield* read.changes;
      tail = read.tail;
    }
    return tail;
  }

  async close(): Promise<void> {
    const end = this.#end;
    this.#end = undefined;
    await end?.file.close();
  }

  async #tailOf(segment: number): Promise<Tail | undefined> {
    const path = this.#path(segment);
    const text = (await readFile(path)).toString();
    return readSegment(text.slice(0, text.lastIndexOf('\n') + 1), path)?.tail;
  }

  async #openAt(segment: number, tail: Tail): Promise<void> {
    await this.close();
    const path = this.#path(segment);
    const file = await open(path, 'a', 0o600);
    const header = `${HEADER} ${tail.logId} ${tail.lines} ${tail.hash}\n`;
    await file.writeFile(header);
    await file.sync();
    const folder = await open(this.folder, 'r');
    await folder.sync().finally(() => folder.close());
    this.#end = { file, segment, bytes: header.length, tail };
  }

  async #segments(): Promise<number[]> {
    const names = await readdir(this.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    const segments = names
      .filter((name) => /^\d{6}\.log$/.test(name))
      .map((name) => Number(name.slice(0, 6)));
    return segments.sort((a, b) => a - b);
  }

  #path(segment: number): string {
    return join(this.folder, `${String(segment).padStart(6, '0')}.log`);
  }
}

interface Segment {
  readonly before: Tail;
  readonly tail: Tail;
  readonly changes: readonly Change[];
}

/** Whole lines. Undefined: it has not even its header. */
function readSegment(text: string, path: string): Segment | undefined {
  const [header = '', ...lines] = text.split('\n').slice(0, -1);
  if (header === '') return undefined;
  const match = /^nongtin-change-log 1 (\S+) (\d+) ([0-9a-f]{64})$/.exec(header);
  if (match === null) throw new LogDamaged(`${path} does not begin as a change log of this version does.`);
  const [, logId = '', count, before = ''] = match;
  let hash = before;
  const changes = lines.map((line, index): Change => {
    const body = line.slice(65);
    hash = hashAfter(hash, body);
    const parts = /^(\d+) (\S+) (put|delete) (\{.*\})$/.exec(body);
    if (parts === null || line.slice(0, 65) !== `${hash} `)
      throw new LogDamaged(
        `${path}, line ${index + 2}, is not as it was written: it was altered, or the disk is failing.`,
      );
    const [, changeId, table = '', what, content = ''] = parts;
    return { changeId: Number(changeId), table, isDeleted: what === 'delete', content };
  });
  const start = { logId, lines: Number(count), hash: before };
  return { before: start, tail: { logId, lines: start.lines + changes.length, hash }, changes };
}

function follows(before: Tail, tail: Tail | undefined, segment: number): boolean {
  if (tail === undefined)
    return segment === 1 && before.lines === 0 && before.hash === hashAfter(HEADER, before.logId);
  return before.logId === tail.logId && before.lines === tail.lines && before.hash === tail.hash;
}

function bodyOf({ changeId, table, isDeleted, content }: Change): string {
  return `${changeId} ${table} ${isDeleted ? 'delete' : 'put'} ${content}`;
}

function hashAfter(hash: string, body: string): string {
  return createHash('sha256').update(hash).update(body).digest('hex');
}
