import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, createBroker, openAuthority, type ServerCredentials } from '@nongtin/broker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Link, type LinkTls } from './link.ts';

const logger = pino({ enabled: false });
const folder = mkdtempSync(join(tmpdir(), 'nongtin-uplink-'));
let broker: Broker;
let server: ServerCredentials;
let foreign: ServerCredentials;

beforeAll(async () => {
  const credentialsIn = (name: string) =>
    openAuthority({ folder: join(folder, name), clock: { nowMs: Date.now } }).serverCredentials([
      '127.0.0.1',
    ]);
  [server, foreign] = await Promise.all([credentialsIn('own'), credentialsIn('foreign')]);
  broker = createBroker({
    ...{ host: '127.0.0.1', port: 0, tls: { port: 0 }, logger },
    authenticate: (id) => ({ id, role: 'gateway' }),
    hook: { receive: async () => {} },
  });
  await broker.start();
  await broker.secure({ key: server.key, cert: server.cert });
});
afterAll(async () => {
  await broker.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** 'open', or why there is no connection. */
async function outcomeOf(url: string, tls: LinkTls): Promise<string> {
  const outcome = Promise.withResolvers<string>();
  const link = new Link({
    ...{ url, tls, gateway: 'gw-test', clientId: 'uplink-gw-test', password: 'secret' },
    ...{ commands: undefined, logger },
    monotonicMs: () => performance.now(),
    onOpen: () => outcome.resolve('open'),
    onDenied: outcome.resolve,
    onAnswer: () => {},
    onClosed: outcome.resolve,
  });
  try {
    return await outcome.promise;
  } finally {
    await link.end();
  }
}

const overTls = (host = '127.0.0.1') => `mqtts://${host}:${broker.tlsPort}`;

it('opens over TLS to who shows a certificate of the authority that it was given', async () => {
  expect(await outcomeOf(overTls(), { ca: server.ca })).toBe('open');
});

it.each([
  ['is of another authority', () => [overTls(), { ca: foreign.ca }], /is not trusted .*NONGTIN_UPLINK_CA/],
  ['is of no public authority', () => [overTls(), {}], /is not trusted .*NONGTIN_UPLINK_CA/],
  ['has another name', () => [overTls('localhost'), { ca: server.ca }], /for other names than this address/],
  [
    'is not there',
    () => [`mqtts://127.0.0.1:${broker.port}`, { ca: server.ca }],
    /before secure TLS connection/,
  ],
  ['is not asked for', () => [`mqtt://127.0.0.1:${broker.tlsPort}`, {}], /wants mqtts:\/\/ in its address/],
] as const)('says what is wrong when the certificate %s', async (_what, ask, reason) => {
  const [url, tls] = ask() as [string, LinkTls];
  expect(await outcomeOf(url, tls)).toMatch(reason);
});
