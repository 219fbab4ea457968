import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { giveBack } from './bytes.ts';

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
const FAST = { [constants.ZSTD_c_compressionLevel]: 1 };
const SMALL = { [constants.ZSTD_c_compressionLevel]: 3 };
/** How much larger lines become, at the most as a rule. */
const MOST_UNPACKED = 20;
const SMALLEST_CHUNK_BYTES = 4_096;
/** Nothing of ours is larger uncompressed; a damaged frame may say anything. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A payload as it is stored with its entry: text, or compressed when that helps. */
export function storedPayload(bytes: Uint8Array): string | Uint8Array {
  const small = bytes.length < WORTH_COMPRESSING ? undefined : compressed(bytes, FAST);
  if (small !== undefined && small.length < bytes.length * 0.9) return small;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

export function payloadBytes(stored: unknown): Buffer {
  if (stored instanceof Uint8Array) return inflate(stored);
  return Buffer.from(typeof stored === 'string' ? stored : '', 'utf8');
}

/** Payloads of a pack, one after the other: each head knows how long its own is. */
export function packPayloads(payloads: readonly Uint8Array[]): Buffer {
  const all = Buffer.concat(payloads);
  const packed = compressed(all, SMALL);
  giveBack(all);
  return packed;
}

/** What packPayloads has packed, each cut out when it is asked for: a whole pack as text is a megabyte. */
export class PackedPayloads {
  readonly #bytes: Buffer;
  readonly #ends: readonly number[];

  constructor(data: Uint8Array, heads: readonly Head[]) {
    this.#bytes = inflate(data);
    let end = 0;
    this.#ends = heads.map(({ bytes }) => {
      end += bytes;
      return end;
    });
  }

  /** Valid until close(). */
  at(index: number): Buffer {
    return this.#bytes.subarray(this.#ends[index - 1] ?? 0, this.#ends[index]);
  }

  close(): void {
    giveBack(this.#bytes);
  }
}

/** In one buffer each, which can be given back; zlib would leave one behind for each 128 KiB that it fills. */
function compressed(bytes: Uint8Array, params: Record<number, number>): Buffer {
  const { length } = bytes;
  // Told how much comes, zstd takes tables for that much, and not for a window of half a megabyte.
  return zstdCompressSync(bytes, {
    ...{ chunkSize: Math.max(SMALLEST_CHUNK_BYTES, length), pledgedSrcSize: length, params },
  });
}

function inflate(data: Uint8Array): Buffer {
  const chunkSize = Math.min(MOST_BYTES, Math.max(SMALLEST_CHUNK_BYTES, MOST_UNPACKED * data.length));
  return zstdDecompressSync(data, { chunkSize, maxOutputLength: MOST_BYTES });
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
