import { AbiCoder, id } from 'ethers';
import { expect, test } from 'vitest';
import { readAnchor } from './read-anchor.ts';
import type { Rpc } from './read-contract.ts';

const question = { chainId: 31337, contract: `0x${'ab'.repeat(20)}`, root: id('a root') };
const words = (...values: (number | bigint)[]) =>
  AbiCoder.defaultAbiCoder().encode(['uint64', 'uint64', 'uint64'], values);

function node(answers: Record<string, unknown>, calls: unknown[] = []): Rpc {
  const all: Record<string, unknown> = { eth_chainId: '0x7a69', eth_getCode: '0x6001', ...answers };
  return async (method, params) => {
    calls.push([method, params]);
    const answer = all[method];
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

test('a root that stands is read with time, size and block', async () => {
  const calls: unknown[] = [];
  const reading = await readAnchor(node({ eth_call: words(1_790_000_000, 12, 345) }, calls), question);
  expect(reading).toEqual({
    kind: 'anchored',
    anchoredAtMs: 1_790_000_000_000,
    treeSize: 12,
    blockNumber: 345,
  });
  const data = `${id('anchorOf(bytes32)').slice(0, 10)}${question.root.slice(2)}`;
  expect(calls.at(-1)).toEqual(['eth_call', [{ to: question.contract, data }, 'latest']]);
});

test('an unknown root, or a contract younger than the block asked for, is missing', async () => {
  expect(await readAnchor(node({ eth_call: words(0, 0, 0) }), question)).toEqual({ kind: 'missing' });
  const finalized = { ...question, blockTag: 'finalized' } as const;
  expect(await readAnchor(node({ eth_call: '0x' }), finalized)).toEqual({ kind: 'missing' });
});

test('another chain, or an address without code, says nothing about the root', async () => {
  expect(await readAnchor(node({ eth_chainId: '0x1' }), question)).toEqual({
    kind: 'wrong_chain',
    chainId: 1,
  });
  expect(await readAnchor(node({ eth_getCode: '0x' }), question)).toEqual({ kind: 'no_contract' });
});

test.each([
  ['no answer', new Error('connection refused')],
  ['an answer that is not hex', 'genuine'],
  ['no text at all', { result: '0x' }],
  ['an answer cut short', '0x0001'],
  ['more words than asked for', `0x${'00'.repeat(128)}`],
  ['a time past all counting', words(2n ** 64n - 1n, 1, 1)],
])('%s is unreachable, never genuine and never missing', async (_, answer) => {
  expect((await readAnchor(node({ eth_call: answer }), question)).kind).toBe('unreachable');
});

test('a node that gives no chain id is unreachable', async () => {
  expect((await readAnchor(node({ eth_chainId: undefined }), question)).kind).toBe('unreachable');
  expect((await readAnchor(node({ eth_chainId: '0xzz' }), question)).kind).not.toBe('anchored');
});
