import { randomBytes } from 'node:crypto';
import { addressHash, recordDigest, recoverSigner, toHex } from '@nongtin/contracts/encoding';
import { Wallet } from 'ethers';
import fastify, { type FastifyInstance } from 'fastify';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyAnchors, fixture, openTestRecords } from '../anchoring/fixture.suite.ts';
import { standingOf } from '../anchoring/index.ts';
import { countWaiting } from '../anchoring/standing.ts';
import { type KeyStore, keyStoreOf, rewrapAll } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { enqueueRevocation } from '../registry/index.ts';
import { createOrderStore } from '../registry/order-store.ts';
import { createLife, createStamps } from '../stamps/index.ts';
import { cooperativeKeysWanted, createSigner, ensureKey, signatureOf, signingRoutes } from './index.ts';
import type { SignerOptions } from './signer.ts';

const { cooperative, cooperativeId, lotNumber } = fixture;
const clock = { nowMs: () => 1_790_000_000_000 };
const keyStore = keyStoreOf(randomBytes(32));
let db: Kysely<Schema>;
let stop: () => Promise<void>;
let app: FastifyInstance;
beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
  app = fastify();
  await app.register(signingRoutes, { db, keyStore, clock, signer: createSigner({ db, keyStore, clock }) });
});
afterAll(async () => {
  await app.close();
  await stop();
});
beforeEach(async () => {
  await emptyAnchors(db);
  await sql`truncate record_signatures, signing_keys, chain_orders cascade`.execute(db);
});

async function issue(options: Partial<SignerOptions> = {}): Promise<string> {
  const { queueRecord } = createSigner({ db, keyStore, clock, ...options });
  const stamps = createStamps({ db, keyStore, clock, queueRecord });
  const issued = await stamps.issueBatch({ lotNumber, count: 2, issuedBy: 'x' });
  if (!issued.ok) throw new Error(issued.problem);
  return String(issued.batch.batchNumber);
}

async function digestOf(batchNumber: string) {
  const { record } = await db
    .selectFrom('stamp_batches')
    .select('record')
    .where('batch_number', '=', Number(batchNumber))
    .executeTakeFirstOrThrow();
  return toHex(recordDigest(JSON.parse(record)));
}

const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const awaited = async () => (await app.inject('/api/signatures')).json().awaited;
/** As a wallet does it that was given the typed data. */
const signed = (wallet: { signTypedData: Wallet['signTypedData'] }, { domain, types, message }: TypedData) =>
  wallet.signTypedData(domain, { Record: types.Record }, message);
interface TypedData {
  domain: object;
  types: { Record: { name: string; type: string }[] };
  message: object;
}

describe('a record of a cooperative', () => {
  it('is signed at once by a key that is kept here, and its leaf waits for an anchor', async () => {
    const made = await post('/api/signing-keys', { label: 'máy chủ' });
    expect([made.statusCode, made.json().held]).toEqual([201, 'here']);
    expect(JSON.stringify(made.json())).not.toMatch(/secret/);
    const id = await issue();
    const signature = await signatureOf(db, 'stamp_batch', id);
    const record = { cooperativeId, kind: 'stamp_batch' as const, digest: await digestOf(id) };
    expect(recoverSigner(record, signature?.signature ?? '')).toBe(made.json().address);
    expect(signature).toMatchObject({ address: made.json().address, keyId: made.json().keyId });
    expect(await standingOf(db, 'stamp_batch', id)).toMatchObject({ state: 'waiting' });
    expect(await awaited()).toEqual([]);
  });

  it('waits for the wallet that has the key, and goes to the chain only with its signature', async () => {
    const wallet = Wallet.createRandom();
    await post('/api/signing-keys', { label: 'ví của giám đốc', address: wallet.address });
    const id = await issue();
    expect(await standingOf(db, 'stamp_batch', id)).toBeUndefined();
    const [one] = await awaited();
    // What is signed, not its digest alone.
    expect(one.record).toMatchObject({ kind: 'stamp_batch', batchNumber: id });
    expect(toHex(recordDigest(one.record))).toBe(one.typedData.message.digest);
    expect(one).toMatchObject({ refKind: 'stamp_batch', refId: id });
    const url = `/api/signatures/stamp_batch/${id}`;
    const refused = async (signature: string) => {
      const answer = await post(url, { signature });
      return [answer.statusCode, answer.json().error.code];
    };
    expect(await refused(await signed(Wallet.createRandom(), one.typedData))).toEqual([403, 'not_its_key']);
    expect(await refused('0x1234')).toEqual([400, 'not_a_signature']);
    expect(await standingOf(db, 'stamp_batch', id)).toBeUndefined();
    const signature = await signed(wallet, one.typedData);
    // Some hardware wallets end it with 0 or 1.
    const short = signature.slice(0, -2) + (signature.endsWith('1b') ? '00' : '01');
    expect((await post(url, { signature: short })).statusCode).toBe(200);
    expect(await signatureOf(db, 'stamp_batch', id)).toMatchObject({ signature });
    expect(await standingOf(db, 'stamp_batch', id)).toMatchObject({ state: 'waiting' });
    expect(await refused(signature)).toEqual([409, 'signed_already']);
    expect((await post('/api/signatures/lot/none', { signature })).statusCode).toBe(404);
  });

  it('goes unsigned where the cooperative has no key', async () => {
    const id = await issue();
    expect(await signatureOf(db, 'stamp_batch', id)).toBeUndefined();
    expect(await standingOf(db, 'stamp_batch', id)).toMatchObject({ state: 'waiting' });
  });

  it('is signed by the older key until the registry has the newer one', async () => {
    await ensureKey(db, keyStore, { cooperative, label: 'first', by: 'x', nowMs: 1 });
    await ensureKey(db, keyStore, { cooperative, label: 'not needed', by: 'x', nowMs: 1 });
    const newer = (await post('/api/signing-keys', { label: 'newer' })).json();
    const all = await db.selectFrom('signing_keys').select('key_id').execute();
    expect(all).toHaveLength(2);
    const before = await issue({ isRegistered: async (_db, keyId) => keyId !== newer.keyId });
    const after = await issue();
    const signers = await Promise.all([before, after].map((id) => signatureOf(db, 'stamp_batch', id)));
    expect(signers[0]?.keyId).not.toBe(newer.keyId);
    expect(signers[1]?.keyId).toBe(newer.keyId);
  });

  it('is signed while the registry has no key of the cooperative, and goes to the chain when it has', async () => {
    const { keyId } = (await post('/api/signing-keys', { label: 'one' })).json();
    let isThere = false;
    const isRegistered = async () => isThere;
    const held = await issue({ isRegistered });
    expect((await signatureOf(db, 'stamp_batch', held))?.keyId).toBe(keyId);
    expect(await standingOf(db, 'stamp_batch', held)).toBeUndefined();
    const signer = createSigner({ db, keyStore, clock, isRegistered });
    expect(await signer.release()).toBe(0);
    isThere = true;
    expect(await signer.release()).toBe(1);
    expect(await standingOf(db, 'stamp_batch', held)).toMatchObject({ state: 'waiting' });
    expect(await signer.release()).toBe(0);
  });
});

it('leaves no secret that it had unwrapped, or drawn, in memory it has let go', async () => {
  const seen: Uint8Array[] = [];
  const watched: KeyStore = {
    ...keyStore,
    wrap: (secret, context) => {
      seen.push(secret);
      return keyStore.wrap(secret, context);
    },
    unwrap: async (...text) => {
      const secret = await keyStore.unwrap(...text);
      seen.push(secret);
      return secret;
    },
  };
  await ensureKey(db, watched, { cooperative, label: 'one', by: 'x', nowMs: 1 });
  const { queueRecord } = createSigner({ db, keyStore: watched, clock });
  const stamps = createStamps({ db, keyStore: watched, clock, queueRecord });
  expect((await stamps.issueBatch({ lotNumber, count: 2, issuedBy: 'x' })).ok).toBe(true);
  // The new key's and the batch's own, and each once more to sign and to read what was written.
  expect(seen).toHaveLength(4);
  expect(seen.every((secret) => secret.every((byte) => byte === 0))).toBe(true);
});

describe('a batch that is held back', () => {
  const life = () =>
    createLife({
      ...{ db, clock },
      // As the service has it: all of a batch is told by its leaf.
      queueRevocation: (trx, { range, ...whole }) => {
        const isPart = range !== undefined && (range.from > 0 || range.to < 1);
        return enqueueRevocation(trx, isPart ? { ...whole, range } : whole, clock.nowMs());
      },
    });
  const voided = (batchNumber: string, from: number, to: number) =>
    life().change({
      ...{ batchNumber: Number(batchNumber), from, to, state: 'voided', reason: 'x', by: 'x' },
    });
  const tellable = async () => (await createOrderStore(db).open()).map(({ call }) => call.action);

  it('is withdrawn at once, and neither signed nor anchored any more', async () => {
    const wallet = Wallet.createRandom();
    await post('/api/signing-keys', { label: 'ví', address: wallet.address });
    const id = await issue();
    const [{ typedData }] = await awaited();
    const signature = await signed(wallet, typedData);
    expect((await voided(id, 0, 1)).ok).toBe(true);
    expect(await awaited()).toEqual([]);
    const late = await post(`/api/signatures/stamp_batch/${id}`, { signature });
    expect([late.statusCode, late.json().error.code]).toEqual([409, 'withdrawn']);
    expect(await standingOf(db, 'stamp_batch', id)).toBeUndefined();
    expect(await tellable()).toEqual([]);
    expect(await countWaiting(db)).toBe(0);
  });

  it('in part is anchored when it is signed, and what was withdrawn is revoked then', async () => {
    await post('/api/signing-keys', { label: 'one' });
    const isRegistered = async () => false;
    const id = await issue({ isRegistered });
    expect((await voided(id, 1, 1)).ok).toBe(true);
    expect(await tellable()).toEqual([]);
    expect(await createSigner({ db, keyStore, clock }).release()).toBe(1);
    expect(await standingOf(db, 'stamp_batch', id)).toMatchObject({ state: 'waiting' });
    expect(await tellable()).toEqual(['revoke_range']);
  });
});

describe('a signing key', () => {
  it('that is retired signs no more, and what was kept of it is wiped', async () => {
    const { keyId } = (await post('/api/signing-keys', { label: 'one' })).json();
    const retire = (body: object) => post(`/api/signing-keys/${keyId}/retire`, body);
    expect((await retire({})).statusCode).toBe(400);
    const stolenFromMs = clock.nowMs() - 5;
    const gone = await retire({ reason: 'đã bị lộ', stolenFromMs });
    expect(gone.json()).toMatchObject({ retiredReason: 'đã bị lộ', revokedFromMs: stolenFromMs });
    expect((await retire({ reason: 'again' })).statusCode).toBe(404);
    const { wrapped_secret } = await db.selectFrom('signing_keys').selectAll().executeTakeFirstOrThrow();
    expect(wrapped_secret).toBeNull();
    expect(await signatureOf(db, 'stamp_batch', await issue())).toBeUndefined();
  });

  it('is told to the registry by id, hash and what became of it', async () => {
    const { address, keyId } = (await post('/api/signing-keys', { label: 'one' })).json();
    const other = (await post('/api/signing-keys', { label: 'two' })).json();
    await post(`/api/signing-keys/${other.keyId}/retire`, { reason: 'stolen', stolenFromMs: 5 });
    const wanted = await cooperativeKeysWanted(db);
    expect(wanted.find((key) => key.keyId === keyId)).toEqual({
      ...{ cooperative, keyId, publicKeyHash: addressHash(address), isRetired: false, revokedFromMs: null },
    });
    expect(wanted.find((key) => key.keyId === other.keyId)?.revokedFromMs).toBe(5);
  });

  it('of a wallet is refused when its address has a slip or was used before', async () => {
    const { address } = Wallet.createRandom();
    const add = async (text: string) =>
      (await post('/api/signing-keys', { label: 'w', address: text })).statusCode;
    // One capital changed: EIP-55's checksum.
    const slip = address.replace(/[a-fA-F](?=[^a-fA-F]*$)/, (letter) =>
      letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
    );
    expect(await add(slip)).toBe(400);
    expect(await add(address.slice(0, -1))).toBe(400);
    expect(await add(address)).toBe(201);
    expect(await add(address.toLowerCase())).toBe(409);
  });

  it('that is kept here is wrapped anew when the key store turns its key over', async () => {
    await post('/api/signing-keys', { label: 'one' });
    const batch = await issue();
    await keyStore.rotate();
    expect(await rewrapAll(db, keyStore)).toBe(2);
    const again = await issue();
    const keys = await Promise.all([batch, again].map((id) => signatureOf(db, 'stamp_batch', id)));
    expect(keys[1]?.keyId).toBe(keys[0]?.keyId);
  });
});
