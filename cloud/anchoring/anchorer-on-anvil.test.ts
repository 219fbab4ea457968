import { startTestChain, type TestChain } from '@nongtin/contracts/chain';
import { readAnchor } from '@nongtin/contracts/encoding';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Schema } from '../records/index.ts';
import { createAnchorStore } from './anchor-store.ts';
import { type Anchorer, createAnchorer } from './anchorer.ts';
import type { ChainPort } from './chain-port.ts';
import { dryRun } from './dry-run.ts';
import { createEthersChain, type EthersChain } from './ethers-chain.ts';
import { KeptProofs } from './fault-check.suite.ts';
import { defaultFeeRules } from './fees.ts';
import { emptyAnchors, fixture, openTestRecords, silent } from './fixture.suite.ts';
import { httpRpc } from './http-rpc.ts';
import { enqueueLeaf } from './queue.ts';
import { quorumRpc } from './quorum-rpc.ts';
import { listAnchors, standingOf } from './standing.ts';

let db: Kysely<Schema>;
let stop: () => Promise<void>;
let anvil: TestChain;
let chain: EthersChain;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
});
afterAll(() => stop());
beforeEach(async () => {
  await emptyAnchors(db);
  anvil = await startTestChain();
  chain = createEthersChain({
    rpc: httpRpc(anvil.rpcUrl),
    deployment: () => anvil.deployment,
    anchorerKey: () => anvil.anchorerKey,
  });
});
afterEach(() => anvil.stop());

const anchorerFor = (port: ChainPort): Anchorer =>
  createAnchorer({ store: createAnchorStore(db), chain: port, clock, logger: silent, tickSeconds: 5 });
const clock = { nowMs: () => 1_800_000_000_000 };

async function queue(...names: string[]): Promise<void> {
  for (const name of names) {
    await enqueueLeaf(db, {
      cooperativeId: fixture.cooperativeId,
      kind: 'lot',
      digest: 'ab'.repeat(32),
      refKind: 'lot',
      refId: name,
    });
  }
}

async function ticks(anchorer: Anchorer, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await anchorer.tick();
}

async function untilFinal(anchorer: Anchorer): Promise<void> {
  await ticks(anchorer, 2);
  await anvil.finalize();
  await ticks(anchorer, 2);
}

const stateOf = async (name: string) => (await standingOf(db, 'lot', name))?.state;

/** Each leaf's anchor is final in our books, and stands on the chain as final: counted there, not believed. */
async function expectFinalOnChain(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const standing = await standingOf(db, 'lot', name);
    expect(standing?.state).toBe('final');
    const { chainId, anchorRegistry } = anvil.deployment;
    const question = { chainId, contract: anchorRegistry, root: standing?.anchor?.root ?? '' };
    const reading = await readAnchor(httpRpc(anvil.rpcUrl), { ...question, blockTag: 'finalized' });
    expect(reading).toMatchObject({ kind: 'anchored', treeSize: standing?.anchor?.treeSize });
  }
}

async function anchoredEvents(): Promise<number> {
  const filter = { address: anvil.deployment.anchorRegistry, fromBlock: '0x0', toBlock: 'latest' };
  const logs = (await anvil.rpc('eth_getLogs', [filter])) as { topics: string[] }[];
  return logs.filter((log) => log.topics.length === 3).length;
}

describe('the anchorer on a real chain', () => {
  it('anchors what waits and sees it become final; gas is told', async () => {
    await queue('a', 'b', 'c');
    await untilFinal(anchorerFor(chain));
    await expectFinalOnChain(['a', 'b', 'c']);
    const [anchor] = await listAnchors(db, 1);
    expect(Number(anchor?.gasUsed)).toBeGreaterThan(21_000);
    expect(Number(anchor?.gasUsed)).toBeLessThan(90_000);
    expect(anchor?.blockTimeMs).toBeGreaterThan(1_600_000_000_000);
  });

  it.each(['before the transaction is signed', 'before it is sent', 'after it is sent'] as const)(
    'stopped %s, it ends with exactly one final anchor for each leaf',
    async (moment) => {
      const dying: ChainPort = {
        ...chain,
        sign: (...args) =>
          moment === 'before the transaction is signed'
            ? Promise.reject(new Error('killed'))
            : chain.sign(...args),
        send: async (transaction) => {
          if (moment === 'after it is sent') await chain.send(transaction);
          throw new Error('killed');
        },
      };
      await queue('a', 'b');
      await anchorerFor(dying).tick();
      const before = await anchoredEvents();
      expect(before).toBe(moment === 'after it is sent' ? 1 : 0);
      await untilFinal(anchorerFor(chain));
      await expectFinalOnChain(['a', 'b']);
      expect(await anchoredEvents()).toBe(1);
      expect(await listAnchors(db, 10)).toHaveLength(1);
    },
  );

  it('offers more for what stays in the pool, within its limits, and tells beforehand what it costs', async () => {
    let nowMs = 1_800_000_000_000;
    const store = createAnchorStore(db);
    const fees = { ...defaultFeeRules, bumpAfterMs: 60_000 };
    const anchorer = createAnchorer({
      ...{ store, chain, fees, clock: { nowMs: () => nowMs }, logger: silent, tickSeconds: 5 },
    });
    const told = await dryRun({ store, chain, fees, clock: { nowMs: () => nowMs } });
    expect(told).toMatchObject({ waitingLeaves: 0, treeSize: 1, wouldSend: true, message: '' });
    await anvil.rpc('evm_setAutomine', [false]);
    await queue('a');
    await anchorer.tick();
    // Gas becomes dearer than the transaction offers, then cheaper than we allow but still dearer.
    await anvil.rpc('anvil_setNextBlockBaseFeePerGas', ['0x5d21dba000']);
    await anvil.rpc('anvil_mine', ['0x1']);
    nowMs += 61_000;
    await anchorer.tick();
    expect(anchorer.status().state).toBe('fees_too_high');
    expect(await stateOf('a')).toBe('submitted');
    await anvil.rpc('anvil_setNextBlockBaseFeePerGas', ['0xba43b7400']);
    await anvil.rpc('anvil_mine', ['0x1']);
    await anchorer.tick();
    expect(anchorer.status().state).toBe('ok');
    await anvil.rpc('anvil_mine', ['0x1']);
    await anvil.finalize();
    await ticks(anchorer, 2);
    await expectFinalOnChain(['a']);
    expect(await anchoredEvents()).toBe(1);
    const versions = await db
      .selectFrom('chain_transactions')
      .selectAll()
      .orderBy('transaction_id')
      .execute();
    expect(versions.map(({ nonce }) => nonce)).toEqual([versions[0]?.nonce, versions[0]?.nonce]);
    const [anchor] = await listAnchors(db, 1);
    expect(anchor?.transactionHash).toBe(versions[1]?.hash);
    expect(anchor?.costPerLeafWei).toBe(anchor?.costWei);
    // As foretold, but for the bytes of another root.
    expect(Math.abs(told.gas - Number(anchor?.gasUsed))).toBeLessThan(3_000);
  });

  it('anchors by three endpoints of which one is away and one then of another chain, and says so', async () => {
    const direct = httpRpc(anvil.rpcUrl);
    let isAway = true;
    let otherChain = false;
    const endpoints = quorumRpc({
      quorum: 2,
      chainId: () => anvil.deployment.chainId,
      endpoints: [
        direct,
        (method, params) => (isAway ? Promise.reject(new Error('away')) : direct(method, params)),
        (method, params) =>
          otherChain && method === 'eth_chainId' ? Promise.resolve('0x1') : direct(method, params),
      ],
    });
    const several = createEthersChain({
      rpc: endpoints.rpc,
      deployment: () => anvil.deployment,
      anchorerKey: () => anvil.anchorerKey,
    });
    const anchorer = anchorerFor(several);
    await queue('a');
    await ticks(anchorer, 2);
    expect(endpoints.status().map(({ state }) => state)).toEqual(['ok', 'unreachable', 'ok']);
    isAway = false;
    otherChain = true;
    await anvil.finalize();
    await ticks(anchorer, 2);
    expect(endpoints.status().map(({ state }) => state)).toEqual(['ok', 'ok', 'wrong_chain']);
    await expectFinalOnChain(['a']);
    isAway = true;
    await anchorer.tick();
    expect(anchorer.status().state).toBe('unreachable');
  });

  it('keeps an anchor over a restart of the chain that lost nothing', async () => {
    const anchorer = anchorerFor(chain);
    await queue('a');
    await untilFinal(anchorer);
    await anvil.save();
    await anvil.restart();
    await ticks(anchorer, 5);
    await expectFinalOnChain(['a']);
    expect(await listAnchors(db, 10)).toHaveLength(1);
  });

  it('anchors again what a chain killed and set back has forgotten', async () => {
    const anchorer = anchorerFor(chain);
    await queue('kept');
    await untilFinal(anchorer);
    await anvil.save();
    await queue('a');
    await untilFinal(anchorer);
    await queue('b');
    await ticks(anchorer, 2);
    expect(await stateOf('b')).toBe('mined');
    await anvil.kill();
    await anchorer.tick();
    expect(anchorer.status().state).toBe('unreachable');
    expect(await stateOf('a')).toBe('final');
    await anvil.restart();
    await ticks(anchorer, 4);
    await untilFinal(anchorer);
    await expectFinalOnChain(['kept', 'a', 'b']);
    const states = (await listAnchors(db, 10)).map(({ state, treeSize }) => `${state} ${treeSize}`);
    expect(states).toEqual(['final 1', 'final 1', 'final 1']);
    expect(await anchoredEvents()).toBe(3);
  });

  it('anchors the same trees again on a chain that began anew', async () => {
    await queue('a', 'b');
    await untilFinal(anchorerFor(chain));
    const kept = new KeptProofs(db);
    await kept.expectUnchanged(['a', 'b']);
    await anvil.stop();
    anvil = await startTestChain(31_338);
    const fresh = createEthersChain({
      rpc: httpRpc(anvil.rpcUrl),
      deployment: () => anvil.deployment,
      anchorerKey: () => anvil.anchorerKey,
    });
    await untilFinal(anchorerFor(fresh));
    await expectFinalOnChain(['a', 'b']);
    await kept.expectUnchanged(['a', 'b']);
    expect(await anchoredEvents()).toBe(1);
  });
});
