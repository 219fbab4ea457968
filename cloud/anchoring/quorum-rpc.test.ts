import type { Rpc } from '@nongtin/contracts/encoding';
import { beforeEach, describe, expect, it } from 'vitest';
import { RpcError } from './http-rpc.ts';
import { quorumRpc } from './quorum-rpc.ts';

/** An endpoint whose chain, head, and stored word at each block the test decides. */
class Endpoint {
  chainId = 1;
  head = 10;
  finalized = 8;
  isAway = false;
  branch = 'main';
  tip = 5;
  word = (block: number) => `0x${block < 5 ? 0 : 1}`;
  pool = new Set<string>();
  refuses: string | undefined;
  asked = 0;

  readonly rpc: Rpc = async (method, params) => {
    this.asked += 1;
    if (this.isAway) throw new Error('connect ECONNREFUSED');
    const at = (tag: unknown) =>
      tag === 'latest' ? this.head : tag === 'finalized' ? this.finalized : Number(tag);
    if (method === 'eth_chainId') return `0x${this.chainId.toString(16)}`;
    if (method === 'eth_getBlockByNumber') {
      const number = at(params[0]);
      return number > this.head
        ? null
        : { number: `0x${number.toString(16)}`, hash: `${this.branch} ${number}` };
    }
    if (method === 'eth_call') return this.word(at(params[1]));
    if (method === 'eth_maxPriorityFeePerGas') return `0x${this.tip.toString(16)}`;
    if (method === 'eth_getTransactionByHash')
      return this.pool.has(String(params[0])) ? { hash: params[0] } : null;
    if (this.refuses !== undefined) throw new RpcError(-32000, this.refuses);
    if (method === 'eth_sendRawTransaction') this.pool.add(String(params[0]));
    return '0x0';
  };
}

let a: Endpoint;
let b: Endpoint;
let c: Endpoint;
let quorum: ReturnType<typeof quorumRpc>;
beforeEach(() => {
  [a, b, c] = [new Endpoint(), new Endpoint(), new Endpoint()];
  quorum = quorumRpc({ endpoints: [a.rpc, b.rpc, c.rpc], quorum: 2, chainId: () => 1 });
});
const ask = (method: string, ...params: unknown[]) => quorum.rpc(method, params);
const states = () => quorum.status().map(({ state }) => state);

describe('several endpoints', () => {
  it('are believed when enough of them say the same, whatever one alone says', async () => {
    c.word = () => '0x63';
    expect(await ask('eth_call', {}, 'latest')).toBe('0x1');
  });

  it('that lag are told apart from those that contradict: all are asked about a block that enough have', async () => {
    [a.head, b.head, c.head] = [12, 11, 4];
    const seen = (block: number) => `0x${block}`;
    [a.word, b.word, c.word] = [seen, seen, seen];
    expect(await ask('eth_call', {}, 'latest')).toBe('0x11');
    expect(states()).toEqual(['ok', 'ok', 'lagging']);
    expect(await ask('eth_getBlockByNumber', 'latest', false)).toMatchObject({ number: '0xb' });
  });

  it('call final what enough of them call final', async () => {
    [a.finalized, b.finalized, c.finalized] = [9, 7, 3];
    expect(await ask('eth_getBlockByNumber', 'finalized', false)).toMatchObject({ number: '0x7' });
  });

  it('that contradict each other about one block let nothing be concluded, and all are named', async () => {
    [a.word, b.word, c.word] = [() => '0x1', () => '0x2', () => '0x3'];
    await expect(ask('eth_call', {}, 'latest')).rejects.toMatchObject({ kind: 'disagreement' });
    expect(states()).toEqual(['disagrees', 'disagrees', 'disagrees']);
    await ask('eth_chainId');
    expect(states()).toEqual(['ok', 'ok', 'ok']);
  });

  it('on two branches do not agree on the head either', async () => {
    [a.branch, b.branch] = ['left', 'right'];
    c.isAway = true;
    await expect(ask('eth_getBlockByNumber', 'latest', false)).rejects.toMatchObject({
      kind: 'disagreement',
    });
  });

  it('of another chain are left out, with a sentence, until they answer for the right one', async () => {
    b.chainId = 99;
    expect(Number(await ask('eth_chainId'))).toBe(1);
    expect(quorum.status()[1]).toEqual({
      ...{ endpoint: 2, state: 'wrong_chain' },
      message: 'Endpoint 2 answers for chain 99, not 1; it is left out.',
    });
    const before = b.asked;
    await ask('eth_call', {}, 'latest');
    expect(b.asked).toBe(before);
    b.chainId = 1;
    await ask('eth_chainId');
    expect(states()).toEqual(['ok', 'ok', 'ok']);
  });

  it('that all are of another chain say which', async () => {
    for (const one of [a, b, c]) one.chainId = 99;
    expect(Number(await ask('eth_chainId'))).toBe(99);
  });

  it('that are away are not asked again before the next look; too few are no chain', async () => {
    a.isAway = true;
    expect(await ask('eth_call', {}, 'latest')).toBe('0x1');
    const before = a.asked;
    await ask('eth_call', {}, 'latest');
    expect(a.asked).toBe(before);
    b.isAway = true;
    await expect(ask('eth_call', {}, 'latest')).rejects.toMatchObject({ kind: 'unreachable' });
    [a.isAway, b.isAway] = [false, false];
    await ask('eth_chainId');
    expect(await ask('eth_call', {}, 'latest')).toBe('0x1');
  });

  it('are all given a transaction; one that takes it is enough, and one that has it knows it', async () => {
    [a.isAway, b.refuses] = [true, 'txpool is full'];
    expect(await ask('eth_sendRawTransaction', '0xbytes')).toBe('0x0');
    expect(c.pool.has('0xbytes')).toBe(true);
    expect(await ask('eth_getTransactionByHash', '0xbytes')).toEqual({ hash: '0xbytes' });
    expect(await ask('eth_getTransactionByHash', '0xother')).toBeNull();
  });

  it('that refuse a transaction are heard: that it is known already says more than that another pool is full', async () => {
    [a.refuses, b.refuses, c.refuses] = ['txpool is full', 'already known', 'txpool is full'];
    await expect(ask('eth_sendRawTransaction', '0xbytes')).rejects.toThrow('already known');
  });

  it('that estimate are taken in the middle, so that none alone makes us pay', async () => {
    [a.tip, b.tip, c.tip] = [5, 900, 7];
    expect(Number(await ask('eth_maxPriorityFeePerGas'))).toBe(7);
  });

  it('that answer with the chain’s own error agree on that', async () => {
    for (const one of [a, b, c]) one.refuses = 'execution reverted';
    await expect(ask('eth_estimateGas', {})).rejects.toThrow('execution reverted');
    await expect(ask('eth_getCode', '0x1', 'latest')).rejects.toThrow('execution reverted');
  });
});
