import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { StoredEntry } from '../entry-store.ts';

/**
 * How the archive keeps entries: a batch is one zstd frame of JSON lines, an object is some batches' frames one after
 * the other. `zstd -d` makes plain lines of a whole object: each names its gateway and holds the signed entry, so the
 * archive can be read, and its index be made again, without us.
 */
export function frameOf(gateway: string, entries: readonly StoredEntry[], receivedAtMs: number): Uint8Array {
  const lines = entries.map((entry) => `${JSON.stringify({ gateway, receivedAtMs, ...entry })}\n`);
  return zstdCompressSync(lines.join(''));
}

/** A message of a gateway is a few hundred KiB; one entry alone may be larger. A frame of more is none of ours. */
const MOST_BYTES = 64 * 1024 * 1024;

export function entriesIn(frame: Uint8Array): StoredEntry[] {
  const text = zstdDecompressSync(frame, { maxOutputLength: MOST_BYTES }).toString();
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { gateway: _, receivedAtMs: __, ...entry } = JSON.parse(line);
      return entry as StoredEntry;
    });
}

/** By day, and by content: the same object always has the same name. */
export function objectName(object: Uint8Array, receivedAtMs: number): string {
  const day = new Date(receivedAtMs).toISOString().slice(0, 10).replaceAll('-', '/');
  const hash = createHash('sha256').update(object).digest('hex').slice(0, 40);
  return `${day}/${hash}.jsonl.zst`;
}

const LINK_BYTES = 40;

/** Numbers and hashes of a batch, 8 and 32 bytes an entry: a resend is recognised without opening its object. */
export function chainOf(entries: readonly StoredEntry[]): Buffer {
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
