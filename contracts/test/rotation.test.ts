import { id, keccak256, ZeroAddress, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  cooperativeIdOf,
  isKeyValidAt,
  type RegistryKey,
  readCooperative,
  readKey,
  toHex,
} from '../encoding/index.ts';
import { openStage, type Stage } from './stage.suite.ts';

const SIGNS = 2;
const cooperative = toHex(cooperativeIdOf('htx-one'));
const [oldKey, newKey] = [id('key 1'), id('key 2')];
const DAY = 86_400;

let stage: Stage;
let clean: unknown;
let setAt: bigint;

beforeAll(async () => {
  stage = await openStage();
  await stage.send('alliance', 'cooperatives', 'admit', cooperative, 'Một', stage.addressOf('an'));
  setAt = (await doAs('an', 'setKey', cooperative, oldKey, SIGNS, hashOf('old'))).time;
});
beforeEach(async () => {
  if (clean !== undefined) await stage.chain.rpc('evm_revert', [clean]);
  clean = await stage.chain.rpc('evm_snapshot');
});
afterAll(() => stage.stop());

const hashOf = (person: string) => keccak256(stage.addressOf(person));
const doAs = (person: string, name: string, ...args: unknown[]) =>
  stage.send(person, 'cooperatives', name, ...args);
const tryAs = (person: string, name: string, ...args: unknown[]) =>
  stage.call(person, 'cooperatives', name, ...args);
const propose = (person = 'an', replaced = oldKey, overlap = DAY) =>
  doAs(person, 'proposeKey', cooperative, newKey, SIGNS, hashOf('new'), replaced, overlap);
const rpc = (method: string, params: readonly unknown[]) => stage.chain.rpc(method, params);
const question = () => ({
  chainId: 31_337,
  contract: stage.address.cooperatives,
  cooperativeId: cooperative,
});
const ask = (keyId: string) => readKey(rpc, { ...question(), keyId });
const validAt = (keyId: string, time: bigint) =>
  stage.read('cooperatives', 'isKeyValidAt', cooperative, keyId, time);

test('a proposed key speaks once it has accepted; the one before it counts until the overlap has passed', async () => {
  expect((await propose()).told).toEqual([
    { event: 'KeyProposed', args: [cooperative, newKey, BigInt(SIGNS), hashOf('new')] },
  ]);
  expect(await ask(newKey)).toEqual({ kind: 'missing' });
  const { told, time } = await doAs('new', 'acceptKey', cooperative, newKey);
  expect(told).toEqual([
    { event: 'KeySet', args: [cooperative, newKey, BigInt(SIGNS), hashOf('new')] },
    { event: 'KeyRetired', args: [cooperative, oldKey, time + BigInt(DAY)] },
  ]);
  expect(await ask(newKey)).toEqual({
    kind: 'key',
    keyKind: SIGNS,
    publicKeyHash: hashOf('new'),
    validFromMs: Number(time) * 1000,
  });
  expect(await ask(oldKey)).toMatchObject({ validUntilMs: (Number(time) + DAY) * 1000 });
  const end = time + BigInt(DAY);
  expect([await validAt(oldKey, end - 1n), await validAt(oldKey, end)]).toEqual([true, false]);
  expect([await validAt(newKey, time - 1n), await validAt(newKey, time)]).toEqual([false, true]);
  expect(await tryAs('new', 'acceptKey', cooperative, newKey), 'once').toMatchObject({
    error: 'NotProposed',
  });
});

test('only the proposed key accepts, under its own id, and only the last proposal counts', async () => {
  const accept = (person: string, keyId = newKey) => tryAs(person, 'acceptKey', cooperative, keyId);
  expect(await accept('new')).toMatchObject({ error: 'NotProposed' });
  await propose();
  expect(await accept('thief')).toMatchObject({
    error: 'NotProposed',
    args: [cooperative, expect.anything()],
  });
  expect(await accept('an')).toMatchObject({ error: 'NotProposed' });
  expect(await accept('new', id('another'))).toMatchObject({ error: 'NotProposed' });
  await doAs('an', 'proposeKey', cooperative, id('key 3'), SIGNS, hashOf('third'), ZeroHash, 0);
  expect(await accept('new')).toMatchObject({ error: 'NotProposed' });
  await doAs('third', 'acceptKey', cooperative, id('key 3'));
  expect(await ask(oldKey), 'replaces none').not.toHaveProperty('validUntilMs');
});

test('a proposal needs who is in charge, a new id, and a known key to replace', async () => {
  const attempt = (person: string, ...args: unknown[]) => tryAs(person, 'proposeKey', ...args);
  const rest = [SIGNS, hashOf('new'), oldKey, DAY];
  expect(await attempt('thief', cooperative, newKey, ...rest)).toMatchObject({ error: 'NotInCharge' });
  expect(await attempt('alliance', id('nobody'), newKey, ...rest)).toMatchObject({ error: 'WrongStanding' });
  expect(await attempt('an', cooperative, oldKey, ...rest)).toMatchObject({ error: 'KeyAlreadySet' });
  const unknown = [SIGNS, hashOf('new'), id('?'), DAY];
  expect(await attempt('an', cooperative, newKey, ...unknown)).toMatchObject({
    error: 'UnknownKey',
    args: [id('?')],
  });
  await propose();
  await doAs('an', 'setKey', cooperative, newKey, SIGNS, hashOf('new'));
  expect(await tryAs('new', 'acceptKey', cooperative, newKey)).toMatchObject({ error: 'KeyAlreadySet' });
});

test('a planned end lies ahead and moves only nearer; a rotation does not put it off', async () => {
  const retire = (person: string, until: bigint) => tryAs(person, 'retireKey', cooperative, oldKey, until);
  const { time } = await doAs('an', 'retireKey', cooperative, oldKey, setAt + BigInt(DAY));
  expect(await retire('an', time - 10n)).toMatchObject({ error: 'WrongEnd', args: [time - 10n] });
  expect(await retire('an', setAt + BigInt(DAY))).toMatchObject({ error: 'WrongEnd' });
  expect(await retire('thief', setAt + 100n)).toMatchObject({ error: 'NotInCharge' });
  expect(await tryAs('an', 'retireKey', cooperative, id('?'), setAt)).toMatchObject({ error: 'UnknownKey' });
  await propose('an', oldKey, 30 * DAY);
  expect((await doAs('new', 'acceptKey', cooperative, newKey)).told).toHaveLength(1);
  await doAs('alliance', 'retireKey', cooperative, oldKey, setAt + BigInt(DAY) - 1n);
  expect(await ask(oldKey)).toMatchObject({ validUntilMs: (Number(setAt) + DAY - 1) * 1000 });
});

test('what the contract says of a time, the reader says too: window, end and revocation', async () => {
  await doAs('an', 'retireKey', cooperative, oldKey, setAt + 1_000n);
  await stage.pass(2_000);
  await doAs('an', 'revokeKey', cooperative, oldKey, setAt + 500n);
  const key = (await ask(oldKey)) as RegistryKey;
  expect(key.revokedFromMs).toBe((Number(setAt) + 500) * 1000);
  for (const after of [-1n, 0n, 499n, 500n, 999n, 1_000n]) {
    const time = setAt + after;
    expect(isKeyValidAt(key, Number(time) * 1000)).toBe(await validAt(oldKey, time));
  }
  expect(await validAt(id('?'), setAt)).toBe(false);
});

test("a cooperative's admin changes in two steps; the old one acts until the new one has accepted", async () => {
  expect((await doAs('an', 'proposeAdmin', cooperative, stage.addressOf('chi'))).told).toMatchObject([
    { event: 'AdminProposed' },
  ]);
  expect((await tryAs('an', 'setKey', cooperative, newKey, 1, id('p'))).ok).toBe(true);
  expect(await tryAs('thief', 'acceptAdmin', cooperative)).toMatchObject({ error: 'NotProposed' });
  expect((await doAs('chi', 'acceptAdmin', cooperative)).told).toMatchObject([{ event: 'AdminChanged' }]);
  expect(await tryAs('an', 'setKey', cooperative, newKey, 1, id('p'))).toMatchObject({
    error: 'NotInCharge',
  });
  expect((await tryAs('chi', 'setKey', cooperative, newKey, 1, id('p'))).ok).toBe(true);
  expect(await readCooperative(rpc, question())).toMatchObject({
    kind: 'cooperative',
    standing: 'admitted',
    admin: stage.addressOf('chi'),
    nameHash: id('Một'),
  });
});

test('a proposed admin can be taken back, and needs who is in charge of a cooperative that was admitted', async () => {
  await doAs('an', 'proposeAdmin', cooperative, stage.addressOf('chi'));
  await doAs('an', 'proposeAdmin', cooperative, ZeroAddress);
  expect(await tryAs('chi', 'acceptAdmin', cooperative)).toMatchObject({ error: 'NotProposed' });
  const chi = stage.addressOf('chi');
  expect(await tryAs('chi', 'proposeAdmin', cooperative, chi)).toMatchObject({ error: 'NotInCharge' });
  expect(await tryAs('alliance', 'proposeAdmin', id('?'), chi)).toMatchObject({ error: 'WrongStanding' });
});

test("a suspension forgets a thief's proposals; the alliance's own can still be accepted", async () => {
  await doAs('an', 'proposeAdmin', cooperative, stage.addressOf('thief'));
  await propose();
  const [proposal, admin] = (await stage.read('cooperatives', 'proposalsOf', cooperative)) as [
    { keyId: string },
    string,
  ];
  expect([proposal.keyId, admin.toLowerCase()]).toEqual([newKey, stage.addressOf('thief')]);
  await doAs('alliance', 'suspend', cooperative);
  expect(await tryAs('thief', 'acceptAdmin', cooperative)).toMatchObject({ error: 'NotProposed' });
  expect(await tryAs('new', 'acceptKey', cooperative, newKey)).toMatchObject({ error: 'NotProposed' });
  await doAs('alliance', 'proposeAdmin', cooperative, stage.addressOf('chi'));
  await doAs('chi', 'acceptAdmin', cooperative);
  expect(await stage.read('cooperatives', 'mayActFor', cooperative, stage.addressOf('chi'))).toBe(false);
  expect(await readCooperative(rpc, question())).toMatchObject({ standing: 'suspended' });
  await doAs('alliance', 'reinstate', cooperative);
  expect(await stage.read('cooperatives', 'mayActFor', cooperative, stage.addressOf('chi'))).toBe(true);
});

test('the administrator of both contracts changes in two steps, a delay apart', async () => {
  const dan = stage.addressOf('dan');
  for (const contract of ['anchors', 'cooperatives'] as const) {
    const admin = (person: string, name: string, ...args: unknown[]) =>
      stage.call(person, contract, name, ...args);
    expect(await admin('alliance', 'grantRole', ZeroHash, dan)).toMatchObject({
      error: 'AccessControlEnforcedDefaultAdminRules',
    });
    expect(await admin('alliance', 'renounceRole', id('x'), dan)).toMatchObject({
      error: 'AccessControlBadConfirmation',
    });
    await stage.send('alliance', contract, 'beginDefaultAdminTransfer', dan);
    expect(await admin('dan', 'acceptDefaultAdminTransfer')).toMatchObject({
      error: 'AccessControlEnforcedDefaultAdminDelay',
    });
    expect(await admin('thief', 'acceptDefaultAdminTransfer')).toMatchObject({
      error: 'AccessControlInvalidDefaultAdmin',
    });
    await stage.pass(61);
    await stage.send('dan', contract, 'acceptDefaultAdminTransfer');
    expect(await admin('alliance', 'grantRole', id('x'), dan)).toMatchObject({
      error: 'AccessControlUnauthorizedAccount',
    });
  }
});
