/**
 * Copies of a WebAssembly memory, so that its world can be put back.
 *
 * Emscripten lays it out as: static data, a large stack that grows down, the heap that grows up. Static data and the used
 * part of the heap are the world; what lies in the stack while nothing runs, and beyond the heap's end, is read by nobody.
 */
const PAGE_BYTES = 64 * 1024;
/** What one script changes lies scattered. */
const PIECE_BYTES = 4 * 1024;
const ZEROES = new Uint8Array(PAGE_BYTES);
/** Statics that were still zero when the layout was taken stand right behind those that were not. */
const SPARE_PAGES = 2;

/** The world before any script: complete, for every other is kept as what differs from it. */
export interface World {
  readonly statics: Uint8Array;
  readonly heap: Uint8Array;
  readonly heapStart: number;
}

/** A later world: the pieces in which it differs from the first one. */
export interface Image {
  /** First byte of each piece. */
  readonly places: readonly number[];
  readonly pieces: Uint8Array;
  /** First byte behind its heap. */
  readonly end: number;
}

/** The stack is the longest run of untouched pages between two touched ones. */
export function worldOf(memory: WebAssembly.Memory): World {
  const touched = touchedPages(memory);
  let best = { from: 0, to: 0 };
  for (const [index, page] of touched.entries()) {
    const next = touched[index + 1] ?? page;
    if (next - page > best.to - best.from) best = { from: page, to: next };
  }
  const heapStart = best.to * PAGE_BYTES;
  const bytes = new Uint8Array(memory.buffer);
  return {
    heapStart,
    statics: bytes.slice(0, (best.from + 1 + SPARE_PAGES) * PAGE_BYTES),
    heap: bytes.slice(heapStart, ((touched.at(-1) ?? 0) + 1) * PAGE_BYTES),
  };
}

/** The first world again, with nothing behind its heap: what a call leaves there is no part of the next script's image. */
export function begin(memory: WebAssembly.Memory, world: World): void {
  restore(memory, world, { places: [], pieces: new Uint8Array(0), end: endOf(memory) });
}

/** What differs from the first world, from which this one must have come. */
export function imageOf(memory: WebAssembly.Memory, { statics, heap, heapStart }: World): Image {
  const bytes = new Uint8Array(memory.buffer);
  const heapEnd = heapStart + heap.length;
  const end = endOf(memory);
  const places: number[] = [];
  for (let at = 0; at < end; at += PIECE_BYTES) {
    if (at >= statics.length && at < heapStart) continue;
    const [before, from] =
      at < heapStart ? [statics, at] : at < heapEnd ? [heap, at - heapStart] : [ZEROES, 0];
    const isSame =
      Buffer.compare(bytes.subarray(at, at + PIECE_BYTES), before.subarray(from, from + PIECE_BYTES)) === 0;
    if (!isSame) places.push(at);
  }
  const pieces = new Uint8Array(places.length * PIECE_BYTES);
  for (const [index, at] of places.entries()) {
    pieces.set(bytes.subarray(at, at + PIECE_BYTES), index * PIECE_BYTES);
  }
  return { places, pieces, end };
}

export function restore(memory: WebAssembly.Memory, world: World, { places, pieces, end }: Image): void {
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(world.statics);
  bytes.set(world.heap, world.heapStart);
  bytes.fill(0, world.heapStart + world.heap.length, end);
  for (const [index, at] of places.entries()) {
    bytes.set(pieces.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES), at);
  }
}

/** Behind what was ever written: to write zeroes there would cost memory, too. */
function endOf(memory: WebAssembly.Memory): number {
  return ((touchedPages(memory).at(-1) ?? 0) + 1) * PAGE_BYTES;
}

function touchedPages(memory: WebAssembly.Memory): number[] {
  const bytes = new Uint8Array(memory.buffer);
  const touched: number[] = [];
  for (let page = 0; page * PAGE_BYTES < bytes.length; page++) {
    if (Buffer.compare(bytes.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES), ZEROES) !== 0)
      touched.push(page);
  }
  return touched;
}
