import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@nongtin/service';
import {
  type ErrorDescription,
  type ErrorFragment,
  encryptKeystoreJsonSync,
  Wallet,
  ZeroAddress,
} from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { CONTRACTS } from '../../artifacts.ts';
import {
  addressHash,
  cooperativeIdOf,
  cooperativeKeyId,
  type Hex,
  readKey,
  toHex,
} from '../../encoding/index.ts';
import { type Anvil, startAnvil } from '../anvil.ts';
import { interfaceOf } from './call-arguments.ts';
import { refusalOf } from './refusals.ts';
import { runChainCommand } from './run.ts';

const alliance = new Wallet(`0x${'11'.repeat(32)}`);
const cooperative = new Wallet(`0x${'22'.repeat(32)}`);
const cloud = new Wallet(`0x${'33'.repeat(32)}`).address;

let folder: string;
let anvil: Anvil;
let clean: unknown;
let said: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nongtin-call-'));
  anvil = await startAnvil({
    ...{ port: await freePort(), chainId: 4_242, folder, allowOrigin: 'http://localhost' },
  });
  for (const [name, { address, privateKey }] of Object.entries({ alliance, cooperative })) {
    const json = encryptKeystoreJsonSync({ address, privateKey }, 'ngựa', { scrypt: { N: 1_024 } });
    writeFileSync(join(folder, `${name}.json`), json);
    await anvil.rpc('anvil_setBalance', [address, `0x${(10n ** 18n).toString(16)}`]);
  }
  writeFileSync(join(folder, 'passphrase'), 'ngựa\n');
  expect(await run('deploy', '--keystore', 'alliance.json', '--anchorer', cloud, '--yes'), told()).toBe(0);
});
beforeEach(async () => {
  if (clean !== undefined) await anvil.rpc('evm_revert', [clean]);
  clean = await anvil.rpc('evm_snapshot');
  said = [];
});
afterAll(async () => {
  await anvil.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const told = () => said.join('\n');

/** The exit code; what was said is in `said`. */
function run(...args: string[]): Promise<number> {
  return runChainCommand([...args, '--rpc', anvil.rpcUrl, '--out', '.'], folder, {
    ...{ say: (line) => said.push(line), monotonicMs: () => 0, pause: async () => {} },
    ...{ passphraseFile: join(folder, 'passphrase'), ask: async () => 'yes' },
  });
}

const byAlliance = ['--keystore', 'alliance.json'];
const byCooperative = ['--keystore', 'cooperative.json'];
const admit = ['call', 'admit', 'htx-ham-minh', 'HTX Hàm Minh', cooperative.address] as const;

test('the alliance admits a cooperative by its short name, which then sets a key and ends it at a moment', async () => {
  expect(await run(...admit, ...byAlliance), told()).toBe(0);
  expect(told()).toContain('name: HTX Hàm Minh');
  expect(told()).toMatch(/admit is done, in block \d+/);
  const [keyId, hash] = [`0x${'ab'.repeat(32)}`, `0x${'cd'.repeat(32)}`];
  expect(await run('call', 'setKey', 'htx-ham-minh', keyId, '2', hash, ...byCooperative), told()).toBe(0);
  const ending = ['call', 'retireKey', 'htx-ham-minh', keyId, '2099-01-01T07:00:00+07:00'];
  expect(await run(...ending, ...byCooperative), told()).toBe(0);
  const { cooperativeRegistry: contract, chainId } = JSON.parse(
    readFileSync(join(folder, '4242.json'), 'utf8'),
  );
  const cooperativeId = toHex(cooperativeIdOf('htx-ham-minh'));
  const key = await readKey((method, params) => anvil.rpc(method, params), {
    ...{ chainId, contract, cooperativeId, keyId },
  });
  expect(key).toMatchObject({ validUntilMs: Date.UTC(2099, 0, 1) });
});

test('a call that the contract would refuse is told with its reason, and nothing is sent', async () => {
  const before = await anvil.rpc('eth_blockNumber');
  expect(await run(...admit, ...byCooperative)).toBe(1);
  expect(told()).toContain(
    `AccessControlUnauthorizedAccount(account ${cooperative.address}, neededRole ALLIANCE_ROLE). The caller has not that role`,
  );
  expect(await run('call', 'revoke', 'alliance', `0x${'ab'.repeat(32)}`, ...byCooperative)).toBe(1);
  expect(told()).toContain('The contract refuses revoke: NotIssuer(');
  expect(await run('call', 'suspend', 'htx-nobody', ...byAlliance)).toBe(1);
  expect(told()).toMatch(/The contract refuses suspend: WrongStanding\(.*standing unknown\)\. One that is/);
  expect(await anvil.rpc('eth_blockNumber')).toBe(before);
});

test('a signing key is named by its address, and revoked by it', async () => {
  expect(await run(...admit, ...byAlliance), told()).toBe(0);
  const set = ['call', 'setKey', 'htx-ham-minh', cloud, 'cooperative', cloud];
  expect(await run(...set, ...byCooperative), told()).toBe(0);
  const { timestamp } = (await anvil.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string };
  const revoke = ['call', 'revokeKey', 'htx-ham-minh', cloud, `${Number(timestamp)}`];
  expect(await run(...revoke, ...byCooperative), told()).toBe(0);
  expect(told()).toContain(`(${cloud})`);
  const { cooperativeRegistry: contract, chainId } = JSON.parse(
    readFileSync(join(folder, '4242.json'), 'utf8'),
  );
  const keyId = cooperativeKeyId(cloud as Hex);
  const cooperativeId = toHex(cooperativeIdOf('htx-ham-minh'));
  const rpc = (method: string, params: readonly unknown[]) => anvil.rpc(method, params);
  expect(await readKey(rpc, { chainId, contract, cooperativeId, keyId })).toMatchObject({
    ...{ kind: 'key', keyKind: 2, publicKeyHash: addressHash(cloud as Hex) },
    revokedFromMs: Number(timestamp) * 1_000,
  });
});

test('a proposed administrator is taken back', async () => {
  expect(await run(...admit, ...byAlliance), told()).toBe(0);
  expect(await run('call', 'proposeAdmin', 'htx-ham-minh', alliance.address, ...byAlliance), told()).toBe(0);
  expect(await run('call', 'proposeAdmin', 'htx-ham-minh', ZeroAddress, ...byAlliance), told()).toBe(0);
  expect(await run('call', 'acceptAdmin', 'htx-ham-minh', ...byAlliance)).toBe(1);
  expect(told()).toContain('NotProposed(');
});

test('taking a role from who has none is not told as done', async () => {
  const before = await anvil.rpc('eth_blockNumber');
  expect(await run('call', 'suspendAnchorer', cooperative.address, ...byAlliance)).toBe(1);
  expect(told()).toContain(
    `${cooperative.address} has not ANCHORER_ROLE in AnchorRegistry: there is nothing`,
  );
  const revoke = ['call', 'CooperativeRegistry.revokeRole', 'ALLIANCE_ROLE'];
  expect(await run(...revoke, cooperative.address)).toBe(1);
  expect(await anvil.rpc('eth_blockNumber')).toBe(before);
  expect(await run('call', 'AnchorRegistry.revokeRole', 'ANCHORER_ROLE', cloud, ...byAlliance), told()).toBe(
    0,
  );
});

test('every refusal that the contracts know is told with what it means', () => {
  const errors = CONTRACTS.flatMap((contract) => {
    const found: ErrorFragment[] = [];
    interfaceOf(contract).forEachError((one) => found.push(one));
    return found;
  });
  const silent = errors.filter((fragment) => {
    const told = refusalOf({ name: fragment.name, fragment, args: [] } as unknown as ErrorDescription);
    return /^\w+\([^()]*\)\.$/.test(told);
  });
  // A cast of OpenZeppelin's: no call gets there.
  expect(silent.map(({ name }) => name).filter((name) => !name.startsWith('SafeCast'))).toEqual([]);
});

test('without a keystore it prints what a wallet of several people has to send, tried as that wallet', async () => {
  const grant = ['call', 'AnchorRegistry.grantRole', 'ANCHORER_ROLE', cooperative.address];
  expect(await run(...grant, '--from', alliance.address), told()).toBe(0);
  const data = /data {2}(0x[0-9a-f]+)/.exec(told())?.[1];
  const to = /to {4}(0x[0-9a-fA-F]{40})/.exec(told())?.[1];
  await anvil.rpc('anvil_impersonateAccount', [alliance.address]);
  await anvil.rpc('eth_sendTransaction', [{ from: alliance.address, to, data }]);
  said = [];
  expect(await run('status')).toBe(0);
  expect(told()).toContain(`ANCHORER_ROLE: ${cloud} (0.0), ${cooperative.address} (1.0)`);
  said = [];
  expect(await run(...grant, '--from', cooperative.address)).toBe(1);
  expect(told()).toContain('The contract refuses grantRole: AccessControlUnauthorizedAccount(');
});

test.each([
  [[], '  admit cooperativeId name admin\n'],
  [['destroy'], 'there is no function destroy\nUsage'],
  [['grantRole', 'ANCHORER_ROLE', cloud], 'say AnchorRegistry.grantRole or CooperativeRegistry.grantRole'],
  [['suspend'], '0 arguments were given; suspend cooperativeId takes 1.'],
  [['suspend', 'HTX Hàm Minh'], 'cooperativeId is "HTX Hàm Minh": give a cooperative\'s short name'],
  [['suspendAnchorer', '0x12'], 'anchorer is "0x12": give an address'],
  [
    ['anchor', `0x${'00'.repeat(32)}`, '18446744073709551616'],
    'treeSize is "18446744073709551616": give a whole number',
  ],
  [['revokeKey', 'htx', `0x${'00'.repeat(32)}`, 'yesterday'], 'revokedFrom is "yesterday": give a time'],
  [
    ['AnchorRegistry.grantRole', 'ALLIANCE_ROLE', cloud],
    'role is "ALLIANCE_ROLE": AnchorRegistry has ANCHORER_ROLE, GUARDIAN_ROLE, DEFAULT_ADMIN_ROLE',
  ],
  [['admit', 'htx', 'HTX', `0x${'00'.repeat(20)}`], 'not zero'],
  [['revokeKey', 'htx', '0x12', '0'], "or a signing key's address"],
])('%j is told as wrong, with what is expected', async (args, sentence) => {
  expect(await run('call', ...args)).toBe(1);
  expect(told()).toContain(sentence);
});
