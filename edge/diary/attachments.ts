import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Attachment, mostPieceBytes } from '@nongtin/broker/wire';
import { syncFolder } from '@nongtin/service';
import { contentType, tellsPlace } from './contents.ts';

/** What became of a piece. `receivedBytes`: the next piece begins there. */
export type PieceOutcome =
  | { readonly outcome: 'more'; readonly receivedBytes: number }
  | { readonly outcome: 'complete'; readonly receivedBytes: number }
  /** Not where the last one ended: the phone goes on from `receivedBytes`. */
  | { readonly outcome: 'misplaced'; readonly receivedBytes: number }
  /** Nothing of it is kept. */
  | {
      readonly outcome: 'refused';
      readonly key: string;
      readonly figures: Readonly<Record<string, string | number>>;
    };

interface AttachmentsOptions {
  readonly folder: string;
  /** Bytes of all together. */
  readonly mostBytes?: number;
}

const MOST_BYTES = 4 * 1024 ** 3;
/** Half-sent ones at a time; the one that has waited longest gives way. */
const MOST_PARTS = 100;

/**
 * Photos and voice notes, each a file named after the SHA-256 of its bytes. They come in pieces, one after the other, and an
 * interrupted one goes on where it stopped; the file gets its name only when its bytes are those that the diary names.
 */
export class Attachments {
  readonly #folder: string;
  readonly #parts: string;
  readonly #mostBytes: number;
  #bytes: number;

  constructor({ folder, mostBytes = MOST_BYTES }: AttachmentsOptions) {
    this.#folder = folder;
    this.#parts = join(folder, 'parts');
    this.#mostBytes = mostBytes;
    mkdirSync(this.#parts, { recursive: true, mode: 0o700 });
    const names = readdirSync(folder).filter((name) => name !== 'parts');
    this.#bytes = names.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
  }

  has(sha256: string): boolean {
    return sizeOf(this.#path(sha256)) > 0;
  }

  receivedBytes({ sha256 }: Attachment): number {
    return sizeOf(this.#path(sha256)) || sizeOf(this.#part(sha256));
  }

  read(sha256: string): Readable {
    return createReadStream(this.#path(sha256));
  }

  /** Of what the diary names `attachment`, the bytes from `offset` on; on the disk when this returns. */
  append(attachment: Attachment, offset: number, piece: Uint8Array): PieceOutcome {
    const { sha256, sizeBytes } = attachment;
    if (this.has(sha256)) return { outcome: 'complete', receivedBytes: sizeBytes };
    const part = this.#part(sha256);
    const receivedBytes = sizeOf(part);
    if (offset !== receivedBytes) return { outcome: 'misplaced', receivedBytes };
    const end = offset + piece.length;
    if (piece.length === 0 || piece.length > mostPieceBytes || end > sizeBytes)
      return refused('diary_piece_size', {
        bytes: piece.length,
        most: Math.min(mostPieceBytes, sizeBytes - offset),
      });
    if (this.#bytes + sizeBytes > this.#mostBytes)
      return refused('diary_no_room', { most: Math.floor(this.#mostBytes / 1024 ** 2) });
    if (offset === 0) this.#makeWay();
    write(part, offset, piece);
    return end < sizeBytes ? { outcome: 'more', receivedBytes: end } : this.#complete(attachment, part);
  }

  #complete({ sha256, sizeBytes, mediaType }: Attachment, part: string): PieceOutcome {
    const bytes = readFileSync(part);
    const found = contentType(bytes);
    const refuse = (key: string, figures: Record<string, string | number> = {}) => {
      rmSync(part, { force: true });
      return refused(key, figures);
    };
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) return refuse('diary_other_bytes');
    if (found !== mediaType) return refuse('diary_other_content', { type: mediaType, found: found ?? '?' });
    if (tellsPlace(bytes)) return refuse('diary_tells_place');
    renameSync(part, this.#path(sha256));
    syncFolder(this.#folder);
    this.#bytes += sizeBytes;
    return { outcome: 'complete', receivedBytes: sizeBytes };
  }

  #makeWay(): void {
    const parts = readdirSync(this.#parts).map((name) => join(this.#parts, name));
    if (parts.length < MOST_PARTS) return;
    const [oldest] = parts.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
    if (oldest !== undefined) rmSync(oldest, { force: true });
  }

  #path(sha256: string): string {
    return join(this.#folder, checked(sha256));
  }

  #part(sha256: string): string {
    return join(this.#parts, checked(sha256));
  }
}

function refused(key: string, figures: Record<string, string | number>): PieceOutcome {
  return { outcome: 'refused', key, figures };
}

/** It becomes a file's name. */
function checked(sha256: string): string {
  if (/^[0-9a-f]{64}$/.test(sha256)) return sha256;
  throw new TypeError('no SHA-256 in hexadecimal');
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function write(path: string, offset: number, piece: Uint8Array): void {
  const file = openSync(path, offset === 0 ? 'w' : 'r+', 0o600);
  try {
    for (let written = 0; written < piece.length; )
      written += writeSync(file, piece, written, piece.length - written, offset + written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
