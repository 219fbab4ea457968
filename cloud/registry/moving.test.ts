import { randomBytes } from 'node:crypto';
import {
  cooperativeRegistryAbi,
  demoCooperative,
  startTestChain,
  type TestChain,
} from '@nongtin/contracts/chain';
import {
  addressHash,
  cooperativeIdOf,
  type Hex,
  isKeyValidAt,
  readAnchor,
  readKey,
  readRevocation,
  toHex,
} from '@nongtin/contracts/encoding';
import { Contract, JsonRpcProvider, Wallet } from 'ethers';
import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyAnchors, fixture, openTestRecords, silent } from '../anchoring/fixture.suite.ts';
import {
  type Anchorer,
  createAnchorer,
  createAnchorStore,
  createEthersChain,
  hashOf,
  httpRpc,
  standingOf,
} from '../anchoring/index.ts';
import { addCooperative } from '../cooperatives/cooperatives.ts';
import { keyStoreOf } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { cooperativeKeysWanted, createSigner } from '../signing/index.ts';
import { makeKey, retireKey, type SigningKey } from '../signing/signing-keys.ts';
import { createEthersRegistry } from './ethers-registry.ts';
import { createKeysStanding, enqueueCooperativeKey, isKeyRegistered } from './index.ts';
import { createOrderStore } from './order-store.ts';
import { Registrar } from './registrar.ts';

/** Our clock and the chains' go ahead together. */
let aheadMs = 0;
const clock = { nowMs: () => Date.now() + aheadMs };
const keyStore = keyStoreOf(randomBytes(32));
const { code: cooperative, name } = demoCooperative;
const product = { gtin14: '08938505970012', nameVi: 'Thanh long', nameEn: 'Dragon fruit' };
let db: Kysely<Schema>;
let stop: () => Promise<void>;
/** The one in use. */
let chain: TestChain;
let chains: TestChain[] = [];
let registrar: Registrar;
let anchorer: Anchorer;

beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
  await addCooperative(db, { slug: cooperative, name, createdAtMs: 1, products: [product] });
});
afterAll(() => stop());
beforeEach(async () => {
  aheadMs = 0;
  await emptyAnchors(db);
  await sql`truncate record_signatures, signing_keys, chain_orders cascade`.execute(db);
  await moveTo(31_337);
});
afterEach(async () => {
  for (const one of chains) await one.stop();
  chains = [];
});

/** Another chain, with contracts of its own, which the cloud is pointed at. */
async function moveTo(chainId: number): Promise<void> {
  chain = await startTestChain(chainId);
  chains.push(chain);
  use(chain.deployment);
}

/** Contracts on the chain in use. */
function use(deployment: TestChain['deployment']): void {
  chain = { ...chain, deployment };
  const { anchorerKey, keys } = chain;
  const rpc = httpRpc(chain.rpcUrl);
  const here = { rpc, deployment: () => deployment };
  const port = createEthersChain({ ...here, anchorerKey: () => anchorerKey });
  const common = { clock, logger: silent, tickSeconds: 5 };
  anchorer = createAnchorer({
    ...{ ...common, store: createAnchorStore(db), chain: port },
    mayAnchor: createKeysStanding({ ...here, db }),
  });
  registrar = new Registrar({
    ...{ ...common, store: createOrderStore(db) },
    chain: createEthersRegistry({ ...here, adminKey: () => keys.demoCooperative }),
  });
}

async function later(seconds: number): Promise<void> {
  aheadMs += seconds * 1000;
  await chain.rpc('evm_increaseTime', [seconds]);
}

async function wanted(): Promise<void> {
  for (const { isRetired, revokedFromMs, ...key } of await cooperativeKeysWanted(db)) {
    const order = { ...key, nowMs: clock.nowMs() };
    await enqueueCooperativeKey(db, { ...order, action: 'set_key' });
    if (revokedFromMs !== null)
      await enqueueCooperativeKey(db, { ...order, action: 'revoke_key', revokedFromMs });
    else if (isRetired) await enqueueCooperativeKey(db, { ...order, action: 'retire_key' });
  }
}

const signer = () =>
  createSigner({
    ...{ db, keyStore, clock },
    isRegistered: (some, keyId) => isKeyRegistered(some, keyId, chain.deployment),
  });

async function round(): Promise<void> {
  await wanted();
  await signer().release();
  await registrar.tick();
  await anchorer.tick();
  await chain.finalize();
}

async function rounds(count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await round();
}

/** Until nothing is left to do; far fewer rounds are needed. */
async function untilSettled(secondsARound = 0): Promise<void> {
  for (let n = 0; n < 40; n += 1) {
    await round();
    if (secondsARound > 0) await later(secondsARound);
    const orders = await db
      .selectFrom('chain_orders')
      .select('state')
      .where('state', '!=', 'final')
      .execute();
    const leaves = await db
      .selectFrom('leaves')
      .leftJoin('anchors', 'anchors.anchor_id', 'leaves.anchor_id')
      .select(['anchors.state', 'chain_id', 'registry'])
      .execute();
    const { chainId, anchorRegistry } = chain.deployment;
    const stand = leaves.every(
      (leaf) =>
        leaf.state === 'final' && leaf.chain_id === chainId && leaf.registry === anchorRegistry.toLowerCase(),
    );
    const records = await db.selectFrom('record_signatures').select('ref_id').execute();
    if (stand && orders.length === 0 && leaves.length >= records.length && n > 0) return;
  }
  throw new Error('it does not settle');
}

const newKey = (label = 'one', of: string = cooperative) =>
  makeKey(db, keyStore, { cooperative: of, label, by: 'x', nowMs: clock.nowMs() });

async function record(refId: string, of: string = cooperative): Promise<void> {
  await db.transaction().execute((transaction) =>
    signer().queueRecord(transaction, {
      ...{ cooperativeId: toHex(cooperativeIdOf(of)), kind: 'lot', digest: randomBytes(32).toString('hex') },
      ...{ refKind: 'lot', refId },
    }),
  );
}

const steal = ({ key_id: keyId }: SigningKey, revokedFromMs: number | null) =>
  retireKey(db, { keyId, by: 'x', reason: 'x', nowMs: clock.nowMs(), revokedFromMs });

/** As a verifier judges it, by the chain in use alone. */
async function verdictOf(refId: string): Promise<'genuine' | 'revoked' | 'key_invalid' | 'not_there'> {
  const { chainId, anchorRegistry, cooperativeRegistry } = chain.deployment;
  const rpc = httpRpc(chain.rpcUrl);
  const leaf = await db.selectFrom('leaves').selectAll().where('ref_id', '=', refId).executeTakeFirst();
  const standing = await standingOf(db, 'lot', refId);
  if (leaf === undefined || standing?.anchor == null) return 'not_there';
  const ask = { chainId, contract: anchorRegistry };
  const anchor = await readAnchor(rpc, { ...ask, root: standing.anchor.root });
  if (anchor.kind !== 'anchored') return 'not_there';
  const issuers = [leaf.cooperative_id];
  const revocation = await readRevocation(rpc, { ...ask, issuers, leaf: toHex(hashOf(leaf)) });
  if (revocation.kind !== 'not_revoked') return 'revoked';
  const { key_id } = await db
    .selectFrom('record_signatures')
    .select('key_id')
    .where('ref_id', '=', refId)
    .executeTakeFirstOrThrow();
  const key = await readKey(rpc, {
    ...{ chainId, contract: cooperativeRegistry, cooperativeId: leaf.cooperative_id, keyId: key_id ?? '' },
  });
  return key.kind === 'key' && isKeyValidAt(key, anchor.anchoredAtMs) ? 'genuine' : 'key_invalid';
}

async function anchoredAtMs(refId: string): Promise<number> {
  return (await standingOf(db, 'lot', refId))?.anchor?.blockTimeMs ?? Number.NaN;
}

async function orders(): Promise<string[]> {
  const rows = await db.selectFrom('chain_orders').selectAll().orderBy('order_id').execute();
  return rows.map(({ action, state }) => `${action} ${state}`);
}

/** As the alliance does it by hand; the same person acts for all cooperatives of these tests. */
async function admit(slug: string): Promise<void> {
  const provider = new JsonRpcProvider(chain.rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 20 });
  const alliance = new Wallet(chain.keys.alliance, provider);
  const registry = new Contract(chain.deployment.cooperativeRegistry, cooperativeRegistryAbi, alliance);
  const admin = new Wallet(chain.keys.demoCooperative).address;
  await (await registry.getFunction('admit').send(toHex(cooperativeIdOf(slug)), slug, admin)).wait();
  provider.destroy();
}

describe('on another chain', () => {
  it('keys come before trees, by themselves, and what counted counts', async () => {
    const key = await newKey();
    await record('L1');
    await untilSettled();
    expect(await verdictOf('L1')).toBe('genuine');
    await moveTo(31_338);
    await record('L2');
    await anchorer.tick();
    expect(anchorer.status().message).toContain(`1 of the keys of ${cooperative} are not final`);
    expect(await isKeyRegistered(db, key.key_id, chain.deployment)).toBe(false);
    await untilSettled();
    expect([await verdictOf('L1'), await verdictOf('L2')]).toEqual(['genuine', 'genuine']);
    expect(await isKeyRegistered(db, key.key_id, chain.deployment)).toBe(true);
  });

  it('a stolen key ends after all that it signed before stands there, and what it signed since stays dead', async () => {
    const key = await newKey();
    await record('honest');
    await untilSettled();
    await later(60);
    await record('thief');
    await untilSettled();
    await steal(key, (await anchoredAtMs('honest')) + 30_000);
    await untilSettled();
    expect(await orders()).toEqual(['set_key final', 'revoke_key final']);
    expect([await verdictOf('honest'), await verdictOf('thief')]).toEqual(['genuine', 'key_invalid']);

    await moveTo(31_338);
    // Long after the theft.
    await chain.rpc('evm_increaseTime', [3_600]);
    await rounds(2);
    // What the thief signed is dead there before anything of the key may stand, and the key's end waits.
    expect(await orders()).toEqual(expect.arrayContaining(['revoke_key waiting', 'revoke_leaf final']));
    expect(await verdictOf('honest')).toBe('not_there');
    await untilSettled();
    expect(await orders()).toEqual(['set_key final', 'revoke_key final', 'revoke_leaf final']);
    expect([await verdictOf('honest'), await verdictOf('thief')]).toEqual(['genuine', 'revoked']);
  });

  it('waits for a cooperative that is not admitted there, says so, and goes on when it is', async () => {
    await admit(fixture.cooperative);
    await newKey('other', fixture.cooperative);
    await record('L1', fixture.cooperative);
    await untilSettled();
    await moveTo(31_338);
    await rounds(2);
    expect(anchorer.status().message).toContain(
      `the alliance has to admit ${fixture.cooperative} there (admit)`,
    );
    expect(registrar.status().state).toBe('not_admitted');
    expect(registrar.status().message).toContain(fixture.cooperative);
    await admit(fixture.cooperative);
    await untilSettled();
    expect(await verdictOf('L1')).toBe('genuine');
  });

  it('is held up by no cooperative that has no key', async () => {
    await record('L1');
    await untilSettled();
    await moveTo(31_338);
    await untilSettled();
    expect((await standingOf(db, 'lot', 'L1'))?.state).toBe('final');
  });
});

it.each(['all of its state', 'what came after the key'])(
  'the same holds on a chain that has lost %s',
  async (lost) => {
    const key = await newKey();
    if (lost !== 'all of its state') await untilSettled();
    await chain.save();
    await record('honest');
    await untilSettled();
    await steal(key, (await anchoredAtMs('honest')) + 1_000);
    await later(60);
    // Another key, whose transaction comes after the revocation's: its nonce has to be filled otherwise.
    await untilSettled();
    await newKey('two');
    await untilSettled();
    await chain.kill();
    await chain.restart();
    await chain.rpc('evm_increaseTime', [3_600]);
    await round();
    // Without its key it must not stand yet; with the key there, it must not be revoked by what was signed before the loss.
    expect(await verdictOf('honest')).toBe(lost === 'all of its state' ? 'not_there' : 'genuine');
    await untilSettled();
    expect(await verdictOf('honest')).toBe('genuine');
    const hash = addressHash(key.address as Hex);
    const found = await readKey(httpRpc(chain.rpcUrl), {
      ...{ chainId: chain.deployment.chainId, contract: chain.deployment.cooperativeRegistry },
      ...{ cooperativeId: toHex(cooperativeIdOf(cooperative)), keyId: key.key_id },
    });
    expect(found).toMatchObject({ publicKeyHash: hash, revokedFromMs: expect.any(Number) });
  },
);

it('a planned end is told when nothing that the key has signed waits, and leaves that valid', async () => {
  const key = await newKey();
  await round();
  // Signed, and held back until the key is registered.
  await record('L1');
  await steal(key, null);
  await round();
  expect((await orders()).at(-1)).toBe('retire_key waiting');
  await untilSettled();
  expect(await orders()).toEqual(['set_key final', 'retire_key final']);
  expect(await verdictOf('L1')).toBe('genuine');
  const rpc = httpRpc(chain.rpcUrl);
  const { chainId, cooperativeRegistry: contract } = chain.deployment;
  const cooperativeId = toHex(cooperativeIdOf(cooperative));
  const found = await readKey(rpc, { chainId, contract, cooperativeId, keyId: key.key_id });
  if (found.kind !== 'key') throw new Error(found.kind);
  expect(isKeyValidAt(found, clock.nowMs() + 3_600_000)).toBe(false);
  // Stolen before its end, as it turned out.
  await later(60);
  expect(await steal(key, clock.nowMs())).toBeDefined();
  await untilSettled();
  expect((await orders()).at(-1)).toBe('revoke_key final');
  expect(await verdictOf('L1')).toBe('genuine');
});

it('a call that waits in the pool, to contracts that are left, gives way to the one behind it', async () => {
  const second = await chain.deployAgain();
  await chain.rpc('evm_setAutomine', [false]);
  const key = await newKey();
  await wanted();
  await registrar.tick();
  use(second);
  await registrar.tick();
  await later(61);
  await registrar.tick();
  await chain.rpc('evm_setAutomine', [true]);
  await untilSettled(61);
  expect(await isKeyRegistered(db, key.key_id, chain.deployment)).toBe(true);
  const sent = await db.selectFrom('chain_transactions').selectAll().orderBy('transaction_id').execute();
  expect(sent.map(({ purpose, nonce }) => `${purpose} ${nonce}`)).toContain('filler 0');
  const paid = sent.filter(({ mined_at_ms }) => mined_at_ms !== null);
  expect(paid.map(({ contract, nonce }) => [contract, nonce])).toEqual([
    [second.cooperativeRegistry.toLowerCase(), 1],
  ]);
});

it('a call is outbid also where its node counts it among what is there already', async () => {
  await chain.rpc('evm_setAutomine', [false]);
  const key = await newKey();
  await wanted();
  await registrar.tick();
  await later(61);
  await registrar.tick();
  expect(registrar.status()).toMatchObject({ state: 'ok', message: '' });
  const signed = await db.selectFrom('chain_transactions').select('nonce').execute();
  expect(signed.map(({ nonce }) => nonce)).toEqual([signed[0]?.nonce, signed[0]?.nonce]);
  await chain.rpc('evm_setAutomine', [true]);
  await untilSettled();
  expect(await isKeyRegistered(db, key.key_id, chain.deployment)).toBe(true);
});
