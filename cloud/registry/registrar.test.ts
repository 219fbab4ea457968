import {
  anchorRegistryAbi,
  cooperativeRegistryAbi,
  demoCooperative,
  startTestChain,
  type TestChain,
} from '@nongtin/contracts/chain';
import { cooperativeIdOf, gatewayKeyId, keyKinds, publicKeyHash, toHex } from '@nongtin/contracts/encoding';
import { Contract, id, JsonRpcProvider, keccak256, Wallet } from 'ethers';
import type { Kysely } from 'kysely';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestRecords, silent } from '../anchoring/fixture.suite.ts';
import { enqueueLeaf, hashOf, httpRpc } from '../anchoring/index.ts';
import { addCooperative } from '../cooperatives/cooperatives.ts';
import { GatewayRegister } from '../enrolment/gateway-register.ts';
import type { Schema } from '../records/index.ts';
import { createEthersRegistry } from './ethers-registry.ts';
import { enqueueCooperativeKey, enqueueRevocation, registerRegistryMetrics } from './index.ts';
import { createOrderStore } from './order-store.ts';
import { Registrar } from './registrar.ts';
import type { RegistryChain } from './registry-chain.ts';

const NOW = Date.now();
const product = { gtin14: '08938505970012', nameVi: 'Thanh long', nameEn: 'Dragon fruit' };
const clock = { nowMs: () => NOW };
let db: Kysely<Schema>;
let stop: () => Promise<void>;
let register: GatewayRegister;
let anvil: TestChain;
let chain: RegistryChain;

beforeAll(async () => {
  ({ db, stop } = await openTestRecords());
  const { code: slug, name } = demoCooperative;
  await addCooperative(db, { slug, name, createdAtMs: 1, products: [product] });
  register = new GatewayRegister(db);
});
afterAll(() => stop());
beforeEach(async () => {
  await db.deleteFrom('chain_orders').execute();
  await db.deleteFrom('chain_transactions').execute();
  await db.deleteFrom('gateways').execute();
  anvil = await startTestChain();
  chain = chainOf(anvil);
});
afterEach(() => anvil.stop());

function chainOf(test: TestChain): RegistryChain {
  return createEthersRegistry({
    rpc: httpRpc(test.rpcUrl),
    deployment: () => test.deployment,
    adminKey: () => test.keys.demoCooperative,
  });
}

const registrarOf = (port: RegistryChain = chain) =>
  new Registrar({ store: createOrderStore(db), chain: port, clock, logger: silent, tickSeconds: 5 });

const keyOf = (name: string) => Buffer.from(name.padEnd(32, '.')).toString('hex');

async function enrol(...names: string[]): Promise<void> {
  for (const name of names) {
    await db.transaction().execute((trx) =>
      register.add(trx, {
        ...{ gateway_id: name, cooperative_id: demoCooperative.code, public_key: keyOf(name) },
        ...{ registered_by: 'manager', registered_at_ms: NOW },
      }),
    );
  }
}

const revoke = (name: string, fromMs = NOW) =>
  register.revoke(name, { reason: 'stolen', by: 'manager', fromMs, atMs: NOW });

async function ticks(registrar: Registrar, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await registrar.tick();
}

async function untilFinal(registrar: Registrar): Promise<void> {
  await ticks(registrar, 4);
  await anvil.finalize();
  await ticks(registrar, 2);
}

async function states(): Promise<string[]> {
  const rows = await db.selectFrom('chain_orders').selectAll().orderBy('order_id').execute();
  return rows.map(({ gateway_id, action, state }) => `${gateway_id} ${action} ${state}`);
}

/** Read from the chain itself, by another way than ours. */
const onChain = (name: string) => keyOnChain(gatewayKeyId(name));

async function keyOnChain(keyId: string) {
  const provider = new JsonRpcProvider(anvil.rpcUrl, undefined, { cacheTimeout: -1 });
  const { cooperativeRegistry } = anvil.deployment;
  const registry = new Contract(cooperativeRegistry, cooperativeRegistryAbi, provider);
  const cooperative = toHex(cooperativeIdOf(demoCooperative.code));
  const key = await registry.getFunction('keyOf')(cooperative, keyId);
  provider.destroy();
  return { ...key.toObject() } as {
    validFrom: bigint;
    revokedFrom: bigint;
    kind: bigint;
    publicKeyHash: string;
  };
}

/** Signs in the cooperative's name without our noting it. */
async function byHand(call: (registry: Contract, cooperativeId: string) => Promise<{ wait(): unknown }>) {
  const provider = new JsonRpcProvider(anvil.rpcUrl, undefined, { cacheTimeout: -1, pollingInterval: 20 });
  const wallet = new Wallet(anvil.keys.demoCooperative, provider);
  const registry = new Contract(anvil.deployment.cooperativeRegistry, cooperativeRegistryAbi, wallet);
  await (await call(registry, toHex(cooperativeIdOf(demoCooperative.code)))).wait();
  provider.destroy();
}

/** Asks the AnchorRegistry itself. */
async function ask(view: 'revokedAt' | 'revokedStamps', ...args: unknown[]): Promise<bigint> {
  const provider = new JsonRpcProvider(anvil.rpcUrl, undefined, { cacheTimeout: -1 });
  const registry = new Contract(anvil.deployment.anchorRegistry, anchorRegistryAbi, provider);
  const answer: bigint = await registry.getFunction(view)(...args);
  provider.destroy();
  return answer;
}

async function transactionsSent(): Promise<number> {
  const { address } = new Wallet(anvil.keys.demoCooperative);
  return Number(await anvil.rpc('eth_getTransactionCount', [address, 'latest']));
}

describe('the registrar on a real chain', () => {
  it('has the registry say each gateway’s key, one after the other, until it is final', async () => {
    await enrol('gw-1', 'gw-2');
    const registrar = registrarOf();
    expect(await states()).toEqual(['gw-1 set_key waiting', 'gw-2 set_key waiting']);
    await registrar.tick();
    expect(await states()).toEqual(['gw-1 set_key submitted', 'gw-2 set_key waiting']);
    await ticks(registrar, 3);
    expect(await states()).toEqual(['gw-1 set_key mined', 'gw-2 set_key mined']);
    await anvil.finalize();
    await registrar.tick();
    expect(await states()).toEqual(['gw-1 set_key final', 'gw-2 set_key final']);
    const key = await onChain('gw-2');
    expect(key.publicKeyHash).toBe(publicKeyHash(keyOf('gw-2')));
    expect([key.kind, key.revokedFrom]).toEqual([BigInt(keyKinds.gateway), 0n]);
    expect(await transactionsSent()).toBe(2);
  });

  it('has a revocation said after the key itself, from the time of the loss', async () => {
    await enrol('gw-1');
    await revoke('gw-1', 1_000);
    await untilFinal(registrarOf());
    expect(await states()).toEqual(['gw-1 set_key final', 'gw-1 revoke_key final']);
    const { validFrom, revokedFrom } = await onChain('gw-1');
    // It was lost before the chain knew it: nothing of it counts.
    expect(revokedFrom).toBe(validFrom);
  });

  it('dates a revocation at the newest block when the chain’s clock is behind, for nothing was anchored since', async () => {
    await enrol('gw-1');
    await untilFinal(registrarOf());
    await revoke('gw-1', NOW + 3_600_000);
    const newest = (await anvil.rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string };
    await untilFinal(registrarOf());
    expect((await onChain('gw-1')).revokedFrom).toBe(BigInt(newest.timestamp));
  });

  it.each(['before it is signed', 'before it is sent', 'after it is sent'] as const)(
    'killed %s, it ends with one transaction and a final key',
    async (moment) => {
      await enrol('gw-1');
      const dying: RegistryChain = {
        ...chain,
        sign: (...args) =>
          moment === 'before it is signed' ? Promise.reject(new Error('killed')) : chain.sign(...args),
        send: async (transaction) => {
          if (moment === 'after it is sent') await chain.send(transaction);
          throw new Error('killed');
        },
      };
      await registrarOf(dying).tick();
      await untilFinal(registrarOf());
      expect(await states()).toEqual(['gw-1 set_key final']);
      expect(await transactionsSent()).toBe(1);
    },
  );

  it('takes what the registry says already for said, and sends nothing', async () => {
    await enrol('gw-1');
    await byHand((registry, id) =>
      registry.getFunction('setKey').send(id, gatewayKeyId('gw-1'), 1, publicKeyHash(keyOf('gw-1'))),
    );
    const registrar = registrarOf();
    await registrar.tick();
    expect(await states()).toEqual(['gw-1 set_key mined']);
    await anvil.finalize();
    await registrar.tick();
    expect(await states()).toEqual(['gw-1 set_key final']);
    expect(await transactionsSent()).toBe(1);
  });

  it('tells a place that another key has, for good, and goes on with the others', async () => {
    await enrol('gw-1', 'gw-2');
    await byHand((registry, id) =>
      registry.getFunction('setKey').send(id, gatewayKeyId('gw-1'), 1, publicKeyHash(keyOf('thief'))),
    );
    const registrar = registrarOf();
    await untilFinal(registrar);
    expect(await states()).toEqual(['gw-1 set_key refused', 'gw-2 set_key final']);
    expect(registrar.status()).toMatchObject({ state: 'ok', refused: 1 });
  });

  it('waits for a chain that is away, and says so', async () => {
    await enrol('gw-1');
    const registrar = registrarOf();
    await anvil.kill();
    await registrar.tick();
    expect(registrar.status().state).toBe('unreachable');
    expect(await states()).toEqual(['gw-1 set_key waiting']);
    await anvil.restart();
    await untilFinal(registrar);
    expect(registrar.status().state).toBe('ok');
    expect(await states()).toEqual(['gw-1 set_key final']);
  });

  it('says again what a chain that was set back has forgotten', async () => {
    const registrar = registrarOf();
    await enrol('kept');
    await untilFinal(registrar);
    await anvil.save();
    await enrol('lost');
    await revoke('kept');
    await untilFinal(registrar);
    await anvil.kill();
    await anvil.restart();
    await ticks(registrar, 12);
    await untilFinal(registrar);
    const all = ['kept set_key final', 'lost set_key final', 'kept revoke_key final'];
    expect(await states()).toEqual(all);
    expect((await onChain('lost')).publicKeyHash).toBe(publicKeyHash(keyOf('lost')));
    expect((await onChain('kept')).revokedFrom).toBeGreaterThan(0n);
  });

  it('says everything again on a chain that began anew', async () => {
    await enrol('gw-1');
    await untilFinal(registrarOf());
    await anvil.stop();
    anvil = await startTestChain();
    const registrar = registrarOf(chainOf(anvil));
    await ticks(registrar, 8);
    await untilFinal(registrar);
    expect(await states()).toEqual(['gw-1 set_key final']);
    expect((await onChain('gw-1')).publicKeyHash).toBe(publicKeyHash(keyOf('gw-1')));
  });

  it('signs nothing without a key, or with one that is not in charge, and says why', async () => {
    await enrol('gw-1');
    const rpc = httpRpc(anvil.rpcUrl);
    const deployment = () => anvil.deployment;
    for (const adminKey of [() => undefined, () => `0x${'45'.repeat(32)}`]) {
      const registrar = registrarOf(createEthersRegistry({ rpc, deployment, adminKey }));
      await registrar.tick();
      expect(registrar.status()).toMatchObject({ state: 'no_permission' });
    }
    expect(await states()).toEqual(['gw-1 set_key waiting']);
  });

  it('has a cooperative’s own signing key said, and revoked from the time it was lost', async () => {
    const address = Wallet.createRandom().address;
    const order = {
      cooperative: demoCooperative.code,
      ...{ keyId: id(`key of ${address}`), publicKeyHash: keccak256(address), nowMs: NOW },
    };
    await enqueueCooperativeKey(db, { ...order, action: 'set_key' });
    await enqueueCooperativeKey(db, { ...order, action: 'set_key' });
    await enqueueCooperativeKey(db, { ...order, action: 'revoke_key', revokedFromMs: 1_000 });
    await untilFinal(registrarOf());
    expect(await states()).toEqual(['null set_key final', 'null revoke_key final']);
    const key = await keyOnChain(order.keyId);
    expect([key.kind, key.publicKeyHash]).toEqual([2n, order.publicKeyHash]);
    expect(key.revokedFrom).toBe(key.validFrom);
    expect(await transactionsSent()).toBe(2);
  });

  it('has a record revoked, and stamps of a batch in orders that a block can hold; each once', async () => {
    const cooperativeId = toHex(cooperativeIdOf(demoCooperative.code));
    const leaf = { cooperativeId, digest: 'ab'.repeat(32) };
    await enqueueLeaf(db, { ...leaf, kind: 'lot', refKind: 'lot', refId: 'L1' });
    await enqueueLeaf(db, { ...leaf, kind: 'stamp_batch', refKind: 'stamp_batch', refId: '7' });
    const lot = { refKind: 'lot', refId: 'L1' } as const;
    const stamps = { refKind: 'stamp_batch', refId: '7', range: { from: 250, to: 8_200 } } as const;
    for (let twice = 0; twice < 2; twice += 1) {
      await enqueueRevocation(db, lot, NOW);
      await enqueueRevocation(db, stamps, NOW);
    }
    await untilFinal(registrarOf());
    expect(await states()).toEqual([
      'null revoke_leaf final',
      'null revoke_range final',
      'null revoke_range final',
    ]);
    const rows = await db.selectFrom('leaves').selectAll().orderBy('leaf_id').execute();
    const [lotLeaf, batchLeaf] = rows.map((row) => toHex(hashOf(row)));
    expect(await ask('revokedAt', cooperativeId, lotLeaf)).toBeGreaterThan(0n);
    expect(await ask('revokedAt', cooperativeId, batchLeaf)).toBe(0n);
    // Stamps 250 to 255, all of 1 to 31, and 8,192 to 8,200.
    expect(await ask('revokedStamps', cooperativeId, batchLeaf, 0)).toBe(0b111111n << 250n);
    expect(await ask('revokedStamps', cooperativeId, batchLeaf, 31)).toBe((1n << 256n) - 1n);
    expect(await ask('revokedStamps', cooperativeId, batchLeaf, 32)).toBe(0b111111111n);
    expect(await transactionsSent()).toBe(3);
  });

  it('warns before its account runs dry, and tells figures', async () => {
    const metrics = new Registry();
    const registrar = registrarOf();
    registerRegistryMetrics(metrics, { db, status: () => registrar.status() });
    await enrol('gw-1');
    await registrar.tick();
    expect(registrar.status().funds).toMatchObject({ state: 'ok' });
    const { address } = new Wallet(anvil.keys.demoCooperative);
    await anvil.rpc('anvil_setBalance', [address, '0x1']);
    await enrol('gw-2');
    await ticks(registrar, 2);
    const { funds, state } = registrar.status();
    expect([funds.state, state]).toEqual(['low', 'no_funds']);
    expect(funds.message).toContain(
      `Send some to ${address.toLowerCase()} before orders to the registry have to wait.`,
    );
    const text = await metrics.metrics();
    expect(text).toContain('nongtin_registry_funds_low 1');
    expect(text).toContain('nongtin_registry_state{state="no_funds"} 1');
    expect(text).toContain('nongtin_registry_orders{state="waiting"} 1');
    expect(text).toContain('nongtin_registry_held_orders 0');
  });

  it('takes a revocation of nothing, or a range that is none, for a mistake', async () => {
    await expect(enqueueRevocation(db, { refKind: 'lot', refId: 'nowhere' })).rejects.toThrow(
      'there is no leaf for lot nowhere',
    );
    const batch = {
      cooperativeId: `0x${'1'.repeat(64)}`,
      digest: 'cd'.repeat(32),
      refKind: 'stamp_batch',
    } as const;
    await enqueueLeaf(db, { ...batch, kind: 'stamp_batch', refId: '8' });
    const range = { from: 9, to: 8 };
    await expect(enqueueRevocation(db, { refKind: 'stamp_batch', refId: '8', range })).rejects.toThrow(
      'not from 9 to 8',
    );
  });
});
