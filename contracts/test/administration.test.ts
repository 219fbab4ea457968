import { ContractFactory, Interface, id, JsonRpcProvider, ZeroAddress } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readArtifact } from '../artifacts.ts';
import { openStage, type Stage } from './stage.suite.ts';

const DELAY = 60n;
const both = ['anchors', 'cooperatives'] as const;

let stage: Stage;
let clean: unknown;

beforeAll(async () => {
  stage = await openStage();
});
beforeEach(async () => {
  if (clean !== undefined) await stage.chain.rpc('evm_revert', [clean]);
  clean = await stage.chain.rpc('evm_snapshot');
});
afterAll(() => stage.stop());

async function expectUnbuilt(
  name: 'AnchorRegistry' | 'CooperativeRegistry',
  args: unknown[],
  error: string,
): Promise<void> {
  const provider = new JsonRpcProvider(stage.chain.rpcUrl, 31_337, { staticNetwork: true });
  const { abi, bytecode } = readArtifact(name);
  const creation = await new ContractFactory(abi, bytecode).getDeployTransaction(...args);
  const refusal = await provider.call(creation).then(
    () => undefined,
    (caught: { data?: string }) => new Interface(abi).parseError(caught.data ?? '0x')?.name,
  );
  provider.destroy();
  expect(refusal).toBe(error);
}

test('a contract that nobody could administer, or that has no registry to ask, cannot be built', async () => {
  const [alliance, registry] = [stage.addressOf('alliance'), stage.address.cooperatives];
  await expectUnbuilt('CooperativeRegistry', [ZeroAddress, 60], 'AccessControlInvalidDefaultAdmin');
  const nobody = [ZeroAddress, registry, 60, [], []];
  await expectUnbuilt('AnchorRegistry', nobody, 'AccessControlInvalidDefaultAdmin');
  await expectUnbuilt('AnchorRegistry', [alliance, alliance, 60, [], []], 'NoRegistry');
});

test('a handover that has begun can be taken back; the delay itself changes no faster than it says', async () => {
  for (const contract of both) {
    const read = (name: string, ...args: unknown[]) => stage.read(contract, name, ...args);
    expect([await read('owner'), await read('defaultAdminDelay')]).toEqual([
      await read('defaultAdmin'),
      DELAY,
    ]);
    await stage.send('alliance', contract, 'beginDefaultAdminTransfer', stage.addressOf('thief'));
    await stage.send('alliance', contract, 'cancelDefaultAdminTransfer');
    expect(await read('pendingDefaultAdmin')).toEqual([ZeroAddress, 0n]);
    await stage.pass(1_000);
    expect(await stage.call('thief', contract, 'acceptDefaultAdminTransfer')).toMatchObject({
      error: 'AccessControlInvalidDefaultAdmin',
    });
    const { time } = await stage.send('alliance', contract, 'changeDefaultAdminDelay', 10);
    expect(await read('pendingDefaultAdminDelay'), 'a shorter delay waits out the difference').toEqual([
      10n,
      time + DELAY - 10n,
    ]);
    await stage.send('alliance', contract, 'rollbackDefaultAdminDelay');
    await stage.pass(1_000);
    expect(await read('defaultAdminDelay')).toBe(DELAY);
    expect(await read('defaultAdminDelayIncreaseWait'), 'five days at most').toBe(432_000n);
  }
});

test('roles are given and taken at once by the administrator, and given up by who has them', async () => {
  const role = id('ANCHORER_ROLE');
  const cloud = stage.addressOf('cloud');
  const has = () => stage.read('anchors', 'hasRole', role, cloud);
  expect(await stage.read('anchors', 'getRoleAdmin', role)).toBe(
    await stage.read('anchors', 'DEFAULT_ADMIN_ROLE'),
  );
  await stage.send('alliance', 'anchors', 'grantRole', role, cloud);
  await stage.send('cloud', 'anchors', 'renounceRole', role, cloud);
  expect(await has()).toBe(false);
  await stage.send('alliance', 'anchors', 'grantRole', role, cloud);
  await stage.send('alliance', 'anchors', 'revokeRole', role, cloud);
  expect(await has()).toBe(false);
  for (const contract of both)
    expect(await stage.read(contract, 'supportsInterface', '0x7965db0b'), 'ERC-165: AccessControl').toBe(
      true,
    );
});

test('constants and the registry are what readers rely on', async () => {
  expect(await stage.read('anchors', 'registry')).toBe(stage.address.cooperatives);
  expect(await stage.read('anchors', 'ANCHORER_ROLE')).toBe(id('ANCHORER_ROLE'));
  expect(await stage.read('anchors', 'GUARDIAN_ROLE')).toBe(id('GUARDIAN_ROLE'));
  expect(await stage.read('anchors', 'MAX_RANGE_WORDS')).toBe(256n);
  expect(await stage.read('cooperatives', 'ALLIANCE_ROLE')).toBe(id('ALLIANCE_ROLE'));
});

test('what a call costs is what the snapshot says', async () => {
  const [cooperative, root, leaf, keyId] = [id('htx'), id('root'), id('leaf'), id('key')];
  const an = stage.addressOf('an');
  const lines: string[] = [];
  const measure = async (note: string, ...call: Parameters<Stage['send']>) => {
    const { gasUsed } = await stage.send(...call);
    lines.push(`${`${call[2]}${note}`.padEnd(44)} ${gasUsed}`);
  };
  await measure(' ANCHORER_ROLE', 'alliance', 'anchors', 'grantRole', id('ANCHORER_ROLE'), an);
  await measure(', one leaf', 'an', 'anchors', 'anchor', root, 1);
  await measure(', 2^64-1 leaves', 'an', 'anchors', 'anchor', id('root 2'), 2n ** 64n - 1n);
  await measure('', 'alliance', 'cooperatives', 'admit', cooperative, 'HTX Thanh long', an);
  await measure('', 'an', 'cooperatives', 'setKey', cooperative, keyId, 2, leaf);
  await measure('', 'an', 'anchors', 'revoke', cooperative, leaf);
  await measure(', again', 'an', 'anchors', 'revoke', cooperative, leaf);
  await measure(', one stamp', 'an', 'anchors', 'revokeRange', cooperative, leaf, 7, 7);
  await measure(', another of its word', 'an', 'anchors', 'revokeRange', cooperative, leaf, 8, 8);
  await measure(', 65,536 stamps', 'an', 'anchors', 'revokeRange', cooperative, root, 0, 65_535);
  const text = `# Gas used by a transaction, on anvil\n${lines.join('\n')}\n`;
  // npx vitest run contracts/test/administration.test.ts -u rewrites it.
  await expect(text).toMatchFileSnapshot('../snapshots/gas.txt');
});
