import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress } from 'node:zlib';
import type { StoredEntry } from '../entry-store.ts';

/**
 * How the archive keeps entries: a batch is one zstd frame of JSON lines, an object is some batches' frames one after
 * the other. `zstd -d` makes plain lines of a whole object: each names its gateway and holds the signed entry, so the
 * archive can be read, and its index be made again, without us.
 */
export function frameOf(gateway: string, entries: readonly StoredEntry[], receivedAtMs: number): Uint8Array {
  const lines = entries.map((entry) => `${JSON.stringify({ gateway, receivedAtMs, ...entry })}\n`);
  return zstdCompressSync(lines.join(''), OPTIONS);
}

/** The same lines as one frame, made beside the event loop. */
export async function frameOfLines(lines: readonly Uint8Array[]): Promise<Uint8Array> {
  return compress(Buffer.concat(lines), OPTIONS);
}

const [compress, decompress] = [promisify(zstdCompress), promisify(zstdDecompress)];

/** A checksum, because hashes of the chain cover neither signatures nor when something came. */
const OPTIONS = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** A message of a gateway is a few MiB at most, packed ones little more. A frame of more is none of ours. */
const MOST_BYTES = 64 * 1024 * 1024;

export interface Line {
  readonly gateway: string;
  readonly entry: StoredEntry;
}

/** Rejects on what is no frame, cut short or changed. */
export function linesOf(frame: Uint8Array): Promise<Buffer> {
  return decompress(frame, { maxOutputLength: MOST_BYTES });
}

/** The lines of one frame after the other: the decompressor ends with the first, and tells how far it came. */
export async function* framesIn(object: Uint8Array): AsyncIterable<Buffer> {
  for (let at = 0; at < object.length; ) {
    const options = { maxOutputLength: MOST_BYTES, info: true };
    const told: unknown = await decompress(object.subarray(at), options);
    const { buffer, engine } = told as { buffer: Buffer; engine: { bytesWritten: number } };
    if (!(engine.bytesWritten > 0)) throw new Error('the decompressor does not tell how far it came');
    yield buffer;
    at += engine.bytesWritten;
  }
}

/** Lines that are read before others have their turn: a packed frame has thousands. */
const A_TURN = 500;

export async function parseLines(lines: Buffer): Promise<Line[]> {
  const texts = lines.toString().split('\n').slice(0, -1);
  const parsed: Line[] = [];
  for (const text of texts) {
    const { gateway, receivedAtMs: _, ...entry } = JSON.parse(text);
    parsed.push({ gateway, entry });
    if (parsed.length % A_TURN === 0) await turn();
  }
  return parsed;
}

export async function entriesIn(frame: Uint8Array): Promise<StoredEntry[]> {
  return (await parseLines(await linesOf(frame))).map(({ entry }) => entry);
}

/** By the day on which it is written, and by content: the same object always has the same name. */
export function objectName(object: Uint8Array, writtenAtMs: number): string {
  const hash = createHash('sha256').update(object).digest('hex').slice(0, 40);
  return `${dayOf(writtenAtMs)}/${hash}.jsonl.zst`;
}

/** As names begin, and in their order: `2026/11/22`, UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll('-', '/');
}

export function isObjectName(name: string): boolean {
  return /^\d{4}\/\d\d\/\d\d\/[0-9a-f]{40}\.jsonl\.zst$/.test(name);
}

const LINK_BYTES = 40;

/** Numbers and hashes of a batch, 8 and 32 bytes an entry: a resend is recognised without opening its object. */
export function chainOf(entries: readonly Pick<StoredEntry, 'number' | 'hash'>[]): Buffer {
  return Buffer.concat(
    entries.map(({ number, hash }) => {
      const link = Buffer.alloc(LINK_BYTES);
      link.writeBigUInt64BE(BigInt(number));
      link.write(hash, 8, 'hex');
      return link;
    }),
  );
}

export function hashesIn(chain: Uint8Array): [number, string][] {
  const bytes = Buffer.from(chain.buffer, chain.byteOffset, chain.byteLength);
  return Array.from({ length: bytes.length / LINK_BYTES }, (_, index) => {
    const at = index * LINK_BYTES;
    return [Number(bytes.readBigUInt64BE(at)), bytes.toString('hex', at + 8, at + LINK_BYTES)];
  });
}
