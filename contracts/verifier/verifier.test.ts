import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadArtifacts } from '../chain/deploy.ts';
import {
  anchorRegistryAbi,
  cooperativeRegistryAbi,
  demoCooperative,
  startTestChain,
  type TestChain,
} from '../chain/index.ts';
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
import { runVerify } from './run.ts';

const cooperativeId = toHex(cooperativeIdOf(demoCooperative.code));
const gtin14 = '08936000000011';
const serial = '00000100000WF7CHJ0NB';
const salt = (byte: number) => new Uint8Array(32).fill(byte);
const signer = Wallet.createRandom();
const folder = mkdtempSync(join(tmpdir(), 'nongtin-verify-'));
let chain: TestChain;
let provider: JsonRpcProvider;
let anchors: Contract;
let registry: Contract;
let admin: Wallet;
let snapshot: unknown;
let lines: string[];

beforeAll(async () => {
  chain = await startTestChain();
  provider = new JsonRpcProvider(chain.rpcUrl, 31_337, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 25,
  });
  const { anchorRegistry, cooperativeRegistry } = chain.deployment;
  anchors = new Contract(anchorRegistry, anchorRegistryAbi, new Wallet(chain.anchorerKey, provider));
  admin = new Wallet(chain.keys.demoCooperative, provider);
  registry = new Contract(cooperativeRegistry, cooperativeRegistryAbi, admin);
  const address = signer.address as Hex;
  await sent(
    registry,
    'setKey',
    cooperativeId,
    cooperativeKeyId(address),
    keyKinds.cooperative,
    addressHash(address),
  );
  writeFileSync(join(folder, 'trust.json'), JSON.stringify(trust()));
}, 120_000);
afterAll(async () => {
  provider.destroy();
  await chain.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  lines = [];
  snapshot = await chain.rpc('evm_snapshot');
});
afterEach(() => chain.rpc('evm_revert', [snapshot]));

const trust = (changed: object = {}) => ({
  ...chain.deployment,
  alliance: new Wallet(chain.keys.alliance).address,
  ...changed,
});

async function sent(contract: Contract, name: string, ...args: unknown[]): Promise<void> {
  const sending = await contract.getFunction(name).send(...args);
  await sending.wait();
}

const lot: LotRecord = {
  ...{ kind: 'lot', cooperativeId, lotNumber: 'L261123-1', gtin14, productName: 'Thanh long ruột đỏ' },
  ...{
    plot: { id: 'a', name: 'Lô A' },
    harvestedAtMs: 1_790_000_000_000,
    quantityKg: 800,
    season: { irrigationRuns: 12 },
  },
};

/** Two stamps, their batch and their lot, anchored in one tree of two. */
async function proofs(
  options: { wallet?: { signTypedData: Wallet['signTypedData'] } | null; in?: Contract } = {},
) {
  const stampTree = buildTree(
    [0, 1].map((index) =>
      stampLeaf({ batchNumber: 1n, index, serial }, cooperativeIdOf(demoCooperative.code), salt(index + 1)),
    ),
  );
  const batch: BatchRecord = {
    ...{ kind: 'stamp_batch', cooperativeId, batchNumber: '1', gtin14, lotNumber: lot.lotNumber },
    ...{
      lotDigest: toHex(recordDigest(lot)),
      stampCount: 2,
      stampRoot: toHex(stampTree.root),
      issuedAtMs: 1_790_000_000_000,
    },
  };
  const leaf = (kind: 'lot' | 'stamp_batch', record: object, byte: number) =>
    leafHash({
      kind,
      cooperativeId: cooperativeIdOf(demoCooperative.code),
      salt: salt(byte),
      digest: recordDigest(record),
    });
  const leaves = [leaf('lot', lot, 7), leaf('stamp_batch', batch, 8)];
  const tree = buildTree(leaves);
  const contract = options.in ?? anchors;
  await sent(contract, 'anchor', toHex(tree.root), 2);
  const wallet = options.wallet === undefined ? signer : options.wallet;
  const signature = async (kind: 'lot' | 'stamp_batch', record: object) => {
    if (wallet === null) return {};
    const { domain, types, message } = recordTypedData({
      cooperativeId,
      kind,
      digest: toHex(recordDigest(record)),
    });
    const signed = await wallet.signTypedData(domain, { Record: [...types.Record] }, message);
    return { signature: { address: signer.address.toLowerCase() as Hex, signature: signed as Hex } };
  };
  const anchor = {
    ...{
      root: toHex(tree.root),
      treeSize: 2,
      chainId: 31_337,
      contract: (await contract.getAddress()) as Hex,
    },
    ...{ transactionHash: null, blockNumber: null },
  };
  const stamp: ProofBundle = {
    ...{ format: 'nongtin-proof/1', stamp: { gtin14, serial, batchNumber: '1', index: 0 } },
    ...{
      stampSalt: toHex(salt(1)),
      stampPath: stampTree.proofOf(0).map(toHex),
      batch,
      batchSalt: toHex(salt(8)),
    },
    ...{ batchPath: tree.proofOf(1).map(toHex), lot, anchor, ...(await signature('stamp_batch', batch)) },
  };
  const ofLot: LotBundle = {
    ...{ format: 'nongtin-lot-proof/1', lot, lotSalt: toHex(salt(7)), lotPath: tree.proofOf(0).map(toHex) },
    ...{ anchor, ...(await signature('lot', lot)) },
  };
  return { stamp, ofLot, batchLeaf: toHex(leaves[1] ?? salt(0)), lotLeaf: toHex(leaves[0] ?? salt(0)) };
}

async function verify(bundle: unknown, args: string[] = [], trusted: object = trust()): Promise<number> {
  writeFileSync(join(folder, 'bundle.json'), typeof bundle === 'string' ? bundle : JSON.stringify(bundle));
  writeFileSync(join(folder, 'trust.json'), JSON.stringify(trusted));
  const endpoint = args.includes('--rpc') ? [] : ['--rpc', chain.rpcUrl];
  return runVerify(['bundle.json', '--trust', 'trust.json', ...endpoint, ...args], {
    ...{ from: folder, deployments: join(folder, 'none'), dataDir: join(folder, 'no-data') },
    say: (line) => lines.push(line),
  });
}

/** An endpoint before the chain, that answers some calls in its own way. */
async function between(
  change: (method: string, params: unknown[]) => unknown,
): Promise<{ url: string; close(): void }> {
  const server: Server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, params } = JSON.parse(Buffer.concat(chunks).toString());
    const changed = change(method, params);
    const result = changed === undefined ? await chain.rpc(method, params) : changed;
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

describe('verify', () => {
  it('calls a stamp and a lot genuine that stand for good and are signed, and says what it has looked at', async () => {
    const { stamp, ofLot } = await proofs();
    await chain.finalize();
    expect(await verify(stamp, ['--stamp', `${gtin14}/${serial}`])).toBe(0);
    expect(lines.join('\n')).toContain(
      'GENUINE: It stands for good, is signed, and nothing of it is withdrawn.',
    );
    expect(lines.join('\n')).toContain('A chain for trying out');
    expect(await verify(ofLot, ['--lot', lot.lotNumber, '--json'])).toBe(0);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ verdict: 'genuine', lotNumber: lot.lotNumber });
  });

  it('calls nothing final that can still be undone', async () => {
    const { stamp } = await proofs();
    expect(await verify(stamp)).toBe(10);
  });

  it('tells a root that nobody has anchored', async () => {
    const { stamp } = await proofs();
    await chain.rpc('evm_revert', [snapshot]);
    snapshot = await chain.rpc('evm_snapshot');
    expect(await verify(stamp)).toBe(24);
  });

  it.each<[string, (bundle: ProofBundle) => object, string[]]>([
    ['an altered harvest', (bundle) => ({ ...bundle, lot: { ...bundle.lot, quantityKg: 900 } }), []],
    [
      'another stamp than the one in the hand',
      (bundle) => bundle,
      ['--stamp', `${gtin14}/00000100001WF7CHJ0NB`],
    ],
    ['another lot than was asked about', (bundle) => bundle, ['--lot', 'L2']],
    [
      'a signature of somebody else',
      (bundle) => ({ ...bundle, signature: { ...bundle.signature, address: `0x${'12'.repeat(20)}` } }),
      [],
    ],
  ])('calls a proof broken: %s', async (_, alter, args) => {
    const { stamp } = await proofs();
    await chain.finalize();
    expect(await verify(alter(stamp), args)).toBe(20);
  });

  it('does not take a stamp for signed that nobody signed, or by a key that did not count then', async () => {
    const unsigned = await proofs({ wallet: null });
    await chain.finalize();
    expect(await verify(unsigned.stamp)).toBe(23);
    expect(lines.at(-1)).toContain('NOT SIGNED');
    await chain.rpc('evm_revert', [snapshot]);
    snapshot = await chain.rpc('evm_snapshot');
    const { stamp } = await proofs();
    const { validFrom } = await registry.getFunction('keyOf')(
      cooperativeId,
      cooperativeKeyId(signer.address as Hex),
    );
    await sent(registry, 'revokeKey', cooperativeId, cooperativeKeyId(signer.address as Hex), validFrom);
    await chain.finalize();
    expect(await verify(stamp)).toBe(23);
    expect(lines.at(-1)).toContain('KEY NOT VALID');
  });

  it('sees a batch and a single stamp that were withdrawn, at once', async () => {
    const { stamp, ofLot, batchLeaf, lotLeaf } = await proofs();
    await chain.finalize();
    const byAdmin = anchors.connect(admin) as Contract;
    await sent(byAdmin, 'revokeRange', cooperativeId, batchLeaf, 1, 1);
    expect(await verify(stamp)).toBe(0);
    await sent(byAdmin, 'revokeRange', cooperativeId, batchLeaf, 0, 0);
    expect(await verify(stamp)).toBe(21);
    await chain.finalize();
    expect(await verify(stamp)).toBe(21);
    expect(lines.at(-1)).toContain('Withdrawn by its cooperative, this one stamp.');
    expect(await verify(ofLot)).toBe(0);
    await sent(byAdmin, 'revoke', cooperativeId, lotLeaf);
    await chain.finalize();
    expect(await verify(ofLot)).toBe(21);
  });

  it("calls somebody's own contract by its name, whoever serves the proof", async () => {
    const { AnchorRegistry } = await loadArtifacts();
    const factory = new ContractFactory(
      AnchorRegistry.abi,
      AnchorRegistry.bytecode,
      new Wallet(chain.anchorerKey, provider),
    );
    const own = await factory.deploy(
      admin.address,
      chain.deployment.cooperativeRegistry,
      0,
      [new Wallet(chain.anchorerKey).address],
      [],
    );
    await own.waitForDeployment();
    const { stamp } = await proofs({
      in: new Contract(await own.getAddress(), AnchorRegistry.abi, new Wallet(chain.anchorerKey, provider)),
    });
    await chain.finalize();
    expect(await verify(stamp)).toBe(22);
    expect(lines.at(-1)).toContain('UNKNOWN ISSUER: The proof names the contract');
    // The right address, and other code at it.
    const { codeHashes } = chain.deployment;
    const { stamp: ours } = await proofs();
    await chain.finalize();
    expect(
      await verify(
        ours,
        [],
        trust({ codeHashes: { ...codeHashes, anchorRegistry: `0x${'34'.repeat(32)}` } }),
      ),
    ).toBe(22);
    expect(await verify(ours, [], trust({ alliance: admin.address }))).toBe(22);
    expect(await verify({ ...ours, anchor: { ...ours.anchor, chainId: 1 } })).toBe(22);
  });

  it('calls the right address on the wrong chain by its name, and takes nothing for an answer', async () => {
    const { stamp } = await proofs();
    await chain.finalize();
    const elsewhere = await between((method) => (method === 'eth_chainId' ? '0x1' : undefined));
    expect(await verify(stamp, ['--rpc', elsewhere.url])).toBe(32);
    expect(await verify(stamp, ['--rpc', elsewhere.url, '--rpc', chain.rpcUrl])).toBe(0);
    elsewhere.close();
    expect(await verify(stamp, ['--rpc', elsewhere.url])).toBe(30);
  });

  it('believes no endpoint that another one contradicts, and says when only the issuer was asked', async () => {
    const { stamp, batchLeaf } = await proofs();
    await sent(anchors.connect(admin) as Contract, 'revoke', cooperativeId, batchLeaf);
    await chain.finalize();
    const zero = `0x${'0'.repeat(64)}`;
    const lying = await between((method, params) => {
      const data = (params[0] as { data?: string } | undefined)?.data;
      return method === 'eth_call' && data?.length === 2 + 8 + 128 && data.endsWith(batchLeaf.slice(2))
        ? zero
        : undefined;
    });
    expect(await verify(stamp, ['--rpc', lying.url, '--rpc', chain.rpcUrl])).toBe(31);
    lying.close();
    await chain.rpc('evm_revert', [snapshot]);
    snapshot = await chain.rpc('evm_snapshot');
    const honest = await proofs();
    await chain.finalize();
    const other = await between(() => undefined);
    const both = ['--rpc', chain.rpcUrl, '--rpc', other.url];
    expect(await verify(honest.stamp, both, trust({ operatorHosts: ['127.0.0.1', 'localhost'] }))).toBe(33);
    expect(lines.at(-1)).toContain('only whoever made the proof was asked');
    expect(await verify(honest.stamp, both)).toBe(0);
    other.close();
  });

  it.each<[string, unknown, string[], number, string]>([
    ['no JSON', '{', [], 65, 'is no JSON'],
    ['another version', { format: 'nongtin-proof/9' }, [], 65, 'this verifier reads nongtin-proof/1'],
    ['a field missing', { format: 'nongtin-proof/1' }, [], 65, 'proof.stamp is not an object'],
    [
      'a server that has none',
      { error: { message: 'There is no such stamp.' } },
      [],
      65,
      'There is no such stamp.',
    ],
    ['a wrong option', {}, ['--rpc', 'ftp://x'], 64, '--rpc is "ftp://x"'],
    ['a wrong stamp', {}, ['--stamp', '12'], 64, '--stamp is "12"'],
  ])('says what is wrong: %s', async (_, bundle, args, code, words) => {
    expect(await verify(bundle, args)).toBe(code);
    expect(lines.join('\n')).toContain(words);
  });
});
