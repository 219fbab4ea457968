import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { StartProblem } from '@nongtin/service';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServerCredentials } from './certificate.ts';
import { makeAuthority, NAMES, NOW, newClientKey, type TestAuthority } from './fixture.suite.ts';
import { readGivenFiles } from './given.ts';
import { requestClient } from './issuing.ts';

let authority: TestAuthority;
let ours: ServerCredentials;
let cert = '';
let key = '';

beforeAll(async () => {
  authority = await makeAuthority();
  ours = await authority.open().serverCredentials(NAMES);
  cert = join(authority.folder, 'server.crt');
  key = join(authority.folder, 'server.key');
});
afterAll(() => authority.remove());
beforeEach(() => {
  writeFileSync(cert, ours.cert);
  writeFileSync(key, ours.key);
});

const read = () => readGivenFiles({ cert, key }, NOW);
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;

describe('files that a person has configured', () => {
  it('give what a server needs', () => {
    expect(read()).toEqual(ours);
  });

  it('may be one file, with words between, and lines as Windows ends them', () => {
    writeFileSync(cert, `the farm\n${ours.key}and\n${ours.cert}`.replaceAll('\n', '\r\n'));
    expect(readGivenFiles({ cert, key: cert }, NOW)).toEqual(ours);
  });

  it('may hold another key than RSA, which Tasmota does not know', async () => {
    const own = newClientKey();
    const issued = await authority.open().issueClient(await requestClient(own, 'gw-1'), 'gw-1');
    writeFileSync(cert, issued.cert);
    writeFileSync(key, own.export(pkcs8));
    expect(read()).toEqual({
      key: own.export(pkcs8),
      cert: issued.cert,
      ca: issued.cert,
      validToMs: issued.validToMs,
      tasmotaFingerprint: undefined,
    });
  });
});

describe('a sentence says which file is wrong, and how', () => {
  const lines = 'a text is expected (PEM)';
  const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const locked = () => otherKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'x' });

  it.each<[string, () => void, () => string]>([
    [
      'no certificate in it',
      () => writeFileSync(cert, 'x'),
      () => `${cert} holds no certificate that can be read: ${lines}`,
    ],
    [
      'half a certificate',
      () => writeFileSync(cert, ours.cert.slice(0, 800)),
      () => `${cert} holds no certificate`,
    ],
    [
      'a certificate that was changed',
      () => writeFileSync(cert, ours.cert.replace(/MII.{9}/, 'AAAAAAAAAAAA')),
      () => `${cert} holds no certificate`,
    ],
    ['the key in its place', () => writeFileSync(cert, ours.key), () => `${cert} holds no certificate`],
    [
      'no key in it',
      () => writeFileSync(key, ''),
      () => `${key} holds no private key that can be read: ${lines}`,
    ],
    ['a certificate for a key', () => writeFileSync(key, ours.cert), () => `${key} holds no private key`],
    ['half a key', () => writeFileSync(key, ours.key.slice(0, 400)), () => `${key} holds no private key`],
    [
      'a locked key',
      () => writeFileSync(key, locked()),
      () => `The key in ${key} is locked by a passphrase: store it without one`,
    ],
    [
      'the key of another',
      () => writeFileSync(key, otherKey.export(pkcs8)),
      () => `The key in ${key} does not belong to the first certificate in ${cert}:`,
    ],
    [
      'the authority first',
      () => writeFileSync(cert, ours.ca + ours.cert),
      () => `The key in ${key} does not belong to the first certificate in ${cert}:`,
    ],
  ])('%s', (_, damage, sentence) => {
    damage();
    expect(read).toThrow(StartProblem);
    expect(read).toThrow(sentence());
  });

  it('a file that is missing, or a folder', () => {
    const none = join(authority.folder, 'none.pem');
    expect(() => readGivenFiles({ cert: none, key }, NOW)).toThrow(
      new StartProblem(`${none} cannot be read, there is no such file: TLS needs a certificate and its key.`),
    );
    const folder = join(authority.folder, 'folder');
    mkdirSync(folder);
    expect(() => readGivenFiles({ cert, key: folder }, NOW)).toThrow(/folder cannot be read/);
  });

  it.skipIf(process.getuid?.() === 0)('a file of somebody else', () => {
    chmodSync(key, 0);
    expect(read).toThrow(`${key} cannot be read, this user may not read it (EACCES)`);
    rmSync(key);
  });

  it('a certificate that has expired', () => {
    expect(readGivenFiles({ cert, key }, ours.validToMs - 1)).toEqual(ours);
    expect(() => readGivenFiles({ cert, key }, ours.validToMs)).toThrow(
      new StartProblem(
        `The certificate in ${cert} has expired on 2028-11-21, and it is 2028-11-21 by this machine's clock: renew it, or set the clock right.`,
      ),
    );
  });

  it('and never shows the key', () => {
    writeFileSync(key, ours.key.slice(0, 400));
    const shown = (() => {
      try {
        return read();
      } catch (error) {
        return inspect(error);
      }
    })();
    expect(shown).toContain('holds no private key');
    expect(shown).not.toContain(ours.key.slice(100, 120));
  });
});
