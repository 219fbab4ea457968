import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainPort, Fees, SignedTransaction, Terms } from './chain-port.ts';

export interface ChainHarness {
  readonly chain: ChainPort;
  /** Mines empty blocks. */
  mine(blocks: number): Promise<void>;
  /** Throws the newest blocks away with their transactions. */
  rollBack(blocks: number): Promise<void>;
  stop(): Promise<void>;
}

const root = (digit: number) => `0x${String(digit).padStart(64, '7')}`;

const GWEI = 10n ** 9n;
const fees: Fees = { maxFeePerGasWei: 100n * GWEI, maxPriorityFeePerGasWei: GWEI };
/** Whatever it costs. */
export const anyPrice: Terms = { feesFor: () => fees };

/** What every chain the anchorer works with must do. Each mines a transaction when it comes. */
export function describeChainPort(name: string, open: () => Promise<ChainHarness>): void {
  describe(`${name} as a chain port`, () => {
    let harness: ChainHarness;
    let chain: ChainPort;
    beforeAll(async () => {
      harness = await open();
      chain = harness.chain;
    });
    afterAll(() => harness.stop());
    const sign = (digit: number, terms: Terms = anyPrice) =>
      chain.sign({ root: root(digit), treeSize: 1 }, terms);
    const find = async (digit: number, ...versions: SignedTransaction[]) =>
      chain.find(root(digit), versions, (await chain.view()).finalizedNumber);

    it('tells where it stands, and the hash of a block it has', async () => {
      const view = await chain.view();
      expect(view.registry).toMatch(/^0x[0-9a-f]{40}$/);
      expect(view.blockHash).toBeUndefined();
      expect(view.finalizedNumber).toBeLessThanOrEqual(view.headNumber);
      expect((await chain.view(view.headNumber)).blockHash).toMatch(/^0x[0-9a-f]{64}$/);
      expect((await chain.view(view.headNumber + 1_000)).blockHash).toBeUndefined();
    });

    it('knows a root once its transaction is mined, with block and cost', async () => {
      expect(await find(1)).toEqual({ kind: 'lost' });
      const signed = await sign(1);
      expect(await find(1, signed)).toEqual({ kind: 'dropped' });
      expect(await chain.send(signed)).toBe('sent');
      const finding = await find(1, signed);
      expect(finding.kind).toBe('standing');
      if (finding.kind !== 'standing') return;
      const { block } = finding;
      expect(block.transaction?.hash).toBe(signed.hash);
      expect(block.transaction?.gasUsed).toBeGreaterThan(0n);
      expect((await chain.view(block.number)).blockHash).toBe(block.hash);
    });

    it('takes the same transaction twice as once', async () => {
      const signed = await sign(2);
      await chain.send(signed);
      const { headNumber } = await chain.view();
      expect(await chain.send(signed)).toBe('sent');
      expect((await chain.view()).headNumber).toBe(headNumber);
    });

    it('names the transaction of a root that was anchored without our noting it', async () => {
      const signed = await sign(3);
      await chain.send(signed);
      expect(await find(3)).toMatchObject({
        kind: 'standing',
        block: { transaction: { hash: signed.hash } },
      });
    });

    it('does not sign for a root that stands', async () => {
      await expect(sign(3)).rejects.toMatchObject({ name: 'ChainProblem' });
    });

    it('calls a transaction overtaken whose place another one took, and lost when that is final', async () => {
      const late = await sign(4);
      await chain.send(await sign(5));
      expect(await find(4, late)).toEqual({ kind: 'overtaken' });
      await harness.mine(4);
      expect(await find(4, late)).toEqual({ kind: 'lost' });
    });

    it('says which nonce is missing before a transaction of a later one', async () => {
      const first = await sign(8);
      const later = await chain.sign(
        { root: root(9), treeSize: 1 },
        { ...anyPrice, fillsNonce: first.nonce + 1 },
      );
      expect(await find(9, later)).toEqual({ kind: 'gap', nextNonce: first.nonce });
    });

    it('signs a version for the same nonce that offers more, and tells what the account has', async () => {
      const first = await sign(8);
      const dearer = { maxFeePerGasWei: 200n * GWEI, maxPriorityFeePerGasWei: 2n * GWEI };
      const second = await sign(8, { feesFor: () => dearer, replaces: first });
      expect(second).toMatchObject({ nonce: first.nonce, sender: first.sender, fees: dearer });
      expect(second.hash).not.toBe(first.hash);
      await chain.send(second);
      expect(await find(8, first, second)).toMatchObject({
        kind: 'standing',
        block: { transaction: { hash: second.hash } },
      });
      const { account, price } = await chain.view();
      expect(account?.address).toBe(first.sender);
      expect(account?.balanceWei).toBeGreaterThan(0n);
      expect(price.baseFeeWei + price.tipWei).toBeGreaterThan(0n);
    });

    it('lets a block become final', async () => {
      const signed = await sign(6);
      await chain.send(signed);
      const { headNumber, finalizedNumber } = await chain.view();
      expect(finalizedNumber).toBeLessThan(headNumber);
      await harness.mine(4);
      expect((await chain.view()).finalizedNumber).toBeGreaterThanOrEqual(headNumber);
    });

    it('no longer knows what stood in a block that was thrown away', async () => {
      const signed = await sign(7);
      await chain.send(signed);
      const finding = await find(7, signed);
      await harness.rollBack(1);
      await harness.mine(1);
      expect(await find(7, signed)).toEqual({ kind: 'dropped' });
      if (finding.kind !== 'standing') throw new Error('it did not stand before');
      expect((await chain.view(finding.block.number)).blockHash).not.toBe(finding.block.hash);
      await chain.send(signed);
      expect((await find(7, signed)).kind).toBe('standing');
    });
  });
}
