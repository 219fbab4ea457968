import type { Accounts } from '@nongtin/accounts';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { buildApp } from './app.ts';

const accounts: Accounts = {
  start: async () => {},
  createUser: async () => {},
  removeUser: async () => {},
  handler: async () => new Response(),
  session: async () => undefined,
};

/** Which address a client has for us that comes to us from `remoteAddress`. */
async function addressSeen(trustedProxies: readonly string[], remoteAddress: string, forwarded: string) {
  const app = await buildApp({
    ...{ accounts, trustedProxies, logger: pino({ level: 'silent' }) },
    routes: [(scope) => void scope.get('/api/verify/:gtin/:serial', (request) => request.ip)],
  });
  const headers = { 'x-forwarded-for': forwarded };
  const { body } = await app.inject({ url: '/api/verify/1/2', remoteAddress, headers });
  await app.close();
  return body;
}

it('believes the proxies it was told of, and nobody else, where a client comes from', async () => {
  const proxies = ['10.1.0.0/16', '127.0.0.1'];
  expect(await addressSeen([], '127.0.0.1', '203.0.113.7')).toBe('127.0.0.1');
  expect(await addressSeen(proxies, '10.1.2.3', '203.0.113.7')).toBe('203.0.113.7');
  expect(await addressSeen(proxies, '10.2.2.3', '203.0.113.7')).toBe('10.2.2.3');
  // What the client itself wrote before its proxy did counts for nothing.
  expect(await addressSeen(proxies, '127.0.0.1', '192.0.2.1, 203.0.113.7, 10.1.9.9')).toBe('203.0.113.7');
});
