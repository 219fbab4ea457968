import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Interface, keccak256, Wallet, ZeroHash } from 'ethers';
import { readArtifact } from '../artifacts.ts';
import {
  addressHash,
  type BatchRecord,
  buildTree,
  cooperativeIdOf,
  cooperativeKeyId,
  type Hex,
  keyKinds,
  type LotBundle,
  type LotRecord,
  leafHash,
  type ProofBundle,
  recordDigest,
  recordTypedData,
  stampLeaf,
  toHex,
} from '../encoding/index.ts';

/** A chain that stands still, for what an anvil would take long to bring about: what its contracts hold is said once. */
const CHAIN_ID = 4_242;
const CODE = { anchorRegistry: '0x6001', cooperativeRegistry: '0x6002' } as const;
const HEAD = 1_000;
const FINAL = 990;
const cooperative = cooperativeIdOf('htx-test');
export const gtin14 = '08936000000011';
export const serial = '00000100000WF7CHJ0NB';
const signer = new Wallet(`0x${'11'.repeat(32)}`);
const alliance = new Wallet(`0x${'22'.repeat(32)}`).address;
const calls = new Interface([
  ...readArtifact('AnchorRegistry').abi.filter(isFunction),
  ...readArtifact('CooperativeRegistry').abi.filter(isFunction),
] as ConstructorParameters<typeof Interface>[0]);

function isFunction(fragment: unknown): boolean {
  return (fragment as { type: string }).type === 'function';
}

export const trust = {
  chainId: CHAIN_ID,
  anchorRegistry: `0x${'a1'.repeat(20)}`,
  cooperativeRegistry: `0x${'c0'.repeat(20)}`,
  deployedAtBlock: 1,
  codeHashes: {
    anchorRegistry: keccak256(CODE.anchorRegistry),
    cooperativeRegistry: keccak256(CODE.cooperativeRegistry),
  },
  alliance,
};

const salt = (byte: number) => new Uint8Array(32).fill(byte);

const lot: LotRecord = {
  ...{ kind: 'lot', cooperativeId: toHex(cooperative), lotNumber: 'Lô 261123-1', gtin14 },
  ...{ productName: 'Thanh long ruột đỏ', plot: { id: 'a', name: 'Lô A' }, quantityKg: 800 },
  ...{
    harvestedAtMs: 1_790_000_000_000,
    season: { irrigationRuns: 12, sprays: [{ name: 'Đồng', litres: 2.5 }] },
  },
};

/** A stamp and a lot, three stamps in the batch, batch and lot anchored in one tree of two. */
export async function proofs(): Promise<{ stamp: ProofBundle; ofLot: LotBundle }> {
  const stamps = buildTree(
    [0, 1, 2].map((index) => stampLeaf({ batchNumber: 1n, index, serial }, cooperative, salt(index + 1))),
  );
  const batch: BatchRecord = {
    ...{ kind: 'stamp_batch', cooperativeId: toHex(cooperative), batchNumber: '1', gtin14 },
    ...{ lotNumber: lot.lotNumber, lotDigest: toHex(recordDigest(lot)), stampCount: 3 },
    ...{ stampRoot: toHex(stamps.root), issuedAtMs: 1_790_000_000_000 },
  };
  const leaf = (kind: 'lot' | 'stamp_batch', record: object, byte: number) =>
    leafHash({ kind, cooperativeId: cooperative, salt: salt(byte), digest: recordDigest(record) });
  const tree = buildTree([leaf('lot', lot, 7), leaf('stamp_batch', batch, 8)]);
  const signature = async (kind: 'lot' | 'stamp_batch', record: object) => {
    const signed = { cooperativeId: toHex(cooperative), kind, digest: toHex(recordDigest(record)) };
    const { domain, types, message } = recordTypedData(signed);
    const text = await signer.signTypedData(domain, { Record: [...types.Record] }, message);
    return { signature: { address: signer.address.toLowerCase() as Hex, signature: text as Hex } };
  };
  const anchor = {
    ...{ root: toHex(tree.root), treeSize: 2, chainId: CHAIN_ID, contract: trust.anchorRegistry as Hex },
    ...{ transactionHash: toHex(salt(9)), blockNumber: 900 },
  };
  return {
    stamp: {
      ...{ format: 'nongtin-proof/1', stamp: { gtin14, serial, batchNumber: '1', index: 0 }, batch },
      ...{ stampSalt: toHex(salt(1)), stampPath: stamps.proofOf(0).map(toHex), batchSalt: toHex(salt(8)) },
      ...{ batchPath: tree.proofOf(1).map(toHex), lot, anchor, ...(await signature('stamp_batch', batch)) },
    },
    ofLot: {
      ...{ format: 'nongtin-lot-proof/1', lot, lotSalt: toHex(salt(7)) },
      ...{ lotPath: tree.proofOf(0).map(toHex), anchor, ...(await signature('lot', lot)) },
    },
  };
}

/** What a call gives instead; undefined: what the chain says. A RangeError becomes the node's refusal, with its words. */
export type Answer = (method: string, params: readonly unknown[], call?: string) => unknown;

/** What an honest endpoint says, of a chain on which the root of `proofs` stands. */
export function honest(root: string): Answer {
  return (method, params) => {
    if (method === 'eth_chainId') return `0x${CHAIN_ID.toString(16)}`;
    if (method === 'eth_blockNumber') return `0x${HEAD.toString(16)}`;
    if (method === 'eth_getBlockByNumber') return { number: `0x${FINAL.toString(16)}` };
    if (method === 'eth_getCode')
      return params[0] === trust.anchorRegistry ? CODE.anchorRegistry : CODE.cooperativeRegistry;
    const call = calls.parseTransaction({ data: (params[0] as { data: string }).data });
    return call === null ? '0x' : calls.encodeFunctionResult(call.name, resultOf(call.name, call.args, root));
  };
}

function resultOf(name: string, args: readonly unknown[], root: string): unknown[] {
  switch (name) {
    case 'hasRole':
      return [args[1] === alliance];
    case 'anchorOf':
      return args[0] === root ? [1_790_000_500, 2, 900] : [0, 0, 0];
    case 'cooperativeOf':
      return [
        args[0] === toHex(cooperative) ? [alliance, 1, 1_780_000_000, ZeroHash] : [alliance, 0, 0, ZeroHash],
      ];
    case 'keyOf': {
      const address = signer.address as Hex;
      const isKnown = args[1] === cooperativeKeyId(address);
      return [
        isKnown ? [1_780_000_000, 0, keyKinds.cooperative, addressHash(address), 0] : [0, 0, 0, ZeroHash, 0],
      ];
    }
    default:
      return [0];
  }
}

/** A server on this machine; `port` is free again after `close`. */
export async function serve(
  handle: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<{ port: number; close(): void }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    handle(request, response, Buffer.concat(chunks).toString());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** An endpoint that says what `change` says, or the truth. */
export function endpoint(root: string, change: Answer = () => undefined) {
  const truth = honest(root);
  return serve((_, response, body) => {
    const { method, params } = JSON.parse(body);
    const data = (params[0] as { data?: string } | undefined)?.data;
    const call = data === undefined ? undefined : calls.parseTransaction({ data })?.name;
    const changed = change(method, params, call);
    if (changed === 'hang') return;
    const said =
      changed instanceof RangeError
        ? { error: { code: -32_000, message: changed.message } }
        : { result: changed === undefined ? truth(method, params) : changed };
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...said }));
  });
}
