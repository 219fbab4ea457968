import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import type { Schema } from '../records/index.ts';
import { createAnchorStore } from './anchor-store.ts';
import { createAnchorer } from './anchorer.ts';
import {
  Death,
  expectFinalOnce,
  expectNoMoreThanTrue,
  KeptProofs,
  queueLeaves,
  type Truth,
} from './fault-check.suite.ts';
import { emptyAnchors, silent } from './fixture.suite.ts';
import { MemoryChain } from './memory-chain.ts';

const MINUTE_MS = 60_000;

/**
 * One life of two anchors with everything in it: sent, outbid by itself, mined, thrown away and dropped, set back, final; then
 * on another contract, where a third comes to them, and back on the first one. The process dies at one call of store or chain, before or after its effect, and starts anew. Tells how many calls there were.
 */
export async function dyingLife(db: Kysely<Schema>, dieAt: number, afterEffect: boolean): Promise<number> {
  await emptyAnchors(db);
  const chain = new MemoryChain();
  chain.automine = false;
  const truth = truthOf(chain);
  const names = ['a', 'b', 'c', 'd'];
  const kept = new KeptProofs(db);
  const death = new Death(dieAt, afterEffect);
  let nowMs = 1_000;
  const clock = { nowMs: () => nowMs };
  const open = (isMortal: boolean) => {
    const store = createAnchorStore(db);
    return createAnchorer({
      store: isMortal ? death.store(store) : store,
      chain: isMortal ? death.chain(chain) : chain,
      ...{ clock, logger: silent, tickSeconds: 5 },
    });
  };
  let anchorer = open(true);
  let hasRestarted = false;
  const tick = async () => {
    await anchorer.tick();
    if (death.isDead && !hasRestarted) {
      hasRestarted = true;
      anchorer = open(false);
      await anchorer.tick();
    }
    expect(anchorer.status()).toMatchObject({ state: 'ok' });
    await expectNoMoreThanTrue(db, names, truth);
    await kept.expectUnchanged(names);
  };
  const untilFinal = async () => {
    for (let round = 0; round < 4; round += 1) {
      chain.mine();
      await tick();
    }
    chain.mine(3);
    await tick();
    await tick();
  };
  await queueLeaves(db, ['a', 'b']);
  await tick();
  nowMs += 2 * MINUTE_MS;
  await tick();
  chain.mine();
  await tick();
  await queueLeaves(db, ['c']);
  await tick();
  chain.mine();
  await tick();
  // Both blocks are thrown away with what was in them.
  chain.rollBack(2);
  chain.mine();
  await tick();
  await untilFinal();
  await expectFinalOnce(db, ['a', 'b', 'c'], truth);
  // No root was sent twice for two nonces, and none but these two: all that the chain has mined.
  const { registry, roots } = chain;
  expect(new Set(roots).size).toBe(roots.length);
  expect(roots).toHaveLength(2);
  // Deployed again: the same trees, each once, and what comes new beside them.
  chain.registry = `0x${'b2'.repeat(20)}`;
  await queueLeaves(db, ['d']);
  await tick();
  await untilFinal();
  await expectFinalOnce(db, names, truth);
  expect(chain.roots).toHaveLength(3);
  expect(new Set(chain.roots)).toEqual(new Set([...roots, ...chain.roots]));
  // And back: what stands there is found, only the new one is sent.
  chain.registry = registry;
  await tick();
  await untilFinal();
  await expectFinalOnce(db, names, truth);
  expect(chain.roots.slice(0, 2)).toEqual(roots);
  expect(chain.roots).toHaveLength(3);
  return death.calls;
}

function truthOf(chain: MemoryChain): Truth {
  return {
    registry: () => chain.registry,
    stands: async ({ root, registry }, at) => {
      const now = chain.registry;
      chain.registry = registry;
      const { finalizedNumber } = await chain.view();
      const finding = await chain.find(root, [], finalizedNumber);
      chain.registry = now;
      if (finding.kind !== 'standing') return false;
      return at === 'latest' || finding.block.number <= finalizedNumber;
    },
  };
}
