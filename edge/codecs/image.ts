/**
 * Copies of a WebAssembly memory, so that its world can be put back.
 *
 * Emscripten lays it out as: static data, a large stack that grows down, the heap that grows up. Static data and the used
 * part of the heap are the world; what lies in the stack while nothing runs, and beyond the heap's end, is read by nobody.
 */
const PAGE_BYTES = 64 * 1024;
const ZEROES = new Uint8Array(PAGE_BYTES);
/** Statics that were still zero when the layout was taken stand right behind those that were not. */
const SPARE_PAGES = 2;

export interface Layout {
  /** First byte behind the static data. */
  readonly staticEnd: number;
  readonly heapStart: number;
}

export interface Image extends Layout {
  readonly statics: Uint8Array;
  readonly heap: Uint8Array;
}

/** The stack is the longest run of untouched pages between two touched ones. */
export function layoutOf(memory: WebAssembly.Memory): Layout {
  const touched = touchedPages(memory);
  let best = { from: 0, to: 0 };
  for (const [index, page] of touched.entries()) {
    const next = touched[index + 1] ?? page;
    if (next - page > best.to - best.from) best = { from: page, to: next };
  }
  return { staticEnd: (best.from + 1 + SPARE_PAGES) * PAGE_BYTES, heapStart: best.to * PAGE_BYTES };
}

export function imageOf(memory: WebAssembly.Memory, { staticEnd, heapStart }: Layout): Image {
  const end = ((touchedPages(memory).at(-1) ?? 0) + 1) * PAGE_BYTES;
  return {
    ...{ staticEnd, heapStart },
    statics: new Uint8Array(memory.buffer).slice(0, staticEnd),
    heap: new Uint8Array(memory.buffer).slice(heapStart, end),
  };
}

export function restore(memory: WebAssembly.Memory, { statics, heap, heapStart }: Image): void {
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(statics);
  bytes.set(heap, heapStart);
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
