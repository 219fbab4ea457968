import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Rpc } from '@nongtin/contracts/encoding';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ChainPort } from './chain-port.ts';
import { createEthersChain } from './ethers-chain.ts';
import { silent } from './fixture.suite.ts';
import { httpRpc, RpcError } from './http-rpc.ts';
import { Rounds } from './rounds.ts';

const hash = `0x${'ab'.repeat(32)}`;
const block = { number: '0x64', hash, timestamp: '0x1', baseFeePerGas: '0x7' };
/** A chain of one contract, as an honest node tells of it. */
const honest: Record<string, unknown> = {
  ...{ eth_chainId: '0x1', eth_getCode: '0x60', eth_getBalance: '0x1', eth_maxPriorityFeePerGas: '0x1' },
  ...{ eth_getBlockByNumber: block, eth_call: `0x${'0'.repeat(192)}` },
  ...{ eth_getTransactionReceipt: null, eth_getTransactionByHash: null, eth_getTransactionCount: '0x0' },
};
const account = `0x${'11'.repeat(32)}`;

/** What the node says to a method instead; a whole HTTP answer. */
let says: (method: string, params: unknown[]) => { status?: number; body: unknown } | undefined;
let headers: IncomingHttpHeaders;
let port: number;
const server = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const { method, params } = JSON.parse(text);
  ({ headers } = request);
  const { status = 200, body } = says(method, params) ?? { body: { result: honest[method] } };
  response.writeHead(status).end(JSON.stringify(body));
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const rpcTo = (user = ''): Rpc => httpRpc(`http://${user}127.0.0.1:${port}/`, 5_000);

function chain(): ChainPort {
  const deployment = () => ({ chainId: 1, anchorRegistry: `0x${'a1'.repeat(20)}` });
  return createEthersChain({ rpc: rpcTo(), deployment, anchorerKey: () => account });
}

const sent = await (async () => {
  const { Wallet } = await import('ethers');
  const raw = await new Wallet(account).signTransaction({ type: 2, chainId: 1, nonce: 0, gasLimit: 1 });
  const fees = { maxFeePerGasWei: 1n, maxPriorityFeePerGasWei: 1n };
  return { hash, raw, sender: '', nonce: 0, gasLimit: 1n, fees };
})();

/** All that a look asks. */
async function look(): Promise<void> {
  const { finalizedNumber } = await chain().view();
  await chain().find(hash, [sent], finalizedNumber);
}

it('understands an honest node, and one that says beside each result that there is no error', async () => {
  says = (method) => ({ body: { result: honest[method], error: null } });
  await look();
});

it.each(
  Object.keys(honest).flatMap((method) => [
    [method, { message: 'Too Many Requests' }] as const,
    [method, { result: 'soon' }] as const,
    [method, { result: {} }] as const,
    ...(honest[method] === null || method === 'eth_getBlockByNumber'
      ? []
      : [[method, { result: null }] as const]),
  ]),
)('takes for no answer what cannot be one: %s %j', async (asked, body) => {
  says = (method) => (method === asked ? { body } : undefined);
  const isAnObject = asked === 'eth_getTransactionByHash' && 'result' in body && body.result !== 'soon';
  if (isAnObject) await look();
  else await expect(look()).rejects.toMatchObject({ name: 'ChainProblem', kind: 'unreachable' });
});

it.each([
  [200, -32_005],
  [429, -32_000],
  [200, 429],
])(
  'asked too often for the final block (HTTP %i, code %i), it counts no blocks in its place',
  async (status, code) => {
    const body = { error: { code, message: 'limit exceeded' } };
    says = (_, [tag]) => (tag === 'finalized' ? { status, body } : undefined);
    await expect(chain().view()).rejects.toMatchObject({ name: 'ChainProblem', kind: 'unreachable' });
  },
);

it('counts blocks where the node says that it knows no final one', async () => {
  says = (_, [tag]) =>
    tag === 'finalized' ? { body: { error: { code: -32_602, message: 'unknown tag' } } } : undefined;
  expect(await chain().view()).toMatchObject({ headNumber: 100, finalizedNumber: 88 });
  await expect(rpcTo()('eth_getBlockByNumber', ['finalized', false])).rejects.toBeInstanceOf(RpcError);
});

it('waits where a node has no state of the final block, by which a nonce is seen to be used for good', async () => {
  says = (method, [, block]) => {
    if (method !== 'eth_getTransactionCount') return undefined;
    return {
      body:
        block === 'latest' ? { result: '0x5' } : { error: { code: -32_000, message: 'missing trie node' } },
    };
  };
  expect(await chain().find(hash, [sent], 88)).toEqual({ kind: 'overtaken' });
});

it('a node that refuses a question is not our fault', async () => {
  const rounds = new Rounds({
    ...{ name: 'anchorer', clock: { nowMs: () => 1 }, logger: silent, tickSeconds: 5 },
    round: look,
  });
  says = (method) =>
    method === 'eth_getBalance' ? { body: { error: { code: -32_000, message: 'no' } } } : undefined;
  await rounds.tick();
  expect(rounds.status()).toMatchObject({
    state: 'unreachable',
    message: expect.stringContaining('refuses a question (no)'),
  });
  says = () => undefined;
  await rounds.tick();
  expect(rounds.status().state).toBe('ok');
});

it('sends user and password of an address the way that HTTP has for it', async () => {
  says = () => undefined;
  expect(await rpcTo('cloud:100%@')('eth_chainId', [])).toBe('0x1');
  expect(headers.authorization).toBe(`Basic ${btoa('cloud:100%')}`);
});
