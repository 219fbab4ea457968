import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadArtifacts } from '../chain/deploy.ts';
import { anchorRegistryAbi, cooperativeRegistryAbi, startTestChain, type TestChain } from '../chain/index.ts';
import { addressHash, cooperativeKeyId, type Hex, keyKinds, type ProofBundle } from '../encoding/index.ts';
import {
  anchoredProofs,
  cooperativeId,
  gtin14,
  lot,
  type ProofOptions,
  sent,
  serial,
} from './proofs.suite.ts';
import { runVerify } from './run.ts';

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

/** Two stamps, their batch and their lot, anchored in one tree of two. */
const proofs = (options: { wallet?: ProofOptions['wallet']; in?: Contract } = {}) =>
  anchoredProofs({ signer, wallet: options.wallet, contract: options.in ?? anchors });

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

  const dead = {
    chainId: 7,
    anchorRegistry: `0x${'ab'.repeat(20)}`,
    cooperativeRegistry: `0x${'cd'.repeat(20)}`,
  };
  const keptOf = (stamp: ProofBundle): ProofBundle => ({
    ...stamp,
    anchor: { ...stamp.anchor, chainId: 7, contract: dead.anchorRegistry as Hex },
  });

  it('looks up a proof of a deployment that the trusted one succeeds there, and says so', async () => {
    const { stamp } = await proofs();
    const successor = trust({ succeeds: [dead] });
    const kept = keptOf(stamp);
    expect(await verify(kept, [], successor)).toBe(10);
    await chain.finalize();
    expect(await verify(kept, [], successor)).toBe(0);
    expect(lines.join('\n')).toMatch(
      /anchored first on chain 7, in 0xab.*By .*trust.json the deployment on chain/,
    );
    expect(lines.join('\n')).toContain('which is later than the first');
    expect(await verify(kept, ['--json'], successor)).toBe(0);
    const anchoredFirst = { chainId: 7, contract: dead.anchorRegistry };
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ verdict: 'genuine', anchoredFirst });
    const elsewhere = await between((method) => (method === 'eth_chainId' ? '0x7' : undefined));
    expect(await verify(kept, ['--rpc', elsewhere.url], successor)).toBe(32);
    elsewhere.close();
    await chain.rpc('evm_revert', [snapshot]);
    snapshot = await chain.rpc('evm_snapshot');
    expect(await verify(kept, [], successor)).toBe(24);
    expect(lines.at(-1)).toContain('not anchored again yet');
  });

  it('takes the word for it from the trusted file alone', async () => {
    const { stamp } = await proofs();
    await chain.finalize();
    const kept = keptOf(stamp);
    expect(await verify(kept)).toBe(22);
    expect(await verify({ ...kept, succeeds: [dead] })).toBe(65);
    const other = { ...kept.anchor, contract: `0x${'12'.repeat(20)}` };
    expect(await verify({ ...kept, anchor: other }, [], trust({ succeeds: [dead] }))).toBe(22);
    const onOther = { ...kept.anchor, chainId: 8 };
    expect(await verify({ ...kept, anchor: onOther }, [], trust({ succeeds: [dead] }))).toBe(22);
    expect(await verify(kept, [], trust({ succeeds: [{ chainId: 7 }] }))).toBe(64);
  });

  it('finds the newest of a line of deployments by itself', async () => {
    const { stamp } = await proofs();
    await chain.finalize();
    const deployments = join(folder, 'deployments');
    mkdirSync(deployments, { recursive: true });
    const write = (name: string, value: object) =>
      writeFileSync(join(deployments, name), JSON.stringify(value));
    const second = { ...dead, chainId: 1 };
    write('7.json', trust(dead));
    write('1.json', trust({ ...second, succeeds: [dead] }));
    write('31337.json', trust({ succeeds: [second, dead] }));
    write('9.json', {});
    writeFileSync(join(folder, 'kept.json'), JSON.stringify(keptOf(stamp)));
    const place = { from: folder, deployments, dataDir: join(folder, 'no-data') };
    const say = (line: string) => lines.push(line);
    expect(await runVerify(['kept.json', '--rpc', chain.rpcUrl], { ...place, say })).toBe(0);
    expect(lines.join('\n')).toContain(`trusted: ${join(deployments, '31337.json')}`);
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
