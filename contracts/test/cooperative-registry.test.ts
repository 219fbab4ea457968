import { Contract, Interface, id, JsonRpcProvider, Wallet, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cooperativeRegistryAbi, demoCooperative, startTestChain, type TestChain } from '../chain/index.ts';
import { cooperativeIdOf, toHex } from '../encoding/index.ts';
import { expectRefusal } from './refusal.suite.ts';

const [UNKNOWN, ADMITTED, SUSPENDED] = [0n, 1n, 2n];

let chain: TestChain;
let provider: JsonRpcProvider;
/** The registry as each person calls it. */
let alliance: Contract;
let admin: Contract;
let stranger: Contract;
let adminAddress: string;
let strangerAddress: string;

beforeAll(async () => {
  chain = await startTestChain();
  provider = new JsonRpcProvider(chain.rpcUrl, 31_337, {
    staticNetwork: true,
    pollingInterval: 20,
    cacheTimeout: -1,
  });
  const as = (key: string) =>
    new Contract(chain.deployment.cooperativeRegistry, cooperativeRegistryAbi, new Wallet(key, provider));
  alliance = as(chain.keys.alliance);
  admin = as(chain.keys.demoCooperative);
  stranger = as(chain.keys.anchorer);
  adminAddress = new Wallet(chain.keys.demoCooperative).address;
  strangerAddress = new Wallet(chain.keys.anchorer).address;
});

afterAll(async () => {
  provider.destroy();
  await chain.stop();
});

async function send(contract: Contract, name: string, ...args: unknown[]) {
  const receipt = await (await contract.getFunction(name).send(...args)).wait();
  const [log] = receipt?.logs ?? [];
  const event = log === undefined ? null : new Interface(cooperativeRegistryAbi).parseLog(log);
  return { event: event?.name, args: event?.args.toArray(), blockNumber: receipt?.blockNumber ?? 0 };
}

const refusal = (contract: Contract, name: string, args: unknown[], error: string, values: unknown[]) =>
  expectRefusal(contract.getFunction(name).staticCall(...args), error, values);

async function admitted(name: string): Promise<string> {
  const cooperativeId = id(name);
  await send(alliance, 'admit', cooperativeId, name, adminAddress);
  return cooperativeId;
}

async function timeOf(blockNumber: number): Promise<bigint> {
  return BigInt((await provider.getBlock(blockNumber))?.timestamp ?? 0);
}

const keyOf = async (cooperativeId: string, keyId: string) =>
  (await alliance.getFunction('keyOf')(cooperativeId, keyId)).toArray();
const standingOf = async (cooperativeId: string) =>
  (await alliance.getFunction('cooperativeOf')(cooperativeId)).standing;

test('a chain of ours knows the cooperative of the demo', async () => {
  const cooperative = await alliance.getFunction('cooperativeOf')(
    toHex(cooperativeIdOf(demoCooperative.code)),
  );
  expect(cooperative.standing).toBe(ADMITTED);
  expect(cooperative.nameHash).toBe(id(demoCooperative.name));
  expect(cooperative.admin).toBe(adminAddress);
});

test('the alliance admits, suspends and reinstates; each step is told by an event', async () => {
  const cooperativeId = id('htx-one');
  expect(await standingOf(cooperativeId)).toBe(UNKNOWN);
  expect(await send(alliance, 'admit', cooperativeId, 'HTX Một', adminAddress)).toMatchObject({
    event: 'CooperativeAdmitted',
    args: [cooperativeId, 'HTX Một', adminAddress],
  });
  expect(await standingOf(cooperativeId)).toBe(ADMITTED);
  const suspended = await send(alliance, 'suspend', cooperativeId);
  expect(suspended).toMatchObject({ event: 'CooperativeSuspended', args: [cooperativeId] });
  expect(await standingOf(cooperativeId)).toBe(SUSPENDED);
  const reinstated = await send(alliance, 'reinstate', cooperativeId);
  expect(reinstated).toMatchObject({ event: 'CooperativeReinstated', args: [cooperativeId] });
  expect(await standingOf(cooperativeId)).toBe(ADMITTED);
});

test('a step that does not follow is refused with where the cooperative stands', async () => {
  const known = await admitted('htx-steps');
  const unknown = id('htx-nobody');
  await refusal(alliance, 'admit', [known, 'again', adminAddress], 'WrongStanding', [known, ADMITTED]);
  await refusal(alliance, 'reinstate', [known], 'WrongStanding', [known, ADMITTED]);
  await refusal(alliance, 'suspend', [unknown], 'WrongStanding', [unknown, UNKNOWN]);
  await refusal(alliance, 'admit', [ZeroHash, 'zero', adminAddress], 'ZeroCooperativeId', [ZeroHash]);
  await refusal(alliance, 'admit', [unknown, 'nobody', ZeroAddress], 'NoAdmin', [ZeroAddress]);
  await refusal(alliance, 'setKey', [unknown, id('k'), 1, id('p')], 'WrongStanding', [unknown, UNKNOWN]);
});

test('nobody but the alliance admits, suspends or reinstates', async () => {
  const known = await admitted('htx-guarded');
  const role = id('ALLIANCE_ROLE');
  const denied = [adminAddress, role];
  await refusal(
    admin,
    'admit',
    [id('mine'), 'mine', adminAddress],
    'AccessControlUnauthorizedAccount',
    denied,
  );
  await refusal(admin, 'suspend', [known], 'AccessControlUnauthorizedAccount', denied);
  await refusal(admin, 'reinstate', [known], 'AccessControlUnauthorizedAccount', denied);
});

test("a cooperative's admin and the alliance set keys, valid from the block's time, each id once", async () => {
  const cooperativeId = await admitted('htx-keys');
  const [keyId, publicKeyHash] = [id('gateway 1'), id('public key')];
  const { event, args, blockNumber } = await send(admin, 'setKey', cooperativeId, keyId, 1, publicKeyHash);
  expect({ event, args }).toEqual({ event: 'KeySet', args: [cooperativeId, keyId, 1n, publicKeyHash] });
  expect(await keyOf(cooperativeId, keyId)).toEqual([await timeOf(blockNumber), 0n, 1n, publicKeyHash, 0n]);
  await refusal(admin, 'setKey', [cooperativeId, keyId, 1, id('other')], 'KeyAlreadySet', [keyId]);
  await send(alliance, 'setKey', cooperativeId, id('gateway 2'), 1, publicKeyHash);
  const attempt = [cooperativeId, id('gateway 3'), 1, publicKeyHash];
  await refusal(stranger, 'setKey', attempt, 'NotInCharge', [cooperativeId, strangerAddress]);
});

test('a suspended cooperative cannot set keys; the alliance still can revoke them', async () => {
  const cooperativeId = await admitted('htx-suspended');
  const keyId = id('gateway 1');
  const { blockNumber } = await send(admin, 'setKey', cooperativeId, keyId, 1, id('p'));
  await send(alliance, 'suspend', cooperativeId);
  const attempt = [cooperativeId, id('gateway 2'), 1, id('p')];
  await refusal(admin, 'setKey', attempt, 'NotInCharge', [cooperativeId, adminAddress]);
  await send(alliance, 'revokeKey', cooperativeId, keyId, await timeOf(blockNumber));
});

test('a revocation lies between the first moment of the key and now, and moves only back', async () => {
  const cooperativeId = await admitted('htx-revocations');
  const keyId = id('gateway 1');
  const { blockNumber } = await send(admin, 'setKey', cooperativeId, keyId, 1, id('p'));
  const validFrom = await timeOf(blockNumber);
  await chain.rpc('evm_increaseTime', [100]);
  await chain.finalize();
  const revoke = (from: bigint) => [cooperativeId, keyId, from];
  const wrong = (from: bigint) => refusal(admin, 'revokeKey', revoke(from), 'WrongRevocationTime', [from]);
  await wrong(validFrom - 1n);
  await wrong(validFrom + 10_000n);
  const revoked = await send(admin, 'revokeKey', ...revoke(validFrom + 50n));
  expect(revoked).toMatchObject({ event: 'KeyRevoked', args: [cooperativeId, keyId, validFrom + 50n] });
  await wrong(validFrom + 51n);
  await send(admin, 'revokeKey', ...revoke(validFrom + 20n));
  expect((await keyOf(cooperativeId, keyId))[1]).toBe(validFrom + 20n);
  await refusal(admin, 'revokeKey', [cooperativeId, id('?'), validFrom], 'UnknownKey', [id('?')]);
  await refusal(stranger, 'revokeKey', revoke(validFrom), 'NotInCharge', [cooperativeId, strangerAddress]);
});
