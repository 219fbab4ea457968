import { encodedLeaf, type LeavesOf, stampWord } from '@nongtin/contracts/encoding';
import { STAMPS_WASM } from '@nongtin/contracts/stamps-wasm';

/** What fixes the leaves of a batch. */
export interface LeafSeed {
  readonly macKey: Uint8Array;
  readonly saltKey: Uint8Array;
  /** 32 bytes. */
  readonly cooperativeId: Uint8Array;
  readonly gtin14: string;
  readonly batchNumber: number;
  /** Of any of its stamps: its first six characters stand for the batch. */
  readonly serial: string;
}

/**
 * Derives leaves in bulk (contracts/assembly), seven hundred thousand a second: the same as stampLeaf of serialOf and
 * stampSalt, bit for bit. Its memory holds a batch's keys as long as `work` lasts, and is wiped then, whatever happens.
 */
export function withLeavesOf<T>(seed: LeafSeed, work: (leavesOf: LeavesOf) => T): T {
  deriver ??= openDeriver();
  return deriver.work(seed, work);
}

/** One a thread: its memory is used by one batch at a time. */
let deriver: ReturnType<typeof openDeriver> | undefined;

interface StampsModule {
  readonly memory: WebAssembly.Memory;
  readonly macKey: WebAssembly.Global<'i32'>;
  readonly saltKey: WebAssembly.Global<'i32'>;
  readonly preimage: WebAssembly.Global<'i32'>;
  readonly gtin14: WebAssembly.Global<'i32'>;
  readonly batchNumber: WebAssembly.Global<'i32'>;
  readonly leaves: WebAssembly.Global<'i32'>;
  readonly prepare: () => void;
  readonly deriveLeaves: (first: number, count: number) => void;
  readonly wipe: () => void;
}

const HASH = 32;

function openDeriver() {
  const module = new WebAssembly.Module(Buffer.from(STAMPS_WASM, 'base64'));
  const wasm = new WebAssembly.Instance(module).exports as unknown as StampsModule;
  const memory = new Uint8Array(wasm.memory.buffer);
  const room = (memory.length - wasm.leaves.value) / HASH;
  const leavesOf: LeavesOf = (from, count) => {
    if (count > room) throw new RangeError(`${count} leaves at once, where there is room for ${room}`);
    wasm.deriveLeaves(from, count);
    return memory.subarray(wasm.leaves.value, wasm.leaves.value + count * HASH);
  };
  let isAtWork = false;
  return {
    work<T>(seed: LeafSeed, work: (leavesOf: LeavesOf) => T): T {
      if (isAtWork) throw new Error('leaves of two batches cannot be derived in one another');
      isAtWork = true;
      try {
        load(wasm, memory, seed);
        return work(leavesOf);
      } finally {
        wasm.wipe();
        isAtWork = false;
      }
    },
  };
}

function load(wasm: StampsModule, memory: Uint8Array, seed: LeafSeed): void {
  const { cooperativeId, batchNumber, serial } = seed;
  const digest = stampWord({ batchNumber: BigInt(batchNumber), index: 0, serial });
  const preimage = encodedLeaf({ cooperativeId, kind: 'stamp', salt: new Uint8Array(HASH), digest });
  memory.set(seed.macKey, wasm.macKey.value);
  memory.set(seed.saltKey, wasm.saltKey.value);
  memory.set(Buffer.from(seed.gtin14, 'ascii'), wasm.gtin14.value);
  new DataView(memory.buffer).setUint32(wasm.batchNumber.value, batchNumber);
  memory.set(preimage, wasm.preimage.value);
  wasm.prepare();
}
