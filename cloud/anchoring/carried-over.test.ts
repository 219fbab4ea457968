import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { createAnchorStore } from './anchor-store.ts';
import { type Anchorer, type AnchorerOptions, createAnchorer } from './anchorer.ts';
import { KeptProofs, queueLeaves } from './fault-check.suite.ts';
import { emptyAnchors, openTestRecords, silent } from './fixture.suite.ts';
import { oldTreesStanding } from './index.ts';
import { MemoryChain } from './memory-chain.ts';
import { listAnchors, standingOf } from './standing.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
let nowMs: number;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());
beforeEach(async () => {
  await emptyAnchors(db);
  nowMs = 1_000;
});

function anchorerFor(chain: MemoryChain, more: Partial<AnchorerOptions> = {}): Anchorer {
  const clock = { nowMs: () => nowMs };
  return createAnchorer({
    ...{ store: createAnchorStore(db), chain, clock, logger: silent, tickSeconds: 5 },
    ...more,
  });
}

const first = `0x${'a1'.repeat(20)}`;
const second = `0x${'b2'.repeat(20)}`;
const stateOf = async (name: string) => (await standingOf(db, 'lot', name))?.state;
const statesOf = (...names: string[]) => Promise.all(names.map(stateOf));
const ticks = async (anchorer: Anchorer, count: number) => {
  for (let i = 0; i < count; i += 1) await anchorer.tick();
};

/** One tree after the other, each of one leaf, all final on the first contract. */
async function settled(chain: MemoryChain, ...names: string[]): Promise<Anchorer> {
  const anchorer = anchorerFor(chain);
  for (const name of names) {
    await queueLeaves(db, [name]);
    await ticks(anchorer, 2);
  }
  chain.mine(3);
  await anchorer.tick();
  expect(new Set(await statesOf(...names))).toEqual(new Set(['final']));
  return anchorer;
}

describe('trees of another deployment', () => {
  it('are anchored again as they are: path and root stay, one transaction for each, the newest first', async () => {
    const chain = new MemoryChain();
    const kept = new KeptProofs(db);
    await queueLeaves(db, ['a', 'b', 'c']);
    const anchorer = await settled(chain, 'd');
    await kept.expectUnchanged(['a', 'b', 'c', 'd']);
    const [newer, older] = (await listAnchors(db, 10)).map(({ root }) => root);
    chain.registry = second;
    for (let look = 0; look < 4; look += 1) {
      await anchorer.tick();
      await kept.expectUnchanged(['a', 'b', 'c', 'd']);
    }
    chain.mine(3);
    await anchorer.tick();
    expect(await statesOf('a', 'b', 'c', 'd')).toEqual(['final', 'final', 'final', 'final']);
    expect((await standingOf(db, 'lot', 'a'))?.anchor?.registry).toBe(second);
    expect(chain.roots).toEqual([newer, older].filter((root) => root !== undefined));
    const rows = (await listAnchors(db, 10)).map(({ state, registry, treeId }) => [state, registry, treeId]);
    const [treeId] = rows[0]?.slice(2) ?? [];
    expect(rows.filter((row) => row[2] === treeId).map(([state]) => state)).toEqual(['final', 'forgotten']);
  });

  it('are found where they stand already when the cloud comes back, and nothing is sent twice', async () => {
    const chain = new MemoryChain();
    const anchorer = await settled(chain, 'a', 'b');
    chain.automine = false;
    await queueLeaves(db, ['c']);
    await anchorer.tick();
    // Sent here, and not mined yet.
    expect(await stateOf('c')).toBe('submitted');
    chain.registry = second;
    await anchorer.tick();
    expect(await statesOf('a', 'b', 'c')).toEqual(['waiting', 'waiting', 'submitted']);
    chain.registry = first;
    await anchorer.tick();
    chain.mine(3);
    await ticks(anchorer, 2);
    expect(await statesOf('a', 'b', 'c')).toEqual(['final', 'final', 'final']);
    expect(chain.roots).toHaveLength(3);
    const ofC = (await standingOf(db, 'lot', 'c'))?.anchor?.root;
    // Once for each of two contracts.
    expect(chain.sent.filter((root) => root === ofC)).toHaveLength(2);
    expect((await listAnchors(db, 10)).filter(({ registry }) => registry === first)).toHaveLength(3);
  });

  it('let a new tree go first when it is time for one, and come one after the other when none is', async () => {
    const chain = new MemoryChain();
    await settled(chain, 'a', 'b');
    chain.registry = second;
    chain.automine = false;
    nowMs += 60_000;
    const anchorer = anchorerFor(chain, { trees: { everySeconds: 60, atLeaves: 99 } });
    await queueLeaves(db, ['new']);
    await ticks(anchorer, 2);
    expect(await statesOf('a', 'b', 'new')).toEqual(['waiting', 'waiting', 'submitted']);
    await queueLeaves(db, ['newer']);
    chain.mine();
    await ticks(anchorer, 2);
    expect(await statesOf('a', 'b', 'new', 'newer')).toEqual(['waiting', 'submitted', 'mined', 'waiting']);
    nowMs += 60_000;
    chain.mine();
    await ticks(anchorer, 2);
    expect(await statesOf('a', 'b', 'new', 'newer')).toEqual(['waiting', 'mined', 'mined', 'submitted']);
  });

  it('are not held up by a transaction that nobody follows any more, sent to the contracts that were left', async () => {
    const chain = new MemoryChain();
    chain.automine = false;
    const anchorer = anchorerFor(chain);
    await queueLeaves(db, ['a']);
    await anchorer.tick();
    chain.registry = second;
    // Too cheap by now, it keeps its nonce, and the one behind it waits.
    chain.price = { baseFeeWei: 50n, tipWei: 1n };
    await anchorer.tick();
    for (let look = 0; look < 3; look += 1) {
      nowMs += 61_000;
      chain.mine();
      await anchorer.tick();
    }
    chain.mine(3);
    await ticks(anchorer, 2);
    expect(await stateOf('a')).toBe('final');
    expect(chain.roots).toHaveLength(1);
    // What was left came to stand nowhere.
    chain.registry = first;
    expect(chain.roots).toEqual([]);
  });
});

/** Rows of trees that stood on the first contract, without their leaves. */
const rowsOf = (count: number, state: 'final' | 'forgotten') =>
  Array.from({ length: count }, (_, index) => ({
    ...{ state, root: `0x${index.toString(16).padStart(64, '0')}`, tree_size: 1, chain_id: 1 },
    ...{ registry: first, created_at_ms: 1, block_number: index, block_time_ms: index },
  }));

describe('very many trees', () => {
  it('are carried over in portions, and none is sent before all are', async () => {
    await db.insertInto('anchors').values(rowsOf(300, 'final')).execute();
    const chain = new MemoryChain();
    chain.registry = second;
    chain.automine = false;
    const anchorer = anchorerFor(chain);
    const waiting = async () => (await createAnchorStore(db).toRepeat(1_000)).length;
    await anchorer.tick();
    expect([await waiting(), chain.sent.length]).toEqual([200, 0]);
    expect(await oldTreesStanding(db, { chainId: 1, registry: second })).toMatchObject({ pending: 300 });
    await anchorer.tick();
    expect([await waiting(), chain.sent.length]).toEqual([299, 1]);
    expect(anchorer.status().state).toBe('ok');
  });
});

describe('holding off', () => {
  it('signs and sends nothing, old or new, but goes on looking; and says why', async () => {
    const chain = new MemoryChain();
    await settled(chain, 'a');
    const sent = chain.sent.length;
    chain.registry = second;
    let why: string | undefined = 'Two keys are not on the new chain yet.';
    const asked: string[] = [];
    const mayAnchor: AnchorerOptions['mayAnchor'] = async ({ registry }) => {
      asked.push(registry);
      return why;
    };
    const anchorer = anchorerFor(chain, { mayAnchor });
    await queueLeaves(db, ['b']);
    await ticks(anchorer, 2);
    expect(anchorer.status()).toMatchObject({ state: 'held', message: why });
    expect(await statesOf('a', 'b')).toEqual(['waiting', 'waiting']);
    // Once a look, also when two things wait for it.
    expect(asked).toEqual([second, second]);
    expect(chain.sent).toHaveLength(sent);
    chain.registry = first;
    await anchorer.tick();
    expect(await stateOf('a')).toBe('final');
    chain.registry = second;
    why = undefined;
    await ticks(anchorer, 3);
    chain.mine(3);
    await ticks(anchorer, 2);
    expect(await statesOf('a', 'b')).toEqual(['final', 'final']);
    expect(anchorer.status()).toMatchObject({ state: 'ok', message: '' });
  });

  it('does not send again what a chain that was set back has forgotten, and does not show it as standing', async () => {
    const chain = new MemoryChain();
    await settled(chain, 'a');
    const sent = chain.sent.length;
    chain.rollBack(4);
    const anchorer = anchorerFor(chain, { mayAnchor: async () => 'The keys are gone as well.' });
    await ticks(anchorer, 5);
    expect(chain.sent).toHaveLength(sent);
    expect(await stateOf('a')).toBe('submitted');
    await ticks(anchorerFor(chain), 2);
    expect(await stateOf('a')).toBe('mined');
  });
});

describe('old trees on a new deployment', () => {
  const here = { chainId: 1, registry: second };

  it('are counted until they are final here, those that stood elsewhere alone', async () => {
    // One whose leaves an earlier release has put into other trees.
    await db.insertInto('anchors').values(rowsOf(1, 'forgotten')).execute();
    expect(await oldTreesStanding(db, here)).toEqual({ pending: 0, lastBlockTimeMs: undefined });
    const chain = new MemoryChain();
    const anchorer = await settled(chain, 'a', 'b');
    chain.automine = false;
    await queueLeaves(db, ['never mined']);
    await anchorer.tick();
    // Before the cloud has looked there, and after.
    expect(await oldTreesStanding(db, here)).toEqual({ pending: 2, lastBlockTimeMs: undefined });
    chain.dropPool();
    chain.registry = second;
    for (let look = 0; look < 3; look += 1) {
      expect(await oldTreesStanding(db, here)).toEqual({ pending: 2, lastBlockTimeMs: undefined });
      await anchorer.tick();
      chain.mine();
    }
    chain.mine(2);
    await anchorer.tick();
    await queueLeaves(db, ['of this deployment alone']);
    await ticks(anchorer, 1);
    chain.mine(3);
    await anchorer.tick();
    const { pending, lastBlockTimeMs } = await oldTreesStanding(db, here);
    const times = await Promise.all(
      ['a', 'b'].map(async (name) => (await standingOf(db, 'lot', name))?.anchor?.blockTimeMs ?? 0),
    );
    expect([pending, lastBlockTimeMs]).toEqual([0, Math.max(...times)]);
    // Nothing stood on a third one before the two.
    expect((await oldTreesStanding(db, { chainId: 7, registry: first })).pending).toBe(4);
  });
});
