import type { Readable } from 'node:stream';
import type { PublishLane } from './lane.ts';
import type { Pace } from './pace.ts';

/** What the bytes so far amount to. */
export type FrameVerdict = 'fine' | 'packet_too_large' | 'protocol_error';

const CONNECT = 0x10;

/**
 * Watches an MQTT byte stream frame by frame without copying it, and says no as soon as a fixed header declares
 * more than allowed: aedes itself has no limit and would collect whatever is declared.
 * The first frame must be a CONNECT, so that other protocols are turned away at their first byte (MQTT 3.1.1, 3.1).
 */
export class FrameGuard {
  /** Largest remaining length accepted, in bytes. Raised once the client has proved who it is. */
  maxBytes: number;
  /** Packets that have begun. */
  packets = 0;
  #seenFirst = false;
  /** Bytes of the current frame's body that have yet to pass. */
  #bodyLeft = 0;
  /** Bytes of the current length field already read; -1 when a frame's first byte is next. */
  #lengthBytes = -1;
  #length = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  check(chunk: Uint8Array): FrameVerdict {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const passed = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= passed;
        at += passed;
        continue;
      }
      const verdict = this.#header(chunk[at] ?? 0);
      if (verdict !== 'fine') return verdict;
      at += 1;
    }
    return 'fine';
  }

  /** One byte of a fixed header: type and flags, then 1 to 4 length bytes of 7 bits, least significant first. */
  #header(byte: number): FrameVerdict {
    if (this.#lengthBytes < 0) {
      if (!this.#seenFirst && byte !== CONNECT) return 'protocol_error';
      this.#seenFirst = true;
      this.packets += 1;
      this.#lengthBytes = 0;
      this.#length = 0;
      return 'fine';
    }
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    if (this.#length > this.maxBytes) return 'packet_too_large';
    if (byte < 0x80) {
      this.#bodyLeft = this.#length;
      this.#lengthBytes = -1;
    } else if (this.#lengthBytes === 4) return 'protocol_error';
    return 'fine';
  }
}

/**
 * Puts a guard, a pace and a lane in front of a stream that is read by `read()`, as aedes does: what the lane takes never
 * comes through, other bytes pass uncopied, and after a refusal nothing more does. Who is too fast is told of, and read
 * on later.
 */
export function guardReads(
  stream: Readable,
  guard: FrameGuard,
  lane: PublishLane,
  pace: Pace,
  refuse: (verdict: Exclude<FrameVerdict, 'fine'> | 'too_fast') => void,
): void {
  const read = stream.read.bind(stream);
  let refused = false;
  let held: NodeJS.Timeout | undefined;
  const hold = (forMs: number) => {
    held = setTimeout(() => {
      held = undefined;
      stream.emit('readable');
    }, forMs);
    refuse('too_fast');
  };
  stream.once('close', () => clearTimeout(held));
  stream.read = (size?: number) => {
    while (!refused && !lane.isFull && held === undefined) {
      const chunk: unknown = read(size);
      if (!(chunk instanceof Uint8Array)) return null;
      const before = guard.packets;
      const verdict = guard.check(chunk);
      const waitMs = pace.spend(guard.packets - before);
      if (waitMs > 0) hold(waitMs);
      if (verdict === 'fine') {
        const rest = lane.sift(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
        if (rest.length > 0) return rest;
      } else {
        refused = true;
        refuse(verdict);
      }
    }
    return null;
  };
}
