import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@nongtin/service';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { cooperativeIdOf, readKey, toHex } from '../../encoding/index.ts';
import { type Anvil, startAnvil } from '../anvil.ts';
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
  expect(told()).toContain(`AccessControlUnauthorizedAccount(account ${cooperative.address}`);
  expect(await run('call', 'revoke', 'alliance', `0x${'ab'.repeat(32)}`, ...byCooperative)).toBe(1);
  expect(told()).toContain('The contract refuses revoke: NotIssuer(');
  expect(await run('call', 'suspend', 'htx-nobody', ...byAlliance)).toBe(1);
  expect(told()).toContain('The contract refuses suspend: WrongStanding(');
  expect(await anvil.rpc('eth_blockNumber')).toBe(before);
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
  [['suspend', 'HTX Hàm Minh'], 'cooperativeId is "HTX Hàm Minh": give 0x and 64 hex digits'],
  [['suspendAnchorer', '0x12'], 'anchorer is "0x12": give an address'],
  [
    ['anchor', `0x${'00'.repeat(32)}`, '18446744073709551616'],
    'treeSize is "18446744073709551616": give a whole number',
  ],
  [['revokeKey', 'htx', `0x${'00'.repeat(32)}`, 'yesterday'], 'revokedFrom is "yesterday": give a time'],
  [['AnchorRegistry.grantRole', 'BOSS', cloud], 'role is "BOSS"'],
])('%j is told as wrong, with what is expected', async (args, sentence) => {
  expect(await run('call', ...args)).toBe(1);
  expect(told()).toContain(sentence);
});
