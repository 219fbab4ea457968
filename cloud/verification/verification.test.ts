import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestChain, type TestChain } from '@nongtin/contracts/chain';
import { checkBundle, fromHex, parseBundle, readAnchor } from '@nongtin/contracts/encoding';
import fastify, { type FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, openTestRecords, silent } from '../anchoring/fixture.suite.ts';
import {
  type Anchorer,
  createAnchorer,
  createAnchorStore,
  createEthersChain,
  httpRpc,
  RpcError,
} from '../anchoring/index.ts';
import { openFileKeyStore } from '../keystore/index.ts';
import type { Schema } from '../records/index.ts';
import { createLife, createStamps, GuessLimit, type Stamps } from '../stamps/index.ts';
import type { VerifyAnswer } from './answer.ts';
import { createVerifier, verificationRoutes } from './index.ts';

const { gtin14, lotNumber } = fixture;
let db: Kysely<Schema>;
let stop: () => Promise<void>;
let anvil: TestChain;
let stamps: Stamps;
let anchorer: Anchorer;
let app: FastifyInstance;
let chainDown = false;
/** What the chain answers to a question as of its finalized block, when it is not the plain answer. */
let asFinalized: Error | undefined;
const folder = mkdtempSync(join(tmpdir(), 'nongtin-page-'));
const pageFolder = join(folder, 'verify');

beforeAll(async () => {
  anvil = await startTestChain();
  ({ db, stop } = await openTestRecords());
  const clock = { nowMs: () => 1_790_000_000_000 };
  stamps = createStamps({ db, keyStore: openFileKeyStore(join(folder, 'stamp-master.key')), clock });
  const { deployment, anchorerKey, rpcUrl } = anvil;
  const direct = httpRpc(rpcUrl);
  const rpc: typeof direct = async (method, params) => {
    if (chainDown) throw new TypeError('fetch failed');
    if (asFinalized !== undefined && params.includes('finalized')) throw asFinalized;
    return direct(method, params);
  };
  const chain = createEthersChain({ rpc, deployment: () => deployment, anchorerKey: () => anchorerKey });
  anchorer = createAnchorer({ store: createAnchorStore(db), chain, clock, logger: silent, tickSeconds: 5 });
  const door = () => ({
    chainId: deployment.chainId,
    anchorRegistry: deployment.anchorRegistry as `0x${string}`,
    rpcUrls: [`${rpcUrl}/path`],
    confirmations: 12,
  });
  const verifier = createVerifier({ db, stamps, chain: door, rpc });
  const contracts = () => [deployment.anchorRegistry, deployment.cooperativeRegistry];
  mkdirSync(join(pageFolder, 'assets'), { recursive: true });
  app = fastify();
  const guesses = new GuessLimit(clock.nowMs);
  await app.register(verificationRoutes, { verifier, pageFolder, chain: door, contracts, rpc, guesses });
});
afterAll(async () => {
  await app.close();
  await stop();
  await anvil.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function newStamp(): Promise<string> {
  const issued = await stamps.issueBatch({ lotNumber, count: 20, issuedBy: 'manager@example.vn' });
  if (!issued.ok) throw new Error(issued.problem);
  return issued.firstSerial;
}
const ask = async (serial: string, gtin: string = gtin14): Promise<VerifyAnswer> =>
  (await app.inject(`/api/verify/${gtin}/${serial}`)).json();

/** What a buyer's device does, with the relay as its only way to the chain. */
async function checkAsBuyer(answer: VerifyAnswer, serial: string, blockTag: 'latest' | 'finalized') {
  const bundle = parseBundle(answer.bundle);
  expect(checkBundle(bundle, { gtin14, serial }).filter((step) => !step.ok)).toEqual([]);
  const rpc = async (method: string, params: readonly unknown[]) => {
    const payload = { jsonrpc: '2.0', id: 1, method, params };
    return (await app.inject({ method: 'POST', url: '/rpc', payload })).json().result;
  };
  const { chainId, contract, root } = bundle.anchor;
  return readAnchor(rpc, { chainId, contract, root, blockTag });
}

describe('what we say of a stamp', () => {
  it('follows its anchor from waiting to genuine, and never runs ahead of the chain', async () => {
    const serial = await newStamp();
    expect(await ask(serial)).toMatchObject({
      answer: 'waiting',
      bundle: null,
      anchor: { state: 'waiting' },
    });
    await anchorer.tick();
    const mined = await ask(serial);
    // Our books are one look behind, the chain itself was asked.
    expect(mined).toMatchObject({ answer: 'not_yet_final', anchor: { state: 'submitted', now: 'standing' } });
    expect((await checkAsBuyer(mined, serial, 'latest')).kind).toBe('anchored');
    await anvil.finalize();
    await anchorer.tick();
    const final = await ask(serial);
    expect(final).toMatchObject({
      answer: 'genuine',
      problem: null,
      anchor: { state: 'final', now: 'final' },
    });
    expect(final).toMatchObject({
      product: { gtin14, name: { vi: 'Thanh long ruột đỏ', en: 'Red dragon fruit' } },
      cooperative: { name: 'HTX Thử' },
      lot: { lotNumber, quantityKg: 1250.5, plot: { plantingAreaCode: 'VN-BTOR-0001' } },
      season: { readings: 10 },
    });
    expect((await checkAsBuyer(final, serial, 'finalized')).kind).toBe('anchored');
    expect(fromHex(final.bundle?.anchor.transactionHash ?? '', 32)).toHaveLength(32);
  });

  it('is withdrawn once it was voided, and its neighbour is not; the proofs of both can be kept as files', async () => {
    const serial = await newStamp();
    await anchorer.tick();
    await anvil.finalize();
    await anchorer.tick();
    const batchNumber = Number((await ask(serial)).bundle?.batch.batchNumber);
    const [, neighbour] = (await stamps.listSerials(batchNumber, 0, 2))?.stamps ?? [];
    const life = createLife({
      db,
      clock: { nowMs: () => 1_790_000_000_000 },
      queueRevocation: async () => {},
    });
    const lost = {
      batchNumber,
      from: 0,
      to: 0,
      state: 'voided',
      reason: 'lost',
      by: 'manager@example.vn',
    } as const;
    expect((await life.change(lost)).ok).toBe(true);
    expect(await ask(serial)).toMatchObject({ answer: 'withdrawn', problem: null });
    expect(await ask(neighbour?.serial ?? '')).toMatchObject({ answer: 'genuine' });
    // One that is in use tells when its PIN was first used; one that was thrown away is not to be trusted either.
    await db
      .insertInto('stamp_activations')
      .values({ batch_number: batchNumber, stamp_index: 1, activated_at_ms: 1_790_000_000_001 })
      .execute();
    expect(await ask(neighbour?.serial ?? '')).toMatchObject({
      answer: 'genuine',
      stamp: { state: 'activated', activatedAtMs: 1_790_000_000_001 },
    });
    const [third] = (await stamps.listSerials(batchNumber, 2, 1))?.stamps ?? [];
    for (const state of ['printed', 'spoiled'] as const)
      await life.change({ ...lost, ...{ from: 2, to: 2, state } });
    expect(await ask(third?.serial ?? '')).toMatchObject({
      answer: 'withdrawn',
      stamp: { state: 'spoiled' },
    });
    expect((await app.inject(`/v/${gtin14}/${third?.serial}?lang=en`)).body).toContain(
      'spoiled and thrown away',
    );
    const file = await app.inject(`/api/proofs/stamps/${gtin14}/${serial}`);
    expect(file.headers['content-disposition']).toBe(`attachment; filename="proof-${gtin14}-${serial}.json"`);
    expect(checkBundle(parseBundle(file.json()), { gtin14, serial }).every(({ ok }) => ok)).toBe(true);
    const none = await app.inject(`/api/proofs/stamps/${gtin14}/00000100000WF7CHJ0NC`);
    expect([none.statusCode, none.json().error.code]).toEqual([404, 'unknown']);
    expect((await app.inject('/api/proofs/lots/L0')).statusCode).toBe(404);
    expect((await app.inject(`/api/proofs/lots/${lotNumber}`)).json().error?.kind).toBe('try_later');
  });

  it('claims nothing while the chain is silent, or when the chain does not hold the root any more', async () => {
    const serial = await newStamp();
    await anchorer.tick();
    await anvil.finalize();
    await anchorer.tick();
    chainDown = true;
    expect(await ask(serial)).toMatchObject({
      answer: 'cannot_check',
      problem: 'unreachable',
      anchor: { state: 'final', now: 'unknown' },
    });
    chainDown = false;
    await db
      .updateTable('anchors')
      .set({ root: `0x${'77'.repeat(32)}` })
      .where('anchor_id', '=', (eb) => eb.selectFrom('anchors').select((e) => e.fn.max('anchor_id').as('m')))
      .execute();
    expect(await ask(serial)).toMatchObject({
      answer: 'cannot_check',
      problem: 'root_missing',
      anchor: { state: 'final', now: 'missing' },
    });
  });

  it('counts the blocks above where the chain knows no finalized one, but not where it is only silent', async () => {
    const serial = await newStamp();
    await anchorer.tick();
    asFinalized = new RpcError(-32602, 'unknown block tag');
    await anvil.rpc('anvil_mine', ['0xb']);
    expect(await ask(serial)).toMatchObject({ answer: 'not_yet_final', anchor: { now: 'standing' } });
    await anvil.rpc('anvil_mine', ['0x1']);
    expect(await ask(serial)).toMatchObject({
      ...{ answer: 'genuine', problem: null, anchor: { now: 'final' } },
      chain: { confirmations: 12 },
    });
    await anchorer.tick();
    expect(await ask(serial)).toMatchObject({ answer: 'genuine', anchor: { state: 'final' } });
    asFinalized = new TypeError('fetch failed');
    expect(await ask(serial)).toMatchObject({ answer: 'not_yet_final', anchor: { now: 'standing' } });
    asFinalized = undefined;
  });

  it('refuses every stranger with the same answer, and helps with a slip of the pen only', async () => {
    const serial = await newStamp();
    const slip = serial.slice(0, -1) + (serial.endsWith('0') ? '1' : '0');
    expect(await ask(slip)).toMatchObject({ answer: 'not_ours', problem: 'check_character', bundle: null });
    expect(await ask(serial, '08936000000012')).toMatchObject({ answer: 'not_ours', problem: 'gtin' });
    expect(await ask('SHORT')).toMatchObject({ answer: 'not_ours', problem: 'length' });
    const { appendCheckCharacter } = await import('@nongtin/broker/wire');
    const otherMac = appendCheckCharacter(`${serial.slice(0, 11)}00000000`);
    const otherBatch = appendCheckCharacter(`ZZZZZZ${serial.slice(6, 19)}`);
    const refused = await Promise.all([ask(otherMac), ask(otherBatch), ask(serial, '08936000000028')]);
    expect(refused[0]).toMatchObject({ answer: 'not_ours', problem: 'unknown', bundle: null, product: null });
    expect(refused[1]).toEqual(refused[0]);
    expect(refused[2]).toEqual(refused[0]);
  });

  it('is not guessed fast: who asks for many that are none waits, and nobody else', async () => {
    const serial = await newStamp();
    const { appendCheckCharacter } = await import('@nongtin/broker/wire');
    const guess = appendCheckCharacter(`${serial.slice(0, 11)}00000000`);
    const statusOf = async (door: string, asked: string, remoteAddress: string) =>
      (await app.inject({ url: `${door}/${gtin14}/${asked}`, remoteAddress })).statusCode;
    const statuses = [];
    for (let i = 0; i < 31; i += 1) statuses.push(await statusOf('/api/verify', guess, '198.51.100.7'));
    expect([statuses[29], statuses[30]]).toEqual([200, 429]);
    expect(await statusOf('/v', guess, '198.51.100.7')).toBe(429);
    expect(await statusOf('/api/verify', serial, '203.0.113.9')).toBe(200);
  });
});

describe("a stamp's link", () => {
  const serial = '0'.repeat(20);
  it('leads to the page, with its query, by GET and HEAD', async () => {
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await app.inject({ method, url: `/01/${gtin14}/21/${serial}?lang=en&17=261231` });
      expect(answer.statusCode).toBe(307);
      expect(answer.headers.location).toBe(`/v/${gtin14}/${serial}?lang=en&17=261231`);
      expect(answer.headers.link).toContain('https://ref.gs1.org/voc/defaultLink');
    }
    const escaped = await app.inject(`/01/${gtin14}/21/ab%2F%22c`);
    expect(escaped.headers.location).toBe(`/v/${gtin14}/AB%2F%22C`);
  });

  it('that is none is refused in plain words', async () => {
    for (const path of [
      '/01/08936000000012/21/1',
      '/01/8936000000011/21/1',
      `/01/${gtin14}/21/${'1'.repeat(21)}`,
      `/01/${gtin14}/21/a%20b`,
      `/01/${gtin14}/21/%C3%A9`,
    ]) {
      const answer = await app.inject({ url: path, headers: { 'accept-language': 'en' } });
      expect(answer.statusCode).toBe(400);
      expect(answer.body).toContain('check each character');
    }
  });
});

describe("the buyer's page", () => {
  const template =
    '<html lang="vi"><body><div id="app"><!--answer--></div><!--data--><script src="/v/assets/a.js"></script></body></html>';
  const build = () => {
    writeFileSync(join(pageFolder, 'assets', 'a.js'), 'console.log(1)');
    writeFileSync(join(pageFolder, 'index.html'), template);
  };

  it('answers in plain HTML when it was not built', async () => {
    const answer = await app.inject({ url: `/v/${gtin14}/${await newStamp()}?lang=en` });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('Our server&#39;s answer');
    expect(answer.body).toContain('still waits to be written to the chain');
  });

  it('carries the answer for readers and for its own script, with nothing of a record taken as HTML', async () => {
    build();
    const serial = await newStamp();
    const { body, headers } = await app.inject({
      url: `/v/${gtin14}/${serial}`,
      headers: { 'accept-language': 'vi' },
    });
    expect(body).toContain('Câu trả lời của máy chủ chúng tôi');
    expect(body).toContain('Lô A &lt;3&gt; &amp; &quot;B&quot;');
    expect(body).not.toContain('Lô A <3>');
    const data = /<script type="application\/json" id="verify-data">(.*?)<\/script>/.exec(body)?.[1] ?? '';
    expect(JSON.parse(data)).toEqual(await ask(serial));
    expect(headers['cache-control']).toBe('no-store');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain(`connect-src 'self' ${anvil.rpcUrl};`);
  });

  it('says in words that a character is wrong', async () => {
    build();
    const serial = await newStamp();
    const slip = (serial.startsWith('1') ? '2' : '1') + serial.slice(1);
    const { body } = await app.inject(`/v/${gtin14}/${slip}?lang=en`);
    // So does a stamp that was typed with an O for the 0, or a character short.
    for (const typed of [`O${serial.slice(1)}`, serial.slice(1)])
      expect((await app.inject(`/v/${gtin14}/${typed}?lang=en`)).body).toContain('not 20 of them');
    expect(body).toContain('The code holds a wrong character');
    expect(body).toContain('<html lang="en">');
    expect(body).not.toContain('Red dragon fruit');
  });

  it('serves its assets, and nothing beside them', async () => {
    build();
    cpSync(join(pageFolder, 'index.html'), join(folder, 'secret.html'));
    expect((await app.inject('/v/assets/a.js')).statusCode).toBe(200);
    expect((await app.inject('/v/assets/../../secret.html')).statusCode).not.toBe(200);
    expect((await app.inject('/v/assets/..%2f..%2fsecret.html')).statusCode).not.toBe(200);
  });

  it('lets nobody send transactions through its way to the chain, nor large bodies', async () => {
    const post = (payload: object) => app.inject({ method: 'POST', url: '/rpc', payload });
    const call = { jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: ['0x00'] };
    expect((await post(call)).json()).toMatchObject({ error: { code: -32601 } });
    expect((await post({ ...call, params: ['0'.repeat(100_000)] })).statusCode).toBe(413);
  });
});
