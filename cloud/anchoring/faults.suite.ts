import { type Deployment, startTestChain, type TestChain } from '@nongtin/contracts/chain';
import { type Rpc, readAnchor } from '@nongtin/contracts/encoding';
import { seededRandom } from '@nongtin/service';
import { Wallet } from 'ethers';
import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import type { Schema } from '../records/index.ts';
import { createAnchorStore } from './anchor-store.ts';
import { type Anchorer, createAnchorer } from './anchorer.ts';
import { createEthersChain } from './ethers-chain.ts';
import {
  Death,
  expectFinalOnce,
  expectNoMoreThanTrue,
  KeptProofs,
  queueLeaves,
  type Truth,
} from './fault-check.suite.ts';
import { emptyAnchors, silent } from './fixture.suite.ts';
import { httpRpc } from './http-rpc.ts';

export interface FaultStory {
  readonly seed: number;
  readonly steps: number;
}

/** What happened, by name, so that a story that tested nothing is seen. */
export type Happened = Readonly<Record<string, number>>;

const GWEI = 10n ** 9n;
const hex = (value: bigint | number) => `0x${value.toString(16)}`;

/**
 * The real anchorer on a real anvil, and whatever can go wrong by chance: the line cut, blocks thrown away, the pool emptied, the
 * price of gas risen a hundredfold, the chain killed and set back, the process killed at any call, the contracts deployed again and the
 * cloud pointed at those, and back. After each look nothing is shown as more than the chain itself says, and every leaf has the path and
 * the root that it had at first; in the end every leaf is final, on each contract in one tree, by one transaction.
 */
export async function faultStory(db: Kysely<Schema>, story: FaultStory): Promise<Happened> {
  await emptyAnchors(db);
  const anvil = await startTestChain();
  try {
    const again = await anvil.deployAgain();
    // Kept over a restart.
    await anvil.save();
    return await new Story(db, anvil, { ...story, again }).play();
  } finally {
    await anvil.stop();
  }
}

class Story {
  readonly #db: Kysely<Schema>;
  readonly #anvil: TestChain;
  readonly #steps: number;
  readonly #random: () => number;
  readonly #rpc: Rpc;
  readonly #truth: Truth;
  readonly #names: string[] = [];
  readonly #happened: Record<string, number> = {};
  readonly #kept: KeptProofs;
  readonly #deployments: readonly [Deployment, Deployment];
  #deployment: Deployment;
  #isCut = false;
  #nowMs = 1_800_000_000_000;
  #death: Death | undefined;
  #anchorer: Anchorer;

  constructor(
    db: Kysely<Schema>,
    anvil: TestChain,
    { seed, steps, again }: FaultStory & { again: Deployment },
  ) {
    this.#db = db;
    this.#anvil = anvil;
    this.#kept = new KeptProofs(db);
    this.#deployments = [anvil.deployment, again];
    this.#deployment = anvil.deployment;
    this.#steps = steps;
    this.#random = seededRandom(seed);
    this.#rpc = httpRpc(anvil.rpcUrl, 20_000);
    this.#truth = {
      registry: () => this.#deployment.anchorRegistry.toLowerCase(),
      stands: (place, at) => this.#stands(place, at),
    };
    this.#anchorer = this.#open();
  }

  async play(): Promise<Happened> {
    for (let step = 0; step < this.#steps; step += 1) {
      const [name, event] = this.#pick();
      await event();
      this.#happened[name] = (this.#happened[name] ?? 0) + 1;
      if (this.#random() < 0.7) await this.#look();
    }
    await this.#heal();
    await expectFinalOnce(this.#db, this.#names, this.#truth);
    await this.#expectOneTransactionEach();
    return this.#happened;
  }

  async #stands(
    { root, registry }: { root: string; registry: string },
    at: 'latest' | 'finalized',
  ): Promise<boolean> {
    const { chainId } = this.#anvil.deployment;
    const reading = await readAnchor(this.#rpc, { chainId, contract: registry, root });
    if (reading.kind === 'missing') return false;
    if (reading.kind !== 'anchored') throw new Error(`the truth cannot be told: ${JSON.stringify(reading)}`);
    // Not asked at the block itself: a restarted anvil has no states of earlier blocks.
    const block = (await this.#rpc('eth_getBlockByNumber', [at, false])) as { number: string };
    return reading.blockNumber <= Number(block.number);
  }

  #pick(): readonly [string, () => Promise<unknown>] {
    const rpc = this.#anvil.rpc;
    const chance: readonly (readonly [number, string, () => Promise<unknown>])[] = [
      [20, 'leaves', () => this.#queue()],
      [20, 'mine', () => rpc('anvil_mine', [hex(this.#upTo(2))])],
      [8, 'finalize', () => this.#anvil.finalize()],
      [8, 'cut', async () => (this.#isCut = !this.#isCut)],
      [8, 'later', async () => (this.#nowMs += 90_000)],
      [8, 'dropped', () => rpc('anvil_dropAllTransactions', [])],
      [8, 'reorg', () => this.#reorg()],
      [7, 'spike', () => this.#price(300n)],
      [7, 'cheap', () => this.#price(1n)],
      [10, 'killed', async () => this.#kill()],
      [8, 'automine', () => rpc('evm_setAutomine', [this.#random() < 0.5])],
      [2, 'saved', () => this.#anvil.save()],
      [2, 'set back', () => this.#setBack()],
      [4, 'moved', async () => this.#move()],
    ];
    let at = this.#random() * chance.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, name, event] of chance) {
      at -= weight;
      if (at < 0) return [name, event];
    }
    return ['later', async () => (this.#nowMs += 90_000)];
  }

  #upTo(most: number): number {
    return 1 + Math.floor(this.#random() * most);
  }

  async #queue(): Promise<void> {
    const names = Array.from({ length: this.#upTo(3) }, (_, index) => `leaf ${this.#names.length + index}`);
    this.#names.push(...names);
    await queueLeaves(this.#db, names);
  }

  #price(gwei: bigint): Promise<unknown> {
    return this.#anvil.rpc('anvil_setNextBlockBaseFeePerGas', [hex(gwei * GWEI)]);
  }

  /** Some blocks, none of those that held the contracts, and with or without what was in them. */
  async #reorg(): Promise<void> {
    const head = Number(await this.#rpc('eth_blockNumber', []));
    const depth = Math.min(this.#upTo(3), head - 2 - this.#deployments[1].deployedAtBlock);
    if (depth < 1) return;
    const method = this.#random() < 0.5 ? 'anvil_reorg' : 'anvil_rollback';
    try {
      await this.#anvil.rpc(method, method === 'anvil_reorg' ? [depth, []] : [depth]);
    } catch (error) {
      // After a restart anvil has no states of earlier blocks to go back to.
      if (!/data unavailable/i.test(String(error))) throw error;
      this.#happened['no reorg'] = (this.#happened['no reorg'] ?? 0) + 1;
    }
  }

  /** Killed, and started from an older state. */
  async #setBack(): Promise<void> {
    await this.#anvil.kill();
    await this.#anvil.restart();
  }

  /** To the contracts that are not in use. */
  #move(): void {
    this.#deployment = this.#deployments.find((one) => one !== this.#deployment) ?? this.#deployment;
  }

  #kill(): void {
    this.#death = new Death(this.#upTo(25), this.#random() < 0.5);
    this.#anchorer = this.#open();
  }

  #open(): Anchorer {
    const { anchorerKey } = this.#anvil;
    const rpc: Rpc = (method, params) =>
      this.#isCut ? Promise.reject(new Error('cut')) : this.#rpc(method, params);
    const deployment = () => this.#deployment;
    const chain = createEthersChain({ rpc, deployment, anchorerKey: () => anchorerKey });
    const store = createAnchorStore(this.#db);
    return createAnchorer({
      store: this.#death?.store(store) ?? store,
      chain: this.#death?.chain(chain) ?? chain,
      clock: { nowMs: () => this.#nowMs },
      ...{ logger: silent, tickSeconds: 5 },
    });
  }

  /** A look; when the chain was heard to the end, what is shown is true. */
  async #look(): Promise<void> {
    this.#nowMs += 1_000;
    await this.#anchorer.tick();
    if (this.#death?.isDead) {
      this.#death = undefined;
      this.#anchorer = this.#open();
      return;
    }
    const { state } = this.#anchorer.status();
    this.#happened[state] = (this.#happened[state] ?? 0) + 1;
    // A problem that sending met comes after all others were looked at.
    const heard = ['ok', 'refused', 'fees_too_high', 'budget_spent'].includes(state);
    if (heard) await expectNoMoreThanTrue(this.#db, this.#names, this.#truth);
    await this.#kept.expectUnchanged(this.#names);
  }

  async #heal(): Promise<void> {
    this.#isCut = false;
    this.#death = undefined;
    this.#anchorer = this.#open();
    await this.#anvil.rpc('evm_setAutomine', [true]);
    for (let round = 0; round < 60; round += 1) {
      await this.#price(1n);
      await this.#anvil.rpc('anvil_mine', ['0x1']);
      this.#nowMs += 61_000;
      await this.#look();
      const left = await this.#db
        .selectFrom('leaves')
        .leftJoin('anchors', 'anchors.anchor_id', 'leaves.anchor_id')
        .select('leaf_id')
        .where((eb) => eb.or([eb('anchors.state', 'is', null), eb('anchors.state', '!=', 'final')]))
        .limit(1)
        .execute();
      if (left.length === 0) return;
    }
  }

  /** The anchorer's nonces are used up by one anchor each, and by nothing that failed. */
  async #expectOneTransactionEach(): Promise<void> {
    const address = this.#deployments.map(({ anchorRegistry }) => anchorRegistry);
    const filter = { address, fromBlock: '0x0', toBlock: 'latest' };
    const logs = (await this.#rpc('eth_getLogs', [filter])) as { address: string; topics: string[] }[];
    const anchored = logs.filter((log) => log.topics.length === 3);
    const roots = anchored.map((log) => `${log.topics[1]} on ${log.address}`);
    expect(new Set(roots).size).toBe(roots.length);
    const account = new Wallet(this.#anvil.anchorerKey).address;
    const used = Number(await this.#rpc('eth_getTransactionCount', [account, 'latest']));
    const fillers = await this.#db
      .selectFrom('chain_transactions')
      .select('nonce')
      .where('purpose', '=', 'filler')
      .execute();
    expect(used - roots.length).toBeLessThanOrEqual(new Set(fillers.map(({ nonce }) => nonce)).size);
  }
}
