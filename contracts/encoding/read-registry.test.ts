import { AbiCoder, id } from 'ethers';
import { expect, test } from 'vitest';
import type { Rpc } from './read-contract.ts';
import { readCooperative, readKey, readRevocation } from './read-registry.ts';

const at = { chainId: 31_337, contract: `0x${'ab'.repeat(20)}` };
const ids = { cooperativeId: id('htx'), keyId: id('a key') };
const revocation = { ...at, issuers: [id('htx'), id('alliance')], leaf: id('leaf') };
const words = (...values: (number | bigint)[]) =>
  AbiCoder.defaultAbiCoder().encode(Array(values.length).fill('uint256'), values);

/** Answers to eth_call one after another; the last one again and again. */
function node(answers: unknown[], others: Record<string, unknown> = {}): Rpc {
  const all: Record<string, unknown> = { eth_chainId: '0x7a69', eth_getCode: '0x6001', ...others };
  const left = [...answers];
  return async (method) => {
    if (method !== 'eth_call') return all[method];
    const answer = left.length > 1 ? left.shift() : left[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

const readings = (rpc: () => Rpc) =>
  Promise.all([
    readKey(rpc(), { ...at, ...ids }),
    readCooperative(rpc(), { ...at, ...ids }),
    readRevocation(rpc(), { ...revocation, stampIndex: 1 }),
  ]);

test('another chain, or an address without code, says nothing', async () => {
  for (const reading of await readings(() => node(['0x'], { eth_chainId: '0x1' })))
    expect(reading).toEqual({ kind: 'wrong_chain', chainId: 1 });
  for (const reading of await readings(() => node(['0x'], { eth_getCode: '0x' })))
    expect(reading).toEqual({ kind: 'no_contract' });
});

test.each([
  ['no answer', new Error('connection refused')],
  ['an answer that is not hex', 'fine'],
  ['an answer cut short', '0x0001'],
  ['more words than asked for', `0x${'00'.repeat(32 * 9)}`],
  ['a number past all counting', `0x${'ff'.repeat(32)}`],
])('%s is unreachable, never a key and never "not revoked"', async (_, answer) => {
  for (const { kind } of await readings(() => node([answer]))) expect(kind).toBe('unreachable');
});

test('a contract that was not there yet has admitted nobody, and its silence is not "not revoked"', async () => {
  const kinds = (await readings(() => node(['0x']))).map(({ kind }) => kind);
  expect(kinds).toEqual(['missing', 'missing', 'no_contract']);
  expect(await readRevocation(node([words(0), '0x']), { ...revocation, stampIndex: 1 })).toEqual({
    kind: 'no_contract',
  });
});

test('revoked by the second issuer only is revoked; nobody to ask is no answer', async () => {
  const [first, second] = revocation.issuers;
  expect(await readRevocation(node([words(0), words(1_790_000_000)]), revocation)).toEqual({
    kind: 'revoked',
    what: 'leaf',
    issuer: second,
    revokedAtMs: 1_790_000_000_000,
  });
  const stamp = { ...revocation, stampIndex: 256 + 200 };
  expect(await readRevocation(node([words(0), words(1n << 200n)]), stamp)).toEqual({
    kind: 'revoked',
    what: 'stamp',
    issuer: first,
  });
  expect(await readRevocation(node([words(0), words(1n << 199n), words(0)]), stamp)).toEqual({
    kind: 'not_revoked',
  });
  const nobody = await readRevocation(node([words(0)]), { ...revocation, issuers: [] });
  expect(nobody.kind).toBe('unreachable');
  for (const stampIndex of [-1, 0.5, 2 ** 32])
    expect((await readRevocation(node([words(0)]), { ...revocation, stampIndex })).kind).toBe('unreachable');
});

test('a standing that this reader does not know is no answer', async () => {
  expect((await readCooperative(node([words(1, 3, 1, 1)]), { ...at, ...ids })).kind).toBe('unreachable');
});
