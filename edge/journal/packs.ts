import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** What is kept of an entry of readings when its payload stands elsewhere, or is given up. */
export interface Head {
  readonly number: number;
  readonly hash: Uint8Array;
  readonly signature: Uint8Array;
  readonly bootId: Uint8Array;
  readonly monotonicMs: number;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly firstReading: number;
  /** Length of its payload in UTF-8. */
  readonly bytes: number;
}

/** Below this a payload is hardly smaller when it is compressed alone. */
const WORTH_COMPRESSING = 512;
/** Of the buffer that each call makes for its result: 128 KiB else, fifty times a second. */
const CHUNK_BYTES = 16 * 1024;
const FAST = { chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const SMALL = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };
/** Nothing of ours is larger uncompressed; a damaged frame may say anything. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A payload as it is stored with its entry: text, or compressed when that helps. */
export function storedPayload(bytes: Uint8Array): string | Uint8Array {
  const compressed = bytes.length < WORTH_COMPRESSING ? undefined : zstdCompressSync(bytes, FAST);
  if (compressed !== undefined && compressed.length < bytes.length * 0.9) return compressed;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

export function payloadBytes(stored: unknown): Buffer {
  if (stored instanceof Uint8Array) return inflate(stored);
  return Buffer.from(typeof stored === 'string' ? stored : '', 'utf8');
}

/** Payloads of a pack, one after the other: each head knows how long its own is. */
export function packPayloads(payloads: readonly Uint8Array[]): Buffer {
  return zstdCompressSync(Buffer.concat(payloads), SMALL);
}

export function unpackPayloads(data: Uint8Array, heads: readonly Head[]): string[] {
  const bytes = inflate(data);
  let at = 0;
  return heads.map((head) => {
    const from = at;
    at += head.bytes;
    return bytes.toString('utf8', from, at);
  });
}

function inflate(data: Uint8Array): Buffer {
  return zstdDecompressSync(data, { chunkSize: CHUNK_BYTES, maxOutputLength: MOST_BYTES });
}

const HASH_BYTES = 32;
const SIGNATURE_BYTES = 64;
const PROOF_BYTES = HASH_BYTES + SIGNATURE_BYTES;

interface Figures {
  readonly boots: readonly string[];
  /** Of each head: boot, monotonicMs, count, firstAtMs, lastAtMs, firstReading, bytes. */
  readonly rows: readonly (readonly number[])[];
}

/**
 * Heads as bytes: the length of the figures (4 bytes, big-endian), the figures as JSON compressed with zstd, then hash
 * and signature of each, which nothing compresses.
 */
export function encodeHeads(heads: readonly Head[]): Buffer {
  const boots = [...new Set(heads.map(({ bootId }) => hexOf(bootId)))];
  const rows = heads.map((head) => [
    boots.indexOf(hexOf(head.bootId)),
    head.monotonicMs,
    head.count,
    head.firstAtMs,
    head.lastAtMs,
    head.firstReading,
    head.bytes,
  ]);
  const figures = zstdCompressSync(JSON.stringify({ boots, rows } satisfies Figures), SMALL);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(figures.length);
  return Buffer.concat([length, figures, ...heads.flatMap(({ hash, signature }) => [hash, signature])]);
}

/** Throws on anything but what encodeHeads makes. */
export function decodeHeads(data: Uint8Array, lastNumber: number): Head[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
  const proofsAt = 4 + bytes.readUInt32BE(0);
  const { boots, rows } = JSON.parse(inflate(bytes.subarray(4, proofsAt)).toString('utf8')) as Figures;
  if (bytes.length !== proofsAt + rows.length * PROOF_BYTES) throw new RangeError('a pack of another length');
  const bootIds = boots.map((boot) => Buffer.from(boot, 'hex'));
  return rows.map((row, index) => {
    const [boot = 0, monotonicMs = 0, count = 0, firstAtMs = 0, lastAtMs = 0, firstReading = 0, length = 0] =
      row;
    const at = proofsAt + index * PROOF_BYTES;
    return {
      number: lastNumber - rows.length + 1 + index,
      hash: bytes.subarray(at, at + HASH_BYTES),
      signature: bytes.subarray(at + HASH_BYTES, at + PROOF_BYTES),
      bootId: bootIds[boot] ?? Buffer.alloc(16),
      ...{ monotonicMs, count, firstAtMs, lastAtMs, firstReading, bytes: length },
    };
  });
}

export const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
