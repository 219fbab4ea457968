import { randomBytes } from 'node:crypto';
import { fromHex, stampLeaf } from '@nongtin/contracts/encoding';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type BatchSeed, deriveStamps } from './derive.ts';
import { MAX_BATCH_NUMBER, MAX_STAMPS_PER_BATCH } from './serial.ts';

const cooperativeId = `0x${'c1'.repeat(32)}`;
const seedOf = (secret: Uint8Array, batchNumber = 7): BatchSeed => ({
  ...{ secret, cooperativeId, gtin14: '08936000000011', batchNumber },
});

/** The leaf as the encoding defines it, from the one serial and the one salt. */
function leafByItself(seed: BatchSeed, index: number): Uint8Array {
  const stamps = deriveStamps(seed);
  const stamp = { batchNumber: BigInt(seed.batchNumber), index, serial: stamps.serialAt(index) };
  return stampLeaf(stamp, fromHex(seed.cooperativeId, 32), stamps.saltAt(index));
}

const seeds = fc.record({
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  cooperativeId: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((id) => `0x${Buffer.from(id).toString('hex')}`),
  gtin14: fc.bigInt({ min: 0n, max: 10n ** 14n - 1n }).map((number) => String(number).padStart(14, '0')),
  batchNumber: fc.oneof(fc.nat(40), fc.integer({ min: 0, max: MAX_BATCH_NUMBER })),
});
const firsts = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: MAX_STAMPS_PER_BATCH - 3 }));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('leaves in bulk', () => {
  it('are the leaves that serial, salt and encoding make one by one', () => {
    fc.assert(
      fc.property(seeds, firsts, (seed, first) => {
        const bulk = deriveStamps(seed).withLeaves((leavesOf) => leavesOf(first, 3).slice());
        for (let i = 0; i < 3; i += 1) {
          expect(bulk.subarray(i * 32, (i + 1) * 32)).toEqual(leafByItself(seed, first + i));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are the same whatever batch was derived before', () => {
    const [one, other] = [seedOf(new Uint8Array(32).fill(1)), seedOf(new Uint8Array(32).fill(2), 8)];
    const first = (seed: BatchSeed) => deriveStamps(seed).withLeaves((leavesOf) => leavesOf(0, 2).slice());
    const before = first(one);
    expect(first(other)).not.toEqual(before);
    expect(first(one)).toEqual(before);
  });

  it('leave nothing of the secrets behind, also after a failure', async () => {
    const memories: WebAssembly.Memory[] = [];
    class WatchedInstance extends WebAssembly.Instance {
      constructor(module: WebAssembly.Module) {
        super(module);
        memories.push(this.exports.memory as WebAssembly.Memory);
      }
    }
    vi.stubGlobal('WebAssembly', { Module: WebAssembly.Module, Instance: WatchedInstance });
    vi.resetModules();
    const fresh = await import('./derive.ts');
    const stamps = fresh.deriveStamps(seedOf(new Uint8Array(randomBytes(32))));
    const { macKey, saltKey } = stamps.leafSeed;
    const holds = (secret: Uint8Array) =>
      memories.some(({ buffer }) => Buffer.from(buffer).includes(Buffer.from(secret)));
    /** All below the leaves, which are no secret. */
    const working = () => memories.map(({ buffer }) => Buffer.from(buffer.slice(0, 65_536)));
    stamps.withLeaves(() => {});
    const empty = working();
    expect(() =>
      stamps.withLeaves((leavesOf) => {
        leavesOf(4, 9);
        for (const secret of [macKey, saltKey, stamps.saltAt(12)]) expect(holds(secret)).toBe(true);
        throw new Error('in the middle');
      }),
    ).toThrow('in the middle');
    for (const secret of [macKey, saltKey, stamps.saltAt(12)]) expect(holds(secret)).toBe(false);
    expect(working(), 'every byte is as it was before').toEqual(empty);
  });

  it('are of one batch at a time, and no more at once than there is room for', () => {
    const stamps = deriveStamps(seedOf(new Uint8Array(32)));
    expect(() => stamps.withLeaves(() => stamps.withLeaves(() => 1))).toThrow('in one another');
    expect(() => stamps.withLeaves((leavesOf) => leavesOf(0, 20_000))).toThrow('room for 16384');
    expect(stamps.withLeaves((leavesOf) => leavesOf(0, 1).length)).toBe(32);
  });

  it('need a GTIN of 14 digits and a batch number of 30 bits', () => {
    expect(() => deriveStamps({ ...seedOf(new Uint8Array(32)), gtin14: '8936000000011' })).toThrow(
      '14 digits',
    );
    expect(() => deriveStamps(seedOf(new Uint8Array(32), 2 ** 30))).toThrow(RangeError);
    expect(() => deriveStamps(seedOf(new Uint8Array(31)))).toThrow('32 bytes');
  });
});
