import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChainPort } from './chain-port.ts';

export interface ChainHarness {
  readonly chain: ChainPort;
  /** Mines empty blocks. */
  mine(blocks: number): Promise<void>;
  /** Throws the newest blocks away with their transactions. */
  rollBack(blocks: number): Promise<void>;
  stop(): Promise<void>;
}

const root = (digit: number) => `0x${String(digit).padStart(64, '7')}`;

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

    it('tells where it stands, and the hash of a block it has', async () => {
      const view = await chain.view();
      expect(view.registry).toMatch(/^0x[0-9a-f]{40}$/);
      expect(view.blockHash).toBeUndefined();
      expect(view.finalizedNumber).toBeLessThanOrEqual(view.headNumber);
      expect((await chain.view(view.headNumber)).blockHash).toMatch(/^0x[0-9a-f]{64}$/);
      expect((await chain.view(view.headNumber + 1_000)).blockHash).toBeUndefined();
    });

    it('knows a root once its transaction is mined, with block and cost', async () => {
      expect(await chain.find(root(1))).toEqual({ kind: 'lost' });
      const signed = await chain.sign(root(1), 3);
      expect(await chain.find(root(1), signed)).toEqual({ kind: 'unknown' });
      expect(await chain.send(signed)).toBe('sent');
      const finding = await chain.find(root(1), signed);
      expect(finding.kind).toBe('standing');
      if (finding.kind !== 'standing') return;
      const { block } = finding;
      expect(block.transaction?.hash).toBe(signed.hash);
      expect(block.transaction?.gasUsed).toBeGreaterThan(0n);
      expect((await chain.view(block.number)).blockHash).toBe(block.hash);
    });

    it('takes the same transaction twice as once', async () => {
      const signed = await chain.sign(root(2), 1);
      await chain.send(signed);
      const { headNumber } = await chain.view();
      expect(await chain.send(signed)).toBe('sent');
      expect((await chain.view()).headNumber).toBe(headNumber);
    });

    it('names the transaction of a root that was anchored without our noting it', async () => {
      const signed = await chain.sign(root(3), 1);
      await chain.send(signed);
      expect(await chain.find(root(3))).toMatchObject({
        kind: 'standing',
        block: { transaction: { hash: signed.hash } },
      });
    });

    it('does not sign for a root that stands', async () => {
      await expect(chain.sign(root(3), 1)).rejects.toMatchObject({ name: 'ChainProblem' });
    });

    it('calls a transaction lost whose place another one took', async () => {
      const late = await chain.sign(root(4), 1);
      await chain.send(await chain.sign(root(5), 1));
      expect(await chain.find(root(4), late)).toEqual({ kind: 'lost' });
    });

    it('lets a block become final', async () => {
      const signed = await chain.sign(root(6), 1);
      await chain.send(signed);
      const { headNumber, finalizedNumber } = await chain.view();
      expect(finalizedNumber).toBeLessThan(headNumber);
      await harness.mine(4);
      expect((await chain.view()).finalizedNumber).toBeGreaterThanOrEqual(headNumber);
    });

    it('no longer knows what stood in a block that was thrown away', async () => {
      const signed = await chain.sign(root(7), 1);
      await chain.send(signed);
      const finding = await chain.find(root(7), signed);
      await harness.rollBack(1);
      await harness.mine(1);
      expect(await chain.find(root(7), signed)).toEqual({ kind: 'unknown' });
      if (finding.kind !== 'standing') throw new Error('it did not stand before');
      expect((await chain.view(finding.block.number)).blockHash).not.toBe(finding.block.hash);
      await chain.send(signed);
      expect((await chain.find(root(7), signed)).kind).toBe('standing');
    });
  });
}
