import { describe, expect, it } from 'vitest';
import { RpcError } from '../anchoring/index.ts';
import { relay } from './rpc-relay.ts';

const ours = `0x${'Ab'.repeat(20)}`;
const foreign = `0x${'cd'.repeat(20)}`;
const passed: { method: string; params: readonly unknown[] }[] = [];
const options = {
  contracts: () => [ours],
  rpc: async (method: string, params: readonly unknown[]) => {
    passed.push({ method, params });
    if (method === 'eth_blockNumber') throw new RpcError(-32005, 'limit exceeded');
    if (method === 'eth_getBlockByHash') throw new TypeError('fetch failed');
    return '0x1';
  },
};
const call = (method: string, params: unknown[] = []) => ({ jsonrpc: '2.0', id: 7, method, params });
const ask = async (body: unknown) => {
  passed.length = 0;
  return (await relay(options, body)) as { result?: unknown; error?: { code: number; message: string } };
};

describe('the relay to the chain', () => {
  it.each([
    call('eth_chainId'),
    call('eth_call', [{ to: ours, data: '0x1234' }, 'finalized']),
    call('eth_call', [{ to: ours.toLowerCase(), data: '0x1234' }]),
    call('eth_getCode', [ours, 'latest']),
    call('eth_getBlockByNumber', ['0x10', false]),
    call('eth_getProof', [ours, ['0x0'], 'latest']),
  ])('passes on $method', async (body) => {
    expect(await ask(body)).toEqual({ jsonrpc: '2.0', id: 7, result: '0x1' });
    expect(passed).toEqual([{ method: body.method, params: body.params }]);
  });

  it.each([
    call('eth_sendRawTransaction', ['0x00']),
    call('anvil_setBalance', [ours, '0x1']),
    call('debug_traceTransaction', []),
    call('constructor', []),
    call('eth_call', [{ to: foreign, data: '0x' }, 'latest']),
    call('eth_call', [{ to: ours, data: '0x', from: foreign }, 'latest']),
    call('eth_call', [{ to: ours, data: '0x' }, 'latest', { [ours]: { code: '0x00' } }]),
    call('eth_call', [{ to: ours, data: `0x${'00'.repeat(5_000)}` }, 'latest']),
    call('eth_getBlockByNumber', ['latest', true]),
    call('eth_getCode', [foreign, 'latest']),
    call('eth_getProof', [ours, Array.from({ length: 17 }, () => '0x0'), 'latest']),
  ])('refuses $method $params without asking anybody', async (body) => {
    const { error } = await ask(body);
    expect(error?.code).toBeLessThanOrEqual(-32600);
    expect(passed).toEqual([]);
  });

  it('refuses what is no request, and batches of none or of more than ten', async () => {
    for (const body of [null, 3, 'x', {}, [], Array.from({ length: 11 }, () => call('eth_chainId'))]) {
      expect((await ask(body)).error?.code).toBe(-32600);
      expect(passed).toEqual([]);
    }
  });

  it('answers each call of a batch in its place', async () => {
    const answers = await ask([call('eth_chainId'), call('eth_mine'), call('eth_chainId')]);
    expect(answers).toMatchObject([{ result: '0x1' }, { error: { code: -32601 } }, { result: '0x1' }]);
  });

  it("passes on the chain's own error, and tells silence apart without details of our network", async () => {
    expect((await ask(call('eth_blockNumber'))).error).toEqual({ code: -32005, message: 'limit exceeded' });
    const { error } = await ask(call('eth_getBlockByHash', [`0x${'11'.repeat(32)}`, false]));
    expect(error).toEqual({ code: -32002, message: 'the chain does not answer' });
  });
});
