import { describe, expect, it } from 'vitest';
import { deriveStamps } from './derive.ts';
import { buildUpper } from './level-tree.ts';
import { createTreeBuilder, TreeNotBuilt } from './tree-builder.ts';

const seed = {
  secret: new Uint8Array(32).fill(5),
  cooperativeId: `0x${'c1'.repeat(32)}`,
  gtin14: '08936000000011',
  batchNumber: 11,
};
const LARGE = 50_001;
const program = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

describe('building the tree of a large batch beside the event loop', () => {
  it('gives what is built at once, and leaves the secret as it was', async () => {
    const build = createTreeBuilder();
    const [large, second] = await Promise.all([
      build(seed, LARGE),
      build({ ...seed, batchNumber: 12 }, LARGE),
    ]);
    expect(large).toEqual(buildUpper(LARGE, deriveStamps(seed)));
    expect(second).not.toEqual(large);
    // Memory that threads share would not go into a database's row.
    expect(large.buffer).toBeInstanceOf(ArrayBuffer);
    expect(seed.secret).toEqual(new Uint8Array(32).fill(5));
  });

  it('lets others have their turn between small ones that are ordered at once', async () => {
    const build = createTreeBuilder();
    let turns = 0;
    let isDone = false;
    const others = () => {
      turns += 1;
      if (!isDone) setImmediate(others);
    };
    setImmediate(others);
    const small = Array.from({ length: 5 }, (_, i) => build({ ...seed, batchNumber: i }, 2_000));
    expect((await Promise.all(small))[3]).toEqual(
      buildUpper(2_000, deriveStamps({ ...seed, batchNumber: 3 })),
    );
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  it('fails in words when a worker fails or ends, and builds the next one', async () => {
    const fails = createTreeBuilder({ worker: program('throw new Error("no memory")') });
    await expect(fails(seed, LARGE)).rejects.toThrow(
      /^A worker failed \(no memory\) before the stamps' tree was built; no batch was issued: order it again\.$/,
    );
    const dies = createTreeBuilder({ worker: program('process.exit(7)') });
    const [first, second] = [dies(seed, LARGE), dies(seed, LARGE)];
    await expect(first).rejects.toThrow('A worker ended with code 7');
    await expect(second).rejects.toThrow(TreeNotBuilt);
    expect(await dies(seed, 100), 'small ones need no worker').toHaveLength(32);
  });

  it('is given up when the service stops in the middle, also what waits behind it', async () => {
    const service = new AbortController();
    const channel = new BroadcastChannel('tree-builder.test');
    const started = new Promise((resolve) => {
      channel.onmessage = resolve;
    });
    const never =
      'new BroadcastChannel("tree-builder.test").postMessage("started"); setInterval(() => {}, 1e9)';
    const build = createTreeBuilder({ signal: service.signal, worker: program(never) });
    const outcomes = Promise.allSettled([build(seed, LARGE), build(seed, LARGE)]);
    await started;
    service.abort();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(TreeNotBuilt) });
      expect(String((outcome as PromiseRejectedResult).reason)).toContain('The service stopped before');
    }
    channel.close();
  });
});
