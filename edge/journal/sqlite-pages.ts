import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

export type Value = number | string | Buffer | null;

/** A row of some table: whoever reads it must recognise it by its columns. */
export interface FoundRow {
  readonly rowid: number;
  readonly columns: readonly Value[];
}

/** Where a page's bytes stand: in the database (by page) or in its log (by frame). */
interface Image {
  readonly log: boolean;
  readonly offset: number;
  readonly page: number;
}

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const MOST_ROW_BYTES = 64 * 1024 * 1024;
const TABLE_LEAF = 0x0d;

/**
 * Rows of a damaged SQLite file, without SQLite: page by page, of the database and of its log, whether or not anything
 * still points to them (sqlite.org/fileformat2.html, sections 1.5 to 2.1). Old rows are found as well, and rubbish; what
 * is believed, a signature decides.
 */
export class DamagedFile {
  readonly #file: number;
  readonly #pageBytes: number;
  readonly #pages: number;
  readonly #log: Buffer;
  /** The newest image of each page that stands in the log. */
  readonly #newest = new Map<number, Image>();

  /** `usualPageBytes` counts when neither the file nor its log can tell. */
  constructor(path: string, usualPageBytes: number) {
    this.#file = openSync(path, 'r');
    this.#log = readIfThere(`${path}-wal`);
    const head = Buffer.alloc(32);
    readSync(this.#file, head, 0, 32, 0);
    this.#pageBytes = pageBytes(head.readUInt16BE(16)) ?? this.#loggedPageBytes() ?? usualPageBytes;
    this.#pages = Math.floor(fstatSync(this.#file).size / this.#pageBytes);
    for (const image of this.#frames()) this.#newest.set(image.page, image);
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Each row with the way to read it again, so that nobody needs to keep them all. */
  *rows(): Generator<{ readonly row: FoundRow; readonly again: () => FoundRow | undefined }> {
    for (const image of this.#images()) {
      const cells = this.#cells(image);
      for (const cell of cells) {
        const again = () => this.#row(image, cell);
        const row = again();
        if (row !== undefined) yield { row, again };
      }
    }
  }

  *#images(): Generator<Image> {
    for (let page = 1; page <= this.#pages; page += 1) {
      yield { log: false, offset: (page - 1) * this.#pageBytes, page };
    }
    yield* this.#frames();
  }

  *#frames(): Generator<Image> {
    const step = FRAME_HEADER + this.#pageBytes;
    for (let at = WAL_HEADER; at + step <= this.#log.length; at += step) {
      yield { log: true, offset: at + FRAME_HEADER, page: this.#log.readUInt32BE(at) };
    }
  }

  #loggedPageBytes(): number | undefined {
    return this.#log.length < WAL_HEADER ? undefined : pageBytes(this.#log.readUInt32BE(8));
  }

  #bytesOf({ log, offset }: Image): Buffer {
    if (log) return this.#log.subarray(offset, offset + this.#pageBytes);
    const page = Buffer.alloc(this.#pageBytes);
    readSync(this.#file, page, 0, this.#pageBytes, offset);
    return page;
  }

  #cells(image: Image): number[] {
    const page = this.#bytesOf(image);
    const at = image.page === 1 ? 100 : 0;
    if (page[at] !== TABLE_LEAF) return [];
    const count = Math.min(page.readUInt16BE(at + 3), Math.floor((this.#pageBytes - at - 8) / 2));
    return Array.from({ length: count }, (_, index) => page.readUInt16BE(at + 8 + 2 * index));
  }

  #row(image: Image, cell: number): FoundRow | undefined {
    try {
      const page = this.#bytesOf(image);
      const length = varint(page, cell);
      const rowid = varint(page, length.end);
      if (length.value > MOST_ROW_BYTES) return undefined;
      return { rowid: rowid.value, columns: decode(this.#payload(page, rowid.end, length.value)) };
    } catch {
      return undefined;
    }
  }

  /** The cell's bytes with those on its overflow pages. */
  #payload(page: Buffer, at: number, length: number): Buffer {
    const most = this.#pageBytes - 35;
    if (length <= most) return page.subarray(at, at + length);
    const least = Math.floor(((this.#pageBytes - 12) * 32) / 255) - 23;
    const some = least + ((length - least) % (this.#pageBytes - 4));
    const local = some <= most ? some : least;
    const parts = [page.subarray(at, at + local)];
    let next = page.readUInt32BE(at + local);
    for (let left = length - local; left > 0; left -= this.#pageBytes - 4) {
      const image = this.#newest.get(next) ?? {
        log: false,
        offset: (next - 1) * this.#pageBytes,
        page: next,
      };
      if (next === 0) throw new RangeError('an overflow chain ends early');
      const bytes = this.#bytesOf(image);
      parts.push(bytes.subarray(4, 4 + Math.min(left, this.#pageBytes - 4)));
      next = bytes.readUInt32BE(0);
    }
    return Buffer.concat(parts);
  }
}

/** A power of two from 512 to 65,536, which two bytes hold as 1. */
function pageBytes(value: number): number | undefined {
  const bytes = value === 1 ? 65_536 : value;
  return bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0 ? bytes : undefined;
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function varint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes.readUInt8(at + index);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  return { value: value * 256 + bytes.readUInt8(at + 8), end: at + 9 };
}

function decode(record: Buffer): Value[] {
  const header = varint(record, 0);
  const values: Value[] = [];
  let at = header.value;
  for (let next = header.end; next < header.value; ) {
    const type = varint(record, next);
    next = type.end;
    const { value, length } = decodeValue(record, at, type.value);
    values.push(value);
    at += length;
  }
  return values;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function decodeValue(record: Buffer, at: number, type: number): { value: Value; length: number } {
  if (type === 0) return { value: null, length: 0 };
  if (type === 8 || type === 9) return { value: type - 8, length: 0 };
  if (type === 7) return { value: record.readDoubleBE(at), length: 8 };
  const bytes = INTEGER_BYTES[type];
  if (bytes === 8) return { value: Number(record.readBigInt64BE(at)), length: 8 };
  if (bytes !== undefined) return { value: record.readIntBE(at, bytes), length: bytes };
  const length = (type - (type % 2 === 0 ? 12 : 13)) / 2;
  if (at + length > record.length) throw new RangeError('a value ends early');
  const part = record.subarray(at, at + length);
  return { value: type % 2 === 0 ? Buffer.from(part) : part.toString('utf8'), length };
}
