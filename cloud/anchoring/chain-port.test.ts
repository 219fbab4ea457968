import { startTestChain, type TestChain } from '@nongtin/contracts/chain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyPrice, describeChainPort } from './chain-port.suite.ts';
import { createEthersChain } from './ethers-chain.ts';
import { httpRpc } from './http-rpc.ts';
import { MemoryChain } from './memory-chain.ts';

describeChainPort('the chain in memory', async () => {
  const chain = new MemoryChain();
  return {
    chain,
    mine: async (blocks) => chain.mine(blocks),
    rollBack: async (blocks) => chain.rollBack(blocks),
    stop: async () => {},
  };
});

describeChainPort('anvil', async () => {
  const test = await startTestChain();
  return {
    chain: createEthersChain({
      rpc: httpRpc(test.rpcUrl),
      deployment: () => test.deployment,
      anchorerKey: () => test.anchorerKey,
    }),
    mine: async (blocks) => {
      await test.rpc('anvil_mine', [`0x${blocks.toString(16)}`]);
    },
    rollBack: async (blocks) => {
      await test.rpc('anvil_rollback', [blocks]);
    },
    stop: () => test.stop(),
  };
});

describe('a chain over JSON-RPC', () => {
  let test: TestChain;
  beforeAll(async () => {
    test = await startTestChain();
  });
  afterAll(() => test.stop());
  const open = (changes: Partial<Parameters<typeof createEthersChain>[0]> = {}) =>
    createEthersChain({
      rpc: httpRpc(test.rpcUrl),
      deployment: () => test.deployment,
      anchorerKey: () => test.anchorerKey,
      ...changes,
    });
  const root = `0x${'12'.repeat(32)}`;

  it('says that nothing is deployed, that it is another chain, that there is no contract, and that nobody answers', async () => {
    const other = { ...test.deployment, chainId: 99 };
    const empty = { ...test.deployment, anchorRegistry: `0x${'ee'.repeat(20)}` };
    await expect(open({ deployment: () => undefined }).view()).rejects.toMatchObject({
      kind: 'no_deployment',
    });
    await expect(open({ deployment: () => other }).view()).rejects.toMatchObject({ kind: 'wrong_chain' });
    await expect(open({ deployment: () => empty }).view()).rejects.toMatchObject({ kind: 'no_contract' });
    const nobody = httpRpc('http://127.0.0.1:9/', 500);
    await expect(open({ rpc: nobody }).view()).rejects.toMatchObject({ kind: 'unreachable' });
    await expect(open({ rpc: nobody }).find(root, [], 0)).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('signs nothing for a key that may not anchor, or cannot pay', async () => {
    const stranger = () => `0x${'45'.repeat(32)}`;
    await expect(open({ anchorerKey: stranger }).sign({ root, treeSize: 1 }, anyPrice)).rejects.toMatchObject(
      {
        kind: 'no_permission',
      },
    );
    await expect(
      open({ anchorerKey: () => undefined }).sign({ root, treeSize: 1 }, anyPrice),
    ).rejects.toMatchObject({
      kind: 'no_permission',
    });
    const signed = await open().sign({ root, treeSize: 1 }, anyPrice);
    const { Wallet } = await import('ethers');
    const { address } = new Wallet(test.anchorerKey);
    const balance = await test.rpc('eth_getBalance', [address, 'latest']);
    await test.rpc('anvil_setBalance', [address, '0x0']);
    await expect(open().send(signed)).rejects.toMatchObject({ kind: 'no_funds' });
    await test.rpc('anvil_setBalance', [address, balance]);
    expect(await open().send(signed)).toBe('sent');
  });

  it('counts confirmations where the chain does not know finalized blocks', async () => {
    const plain = httpRpc(test.rpcUrl);
    const chain = open({
      confirmations: 1,
      rpc: (method, params) => (params[0] === 'finalized' ? Promise.resolve(null) : plain(method, params)),
    });
    const { headNumber, finalizedNumber } = await chain.view();
    expect(finalizedNumber).toBe(headNumber - 1);
  });
});
