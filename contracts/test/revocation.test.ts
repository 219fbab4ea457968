import { decodeRlp, id, ZeroHash } from 'ethers';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  allianceIssuer,
  buildTree,
  cooperativeIdOf,
  leafHash,
  leafKinds,
  readRevocation,
  recordDigest,
  toHex,
} from '../encoding/index.ts';
import { openStage, type Stage } from './stage.suite.ts';
import { anchorSlot, rlpNumber, type StateProof, valueByProof } from './state-proof.suite.ts';

const cooperative = toHex(cooperativeIdOf('htx-one'));
const other = toHex(cooperativeIdOf('htx-two'));
const leaf = id('a leaf');
const LAST = 2 ** 32 - 1;

let stage: Stage;
let clean: unknown;

beforeAll(async () => {
  stage = await openStage();
  await stage.send('alliance', 'cooperatives', 'admit', cooperative, 'Một', stage.addressOf('an'));
  await stage.send('alliance', 'cooperatives', 'admit', other, 'Hai', stage.addressOf('binh'));
  await stage.send('alliance', 'anchors', 'grantRole', id('ANCHORER_ROLE'), stage.addressOf('cloud'));
  await stage.send('alliance', 'anchors', 'grantRole', id('GUARDIAN_ROLE'), stage.addressOf('guard'));
});
beforeEach(async () => {
  if (clean !== undefined) await stage.chain.rpc('evm_revert', [clean]);
  clean = await stage.chain.rpc('evm_snapshot');
});
afterAll(() => stage.stop());

const revoke = (person: string, issuer: string) => stage.call(person, 'anchors', 'revoke', issuer, leaf);
const range = (person: string, from: number, to: number) =>
  stage.send(person, 'anchors', 'revokeRange', cooperative, leaf, from, to);
const bitmap = (word: number) => stage.read('anchors', 'revokedStamps', cooperative, leaf, word);

const ask = (stampIndex?: number) =>
  readRevocation((method, params) => stage.chain.rpc(method, params), {
    chainId: 31_337,
    contract: stage.address.anchors,
    issuers: [cooperative, allianceIssuer],
    leaf,
    ...(stampIndex === undefined ? {} : { stampIndex }),
  });

test("a cooperative's admin revokes a leaf; it stays revoked since the first time, and says so once", async () => {
  const first = await stage.send('an', 'anchors', 'revoke', cooperative, leaf);
  const told = { event: 'LeafRevoked', args: [cooperative, leaf, expect.anything()] };
  expect(first.told).toEqual([told]);
  await stage.pass(100);
  expect((await stage.send('an', 'anchors', 'revoke', cooperative, leaf)).told).toEqual([]);
  expect(await stage.read('anchors', 'revokedAt', cooperative, leaf)).toBe(first.time);
  expect(await ask()).toEqual({
    kind: 'revoked',
    what: 'leaf',
    issuer: cooperative,
    revokedAtMs: Number(first.time) * 1000,
  });
  expect(await ask(7), 'with its batch, every stamp').toMatchObject({ kind: 'revoked', what: 'leaf' });
});

test('the alliance revokes in its own name and in that of a cooperative, which cannot revoke in its', async () => {
  await stage.send('alliance', 'anchors', 'revoke', cooperative, leaf);
  await stage.send('alliance', 'anchors', 'revoke', allianceIssuer, leaf);
  expect(await stage.read('anchors', 'ALLIANCE_ISSUER')).toBe(allianceIssuer);
  expect(await revoke('an', allianceIssuer)).toEqual({
    ok: false,
    error: 'NotIssuer',
    args: [allianceIssuer, expect.anything()],
  });
  const admit = ['admit', allianceIssuer, 'Liên minh', stage.addressOf('an')] as const;
  expect(await stage.call('alliance', 'cooperatives', ...admit)).toMatchObject({
    error: 'ReservedCooperativeId',
    args: [allianceIssuer],
  });
});

test.each([
  ['another cooperative', 'binh', cooperative],
  ['a stranger', 'thief', cooperative],
  ['the anchorer', 'cloud', cooperative],
  ['the alliance, for a cooperative that it never admitted', 'alliance', id('nobody')],
])('%s cannot revoke', async (_, person, issuer) => {
  const args = [issuer, stage.addressOf(person)];
  expect(await revoke(person, issuer)).toMatchObject({ ok: false, error: 'NotIssuer' });
  const attempt = await stage.call(person, 'anchors', 'revokeRange', issuer, leaf, 0, 1);
  expect(attempt).toMatchObject({ ok: false, error: 'NotIssuer' });
  expect(args[0]).toBe(issuer);
});

test('a suspended cooperative cannot revoke; what it revoked before stays revoked', async () => {
  await stage.send('an', 'anchors', 'revoke', cooperative, leaf);
  await stage.send('alliance', 'cooperatives', 'suspend', cooperative);
  expect(await revoke('an', cooperative)).toMatchObject({ error: 'NotIssuer' });
  expect((await revoke('alliance', cooperative)).ok).toBe(true);
  expect(await ask()).toMatchObject({ kind: 'revoked' });
});

test.each([
  [0, 0],
  [255, 255],
  [255, 256],
  [3, 700],
  [512, 767],
  [LAST - 300, LAST],
])('the range of %i to %i is revoked with both its ends, and nothing beside it', async (from, to) => {
  const { told } = await range('an', from, to);
  expect(told).toMatchObject([{ event: 'StampsRevoked' }]);
  expect(told[0]?.args.slice(0, 4)).toEqual([cooperative, leaf, BigInt(from), BigInt(to)]);
  for (let word = Math.floor(from / 256); word <= Math.floor(to / 256); word++) {
    let expected = 0n;
    for (let bit = 0; bit < 256; bit++)
      if (256 * word + bit >= from && 256 * word + bit <= to) expected |= 1n << BigInt(bit);
    expect(await bitmap(word)).toBe(expected);
  }
  const stamp = { kind: 'revoked', what: 'stamp', issuer: cooperative };
  expect([await ask(from), await ask(to)]).toEqual([stamp, stamp]);
  const beside = [from - 1, to + 1].filter((index) => index >= 0 && index <= LAST);
  for (const index of beside) expect(await ask(index)).toEqual({ kind: 'not_revoked' });
  expect(await ask(), 'the batch itself').toEqual({ kind: 'not_revoked' });
});

test('ranges add up, in any order, and revoking again changes nothing', async () => {
  await range('an', 10, 20);
  await range('an', 15, 30);
  await range('alliance', 10, 12);
  expect(await bitmap(0)).toBe((1n << 31n) - (1n << 10n));
});

test('a range that is empty, too long, or of no batch is refused; the longest one fits a block', async () => {
  const attempt = (batchLeaf: string, from: number, to: number) =>
    stage.call('an', 'anchors', 'revokeRange', cooperative, batchLeaf, from, to);
  expect(await attempt(leaf, 2, 1)).toMatchObject({ error: 'EmptyRange', args: [2n, 1n] });
  expect(await attempt(leaf, 255, 65_536)).toMatchObject({ error: 'RangeTooLong', args: [257n] });
  expect(await attempt(leaf, 0, LAST)).toMatchObject({ error: 'RangeTooLong', args: [2n ** 24n] });
  expect(await attempt(ZeroHash, 0, 1)).toMatchObject({ error: 'ZeroLeaf', args: [ZeroHash] });
  const zero = await stage.call('an', 'anchors', 'revoke', cooperative, ZeroHash);
  expect(zero).toMatchObject({ error: 'ZeroLeaf', args: [ZeroHash] });
  expect((await range('an', 0, 65_535)).gasUsed).toBeLessThan(6_500_000);
});

test('one call tells since when a record has stood and whether it still counts', async () => {
  const salts = [1, 2, 3, 4, 5].map((n) => recordDigest({ salt: n }));
  const records = salts.map((salt, n) => ({
    cooperativeId: cooperative,
    kind: leafKinds.stamp_batch,
    salt: toHex(salt),
    digest: toHex(recordDigest({ batch: n })),
  }));
  const leaves = salts.map((salt, n) =>
    leafHash({
      cooperativeId: cooperativeIdOf('htx-one'),
      kind: 'stamp_batch',
      salt,
      digest: recordDigest({ batch: n }),
    }),
  );
  const tree = buildTree(leaves);
  const [root, record, proof] = [toHex(tree.root), records[3], tree.proofOf(3).map(toHex)];
  const verifyRecord = (...args: unknown[]) => stage.call('buyer', 'anchors', 'verifyRecord', root, ...args);
  const verifyStamp = (index: number) =>
    stage.call('buyer', 'anchors', 'verifyStamp', root, record, proof, index);
  const answer = (time: bigint, revoked: boolean) => ({ ok: true, result: [time, revoked] });
  expect(await stage.read('anchors', 'leafOf', record)).toBe(toHex(leaves[3] ?? new Uint8Array()));
  expect(await verifyRecord(record, proof), 'not anchored yet').toEqual(answer(0n, false));
  const { time } = await stage.send('cloud', 'anchors', 'anchor', root, tree.size);
  expect(await verifyRecord(record, proof)).toEqual(answer(time, false));
  const forged = { ...record, cooperativeId: other };
  expect(await verifyRecord(forged, proof), "another's").toEqual(answer(0n, false));
  expect(await verifyRecord(record, proof.slice(1)), 'cut').toEqual(answer(0n, false));
  expect(await verifyStamp(300)).toEqual(answer(time, false));
  await stage.send('binh', 'anchors', 'revoke', other, toHex(leaves[3] ?? new Uint8Array()));
  expect(await verifyRecord(record, proof), 'not its issuer').toEqual(answer(time, false));
  const batchLeaf = toHex(leaves[3] ?? new Uint8Array());
  await stage.send('an', 'anchors', 'revokeRange', cooperative, batchLeaf, 300, 300);
  expect([await verifyStamp(299), await verifyStamp(300)]).toEqual([answer(time, false), answer(time, true)]);
  await stage.send('alliance', 'anchors', 'revokeRange', allianceIssuer, batchLeaf, 299, 299);
  expect(await verifyStamp(299)).toEqual(answer(time, true));
  expect(await verifyRecord(record, proof), 'the batch stands').toEqual(answer(time, false));
  await stage.send('alliance', 'anchors', 'revoke', allianceIssuer, batchLeaf);
  expect([await verifyRecord(record, proof), await verifyStamp(0)]).toEqual([
    answer(time, true),
    answer(time, true),
  ]);
  const lot = { ...record, kind: leafKinds.lot };
  expect(await stage.call('buyer', 'anchors', 'verifyStamp', root, lot, proof, 0)).toMatchObject({
    error: 'NotAStampBatch',
    args: [BigInt(leafKinds.lot)],
  });
});

test('a proof of a length that a tree of that size has not got leads nowhere', async () => {
  const record = { cooperativeId: cooperative, kind: 3, salt: id('s'), digest: id('d') };
  const root = String(await stage.read('anchors', 'leafOf', record));
  await stage.send('cloud', 'anchors', 'anchor', root, 2);
  expect((await stage.call('x', 'anchors', 'verifyRecord', root, record, [])).ok).toBe(true);
  expect(await stage.read('anchors', 'verifyRecord', root, record, [])).toEqual([0n, false]);
  expect(await stage.read('anchors', 'verify', root, root, []), 'by the proof alone').not.toBe(0n);
});

test("the guardian takes an anchorer's role away, and can do nothing else", async () => {
  const cloud = stage.addressOf('cloud');
  const role = id('ANCHORER_ROLE');
  expect((await stage.send('guard', 'anchors', 'suspendAnchorer', cloud)).told).toMatchObject([
    { event: 'RoleRevoked' },
  ]);
  const attempt = await stage.call('cloud', 'anchors', 'anchor', id('root'), 1);
  expect(attempt).toMatchObject({ error: 'AccessControlUnauthorizedAccount' });
  expect((await stage.send('guard', 'anchors', 'suspendAnchorer', cloud)).told).toEqual([]);
  for (const [name, ...args] of [
    ['grantRole', role, cloud],
    ['revokeRole', id('GUARDIAN_ROLE'), cloud],
    ['anchor', id('root'), 1],
    ['beginDefaultAdminTransfer', cloud],
  ] as const)
    expect(await stage.call('guard', 'anchors', name, ...args)).toMatchObject({
      error: 'AccessControlUnauthorizedAccount',
    });
  expect(await stage.call('cloud', 'anchors', 'suspendAnchorer', cloud)).toMatchObject({
    error: 'AccessControlUnauthorizedAccount',
    args: [expect.anything(), id('GUARDIAN_ROLE')],
  });
  await stage.send('alliance', 'anchors', 'grantRole', role, cloud);
  expect((await stage.call('cloud', 'anchors', 'anchor', id('root'), 1)).ok).toBe(true);
});

test("an anchor is one storage slot, at a place that anybody can compute, proved by the block's state root", async () => {
  const root = id('in one slot');
  const { time, blockNumber } = await stage.send('cloud', 'anchors', 'anchor', root, 12_345);
  const { slot, word } = anchorSlot(root, { time, treeSize: 12_345n, blockNumber: BigInt(blockNumber) });
  const block = (await stage.chain.rpc('eth_getBlockByNumber', ['latest', false])) as { stateRoot: string };
  const params = [stage.address.anchors, [slot], 'latest'];
  const proof = (await stage.chain.rpc('eth_getProof', params)) as StateProof;
  const [storage] = proof.storageProof;
  expect(BigInt(storage?.value ?? 0)).toBe(word);
  const account = valueByProof(block.stateRoot, stage.address.anchors, proof.accountProof);
  expect(decodeRlp(account).slice(2)).toEqual([proof.storageHash, proof.codeHash]);
  expect(valueByProof(proof.storageHash, slot, storage?.proof ?? [])).toBe(rlpNumber(word));
  expect(() => valueByProof(id('another state'), slot, storage?.proof ?? [])).toThrow('does not hold');
});
