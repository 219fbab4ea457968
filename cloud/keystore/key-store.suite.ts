import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { keyStoreOf, type RotatingKeyStore } from './key-store.ts';

/** The behaviour of every key store. `again`: the same once more, as after a restart. */
export function keyStoreSuite(
  name: string,
  make: () => Promise<{ store: RotatingKeyStore; again(): RotatingKeyStore; remove(): Promise<void> }>,
): void {
  describe(`secrets under ${name}`, () => {
    const within = async (test: (made: Awaited<ReturnType<typeof make>>) => Promise<void>) => {
      const made = await make();
      try {
        await test(made);
      } finally {
        await made.remove();
      }
    };
    const secret = new Uint8Array(32).fill(9);

    it('come back as they were, also after a restart, and are never twice the same text', () =>
      within(async ({ store, again }) => {
        const wrapped = await store.wrap(secret, '7');
        expect(await store.unwrap(wrapped, '7')).toEqual(secret);
        expect(await again().unwrap(wrapped, '7')).toEqual(secret);
        expect(await store.wrap(secret, '7')).not.toBe(wrapped);
        expect(wrapped).not.toContain(Buffer.from(secret).toString('base64url').slice(0, 40));
      }));

    it('are refused when altered, of another row, under another key, or no secrets', () =>
      within(async ({ store }) => {
        const wrapped = await store.wrap(secret, '7');
        await expect(store.unwrap(wrapped, '8')).rejects.toThrow();
        await expect(keyStoreOf(randomBytes(32)).unwrap(wrapped, '7')).rejects.toThrow();
        const at = wrapped.length - 10;
        const altered = wrapped.slice(0, at) + (wrapped[at] === 'A' ? 'B' : 'A') + wrapped.slice(at + 1);
        await expect(store.unwrap(altered, '7')).rejects.toThrow();
        for (const rubbish of ['rubbish', '', '1.', '2.00.AAAA', '9.x']) {
          await expect(store.unwrap(rubbish, '7')).rejects.toThrow();
        }
      }));

    it('survive that somebody turns the key over while another one retires what is older', () =>
      within(async ({ store }) => {
        const wrapped = await store.wrap(secret, '7');
        const prefix = await store.newestPrefix();
        await store.rotate();
        await store.retireOlder(prefix);
        expect(await store.unwrap(wrapped, '7')).toEqual(secret);
      }));

    it('go under a new key while the older one is still readable, until that is retired', () =>
      within(async ({ store, again }) => {
        const before = await store.wrap(secret, '7');
        expect(before.startsWith(await store.newestPrefix())).toBe(true);
        await store.rotate();
        const after = await store.wrap(secret, '7');
        const prefix = await store.newestPrefix();
        expect([before.startsWith(prefix), after.startsWith(prefix)]).toEqual([false, true]);
        for (const one of [store, again()]) {
          expect(await one.unwrap(before, '7')).toEqual(secret);
          expect(await one.unwrap(after, '7')).toEqual(secret);
        }
        await store.retireOlder(prefix);
        await store.retireOlder(prefix);
        for (const one of [store, again()]) {
          await expect(one.unwrap(before, '7')).rejects.toThrow();
          expect(await one.unwrap(after, '7')).toEqual(secret);
        }
      }));
  });
}

interface FakeTransit {
  readonly url: string;
  /** Answers everything with this status; undefined: works again. */
  fail(status: number | undefined): void;
  readonly tokens: string[];
  close(): Promise<void>;
}

/** What the transit engine of Vault does with one key of type aes256-gcm96, on loopback. */
export async function startFakeTransit(key: string): Promise<FakeTransit> {
  const versions = [keyStoreOf(randomBytes(32))];
  let oldest = 1;
  let failure: number | undefined;
  const tokens: string[] = [];
  const answer = async (path: string, body: Record<string, string>): Promise<object> => {
    const newest = versions.length;
    const context = String(body.associated_data);
    if (path === `keys/${key}/rotate`) versions.push(keyStoreOf(randomBytes(32)));
    if (path === `keys/${key}/config`) oldest = Number(body.min_decryption_version);
    if (path.startsWith('keys/')) return { latest_version: newest, min_decryption_version: oldest };
    if (path === `encrypt/${key}`) {
      const wrapped = await versions[newest - 1]?.wrap(
        Buffer.from(String(body.plaintext), 'base64'),
        context,
      );
      return { ciphertext: `vault:v${newest}:${wrapped}`, key_version: newest };
    }
    const [, version = 0, wrapped = ''] = /^vault:v(\d+):(.*)$/.exec(String(body.ciphertext)) ?? [];
    if (path !== `decrypt/${key}` || Number(version) < oldest) throw new Error('no');
    const secret = await versions[Number(version) - 1]?.unwrap(wrapped, context);
    if (secret === undefined) throw new Error('no');
    return { plaintext: Buffer.from(secret).toString('base64') };
  };
  const server = createServer(async (request, response) => {
    tokens.push(String(request.headers['x-vault-token']));
    const text = (await request.toArray()).join('');
    const send = (status: number, value: object) => response.writeHead(status).end(JSON.stringify(value));
    if (failure !== undefined) return send(failure, { errors: ['failing'] });
    try {
      const path = String(request.url).replace('/v1/transit/', '');
      send(200, { data: await answer(path, text === '' ? {} : JSON.parse(text)) });
    } catch {
      send(400, { errors: ['invalid ciphertext'] });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail: (status) => {
      failure = status;
    },
    tokens,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
