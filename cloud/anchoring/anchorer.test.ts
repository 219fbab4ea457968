import { proofLength } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { createAnchorStore } from './anchor-store.ts';
import { createAnchorTrees } from './anchor-trees.ts';
import { createAnchorer } from './anchorer.ts';
import type { ChainPort } from './chain-port.ts';
import { dyingLife } from './crash.suite.ts';
import { emptyAnchors, fixture, openTestRecords, silent } from './fixture.suite.ts';
import { MemoryChain } from './memory-chain.ts';
import { enqueueLeaf } from './queue.ts';
import { tickDelayMs } from './rounds.ts';
import { countWaiting, listAnchors, standingOf } from './standing.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());
beforeEach(() => emptyAnchors(db));

function anchorerFor(chain: ChainPort) {
  const store = createAnchorStore(db);
  let now = 1_000;
  const clock = { nowMs: () => (now += 1) };
  return createAnchorer({ store, chain, clock, logger: silent, tickSeconds: 5 });
}

const queue = (...names: string[]) =>
  Promise.all(
    names.map((name, i) =>
      enqueueLeaf(db, {
        cooperativeId: fixture.cooperativeId,
        kind: 'lot',
        digest: String(i).padStart(64, '5'),
        refKind: 'lot',
        refId: name,
      }),
    ),
  );
/** Its calls alone, to be replaced one by one. */
const portOf = (chain: ChainPort): ChainPort => ({
  view: (number) => chain.view(number),
  find: (...args) => chain.find(...args),
  sign: (...args) => chain.sign(...args),
  send: (transaction) => chain.send(transaction),
});

async function versionsWritten(): Promise<number> {
  return (await db.selectFrom('chain_transactions').select('hash').execute()).length;
}

const stateOf = async (name: string) => (await standingOf(db, 'lot', name))?.state;

describe('the anchorer', () => {
  it('sends one root for everything that waits, and follows it until it is final', async () => {
    const chain = new MemoryChain();
    chain.automine = false;
    const anchorer = anchorerFor(chain);
    await queue('a', 'b', 'c');
    expect(await stateOf('a')).toBe('waiting');
    await anchorer.tick();
    expect(await stateOf('a')).toBe('submitted');
    chain.mine();
    await anchorer.tick();
    expect(await stateOf('b')).toBe('mined');
    chain.mine(2);
    await anchorer.tick();
    expect(await stateOf('c')).toBe('final');
    expect(chain.sent).toHaveLength(1);
    expect(anchorer.status().state).toBe('ok');
    expect(await listAnchors(db, 10)).toMatchObject([
      { state: 'final', treeSize: 3, gasUsed: '74000', costWei: '148000' },
    ]);
  });

  it('has nothing to send when nothing waits, and takes the same reference only once', async () => {
    const chain = new MemoryChain();
    const anchorer = anchorerFor(chain);
    await anchorer.tick();
    await queue('a');
    await queue('a');
    await anchorer.tick();
    await anchorer.tick();
    expect(chain.sent).toHaveLength(1);
    expect(await listAnchors(db, 10)).toMatchObject([{ treeSize: 1 }]);
  });

  it('proves each leaf by a path to the root', async () => {
    await queue('a', 'b', 'c', 'd', 'e');
    await anchorerFor(new MemoryChain()).tick();
    const standing = await standingOf(db, 'lot', 'd');
    const anchor = standing?.anchor;
    if (!anchor) throw new Error('not anchored');
    expect(await createAnchorTrees(db).pathOf(anchor.treeId, anchor.leafIndex)).toHaveLength(
      proofLength(3, 5),
    );
    expect(anchor).toMatchObject({ treeSize: 5, leafIndex: 3, chainId: 1 });
  });

  it('sends no second transaction while the first waits in the pool; what comes meanwhile waits', async () => {
    const chain = new MemoryChain();
    chain.automine = false;
    const anchorer = anchorerFor(chain);
    await queue('a');
    await anchorer.tick();
    await queue('b');
    await anchorer.tick();
    await anchorer.tick();
    expect(chain.sent).toHaveLength(1);
    expect(await countWaiting(db)).toBe(1);
    chain.mine();
    await anchorer.tick();
    expect(chain.sent).toHaveLength(2);
    expect(await stateOf('a')).toBe('mined');
    expect(await stateOf('b')).toBe('submitted');
  });

  it('goes on wherever it was stopped, with one anchor for each leaf', async () => {
    for (const stopAt of ['sign', 'before send', 'after send'] as const) {
      await emptyAnchors(db);
      const chain = new MemoryChain();
      const dying: ChainPort = {
        view: (number) => chain.view(number),
        find: (...args) => chain.find(...args),
        sign: async (...args) => {
          if (stopAt === 'sign') throw new Error('killed');
          return chain.sign(...args);
        },
        send: async (transaction) => {
          if (stopAt === 'after send') await chain.send(transaction);
          throw new Error('killed');
        },
      };
      await queue('a', 'b');
      await anchorerFor(dying).tick();
      const restarted = anchorerFor(chain);
      await restarted.tick();
      chain.mine(3);
      await restarted.tick();
      await restarted.tick();
      expect(await stateOf('a')).toBe('final');
      expect(chain.sent).toHaveLength(1);
      expect(await listAnchors(db, 10)).toMatchObject([{ state: 'final', treeSize: 2 }]);
    }
  });

  it('says what is wrong, keeps everything, and goes on when it is right again', async () => {
    const chain = new MemoryChain();
    const anchorer = anchorerFor(chain);
    await queue('a');
    for (const problem of ['unreachable', 'wrong_chain', 'no_contract', 'no_deployment'] as const) {
      chain.problem = problem;
      await anchorer.tick();
      expect(anchorer.status().state).toBe(problem);
    }
    expect(chain.sent).toEqual([]);
    expect(await countWaiting(db)).toBe(1);
    chain.problem = undefined;
    await anchorer.tick();
    await anchorer.tick();
    expect(anchorer.status().state).toBe('ok');
    expect(await stateOf('a')).toBe('mined');
  });

  it('outbids what holds its nonce in the pool, for the same root', async () => {
    const chain = new MemoryChain();
    chain.automine = false;
    const cheap = { feesFor: () => ({ maxFeePerGasWei: 3n, maxPriorityFeePerGasWei: 1n }) };
    const foreign = await chain.sign({ root: `0x${'ee'.repeat(32)}`, treeSize: 1 }, cheap);
    await chain.send(foreign);
    const bound: ChainPort = {
      ...portOf(chain),
      sign: (anchor, terms) => chain.sign(anchor, { replaces: foreign, ...terms }),
    };
    await queue('a');
    await anchorerFor(bound).tick();
    chain.mine();
    await anchorerFor(chain).tick();
    expect(await stateOf('a')).toBe('mined');
    expect(chain.roots).toHaveLength(1);
    expect(await versionsWritten()).toBe(2);
  });

  it('keeps what the node does not take, says so, and sends the same bytes later', async () => {
    const chain = new MemoryChain();
    await queue('a');
    const refused = anchorerFor({ ...portOf(chain), send: async () => 'refused' });
    await refused.tick();
    await refused.tick();
    expect(refused.status().state).toBe('refused');
    expect(await stateOf('a')).toBe('waiting');
    await anchorerFor(chain).tick();
    await anchorerFor(chain).tick();
    expect(await stateOf('a')).toBe('mined');
    expect(await versionsWritten()).toBe(1);
  });

  it('follows a transaction that a reorg puts back into the pool', async () => {
    const chain = new MemoryChain();
    const anchorer = anchorerFor(chain);
    await queue('a');
    await anchorer.tick();
    await anchorer.tick();
    expect(await stateOf('a')).toBe('mined');
    chain.automine = false;
    chain.rollBack(1, true);
    for (let i = 0; i < 3; i += 1) await anchorer.tick();
    expect(await stateOf('a')).toBe('submitted');
    chain.mine(4);
    await anchorer.tick();
    await anchorer.tick();
    expect(await stateOf('a')).toBe('final');
    expect(chain.sent).toHaveLength(1);
  });

  it('sends what the chain has forgotten again, the same trees by the same transactions', async () => {
    const chain = new MemoryChain();
    const anchorer = anchorerFor(chain);
    for (const name of ['a', 'b', 'c']) {
      await queue(name);
      await anchorer.tick();
      await anchorer.tick();
    }
    chain.mine(3);
    await anchorer.tick();
    expect(await stateOf('c')).toBe('final');
    const before = chain.roots;
    // Back to where only 'a' stood.
    chain.rollBack(5);
    chain.mine(1);
    await anchorer.tick();
    expect(await Promise.all(['a', 'b', 'c'].map(stateOf))).toEqual(['mined', 'mined', 'submitted']);
    for (let i = 0; i < 4; i += 1) await anchorer.tick();
    chain.mine(3);
    await anchorer.tick();
    await anchorer.tick();
    expect(await Promise.all(['a', 'b', 'c'].map(stateOf))).toEqual(['final', 'final', 'final']);
    expect(chain.roots).toEqual(before);
    expect(await listAnchors(db, 10)).toHaveLength(3);
    expect(await versionsWritten()).toBe(3);
  });

  it('shows at once that an anchor is missing, and signs no second transaction on the word of one look', async () => {
    const chain = new MemoryChain();
    const anchorer = anchorerFor(chain);
    await queue('a');
    await anchorer.tick();
    await anchorer.tick();
    const lagging: ChainPort = {
      ...portOf(chain),
      view: async () => ({ ...(await chain.view()), blockHash: undefined }),
      find: async () => ({ kind: 'lost' }),
    };
    const other = anchorerFor(lagging);
    for (let i = 0; i < 3; i += 1) {
      await other.tick();
      expect(await stateOf('a')).toBe('submitted');
      expect(other.status().state).toBe('ok');
    }
    // Now it is believed; the chain itself would not have it twice.
    await other.tick();
    expect(other.status().state).toBe('no_permission');
    await anchorer.tick();
    expect(await stateOf('a')).toBe('mined');
    expect(await versionsWritten()).toBe(1);
  });

  it('looks again at everything when the deployment changes', async () => {
    const chain = new MemoryChain();
    const anchorer = anchorerFor(chain);
    await queue('a');
    await anchorer.tick();
    await anchorer.tick();
    const fresh = new MemoryChain();
    fresh.registry = `0x${'b2'.repeat(20)}`;
    const other = anchorerFor(fresh);
    for (let i = 0; i < 4; i += 1) await other.tick();
    await other.tick();
    expect(fresh.sent).toHaveLength(1);
    expect(await stateOf('a')).toBe('mined');
    expect((await standingOf(db, 'lot', 'a'))?.anchor?.registry).toBe(fresh.registry);
  });

  it('ends with every leaf final in one tree and one transaction, wherever the process dies', async () => {
    // Some of all places to die; every one: faults.long.test.ts.
    const calls = await dyingLife(db, Number.POSITIVE_INFINITY, false);
    expect(calls).toBeGreaterThan(100);
    for (let at = 5; at <= calls; at += 79) await dyingLife(db, at, at % 2 === 0);
  });

  it('waits longer with each failure, up to ten ticks', () => {
    expect([0, 1, 2, 3, 4, 50].map((failures) => tickDelayMs(5, failures))).toEqual([
      5_000, 10_000, 20_000, 40_000, 50_000, 50_000,
    ]);
  });
});
