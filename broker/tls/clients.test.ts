import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateAuthority, ClientCertificate } from './authority.ts';
import { identityOf } from './certificate.ts';
import { DAY, makeAuthority, NOW, newClientKey, type TestAuthority } from './fixture.suite.ts';
import { requestClient } from './issuing.ts';

/** 65537, as all RSA keys have. */
const EXPONENT = Uint8Array.of(1, 0, 1);

let cloud: TestAuthority;
let authority: CertificateAuthority;
let ca: X509Certificate;
const key = newClientKey();
let request = '';

beforeAll(async () => {
  cloud = await makeAuthority();
  authority = cloud.open();
  ca = new X509Certificate((await authority.serverCredentials(['localhost'])).ca);
  request = await requestClient(key, 'gw-1');
});
afterAll(() => cloud.remove());

describe('a client certificate', () => {
  it.each<[string, () => KeyObject]>([
    ['EC P-256', newClientKey],
    ['Ed25519', () => generateKeyPairSync('ed25519').privateKey],
  ])('holds the identity and the %s key of who asked, signed by the authority', async (_, makeKey) => {
    const key = makeKey();
    const issued = await authority.issueClient(await requestClient(key, 'gw-1'), 'gw-1');
    const certificate = new X509Certificate(issued.cert);
    expect(identityOf(certificate)).toBe('gw-1');
    expect(certificate.checkPrivateKey(key)).toBe(true);
    expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.serialNumber).toBe(issued.serial);
    expect(certificate.validToDate.getTime()).toBe(issued.validToMs);
  });

  it('is for whom the authority says, whatever the request calls itself', async () => {
    const asked = await requestClient(newClientKey(), 'cloud');
    const { cert } = await authority.issueClient(asked, 'gw-2');
    expect(identityOf(new X509Certificate(cert))).toBe('gw-2');
  });

  it('gives back every identity that there may be', async () => {
    const first = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    const rest = fc.string({ unit: fc.constantFrom(...first, '_', '-'), maxLength: 63 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...first), rest, async (head, tail) => {
        const { cert } = await authority.issueClient(request, head + tail);
        expect(identityOf(new X509Certificate(cert))).toBe(head + tail);
      }),
    );
  });

  it.each(['', 'a b', 'gw-1.probe', '-gw', 'gw\n', 'gw"', '#67', 'a'.repeat(65)])(
    'is not given to %j, which is no identity',
    async (identity) => {
      await expect(authority.issueClient(request, identity)).rejects.toThrow(RangeError);
    },
  );

  it('has a serial number of its own: 16 bytes, positive', async () => {
    const issued = await Promise.all(
      Array.from({ length: 50 }, () => authority.issueClient(request, 'gw-1')),
    );
    const serials = issued.map(({ serial }) => serial);
    expect(new Set(serials).size).toBe(50);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  it('lasts as many days as asked for, two years if nothing is said, and not longer than the authority', async () => {
    expect((await authority.issueClient(request, 'gw-1', 30)).validToMs).toBe(NOW + 30 * DAY);
    expect((await authority.issueClient(request, 'gw-1')).validToMs).toBe(NOW + 730 * DAY);
    expect((await authority.issueClient(request, 'gw-1', 36_500)).validToMs).toBe(ca.validToDate.getTime());
  });

  it.skipIf(!existsSync('/usr/bin/openssl'))('is given for a request that openssl has made', async () => {
    const options =
      '-new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=anybody';
    const asked = execFileSync('/usr/bin/openssl', ['req', ...options.split(' ')], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    const { cert } = await authority.issueClient(asked, 'gw-3');
    expect(identityOf(new X509Certificate(cert))).toBe('gw-3');
  });
});

describe('no certificate is given for', () => {
  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['words', () => 'please'],
    ['a certificate', () => String(ca)],
    ['half a request', () => request.slice(0, request.length / 2)],
    ['an empty request', () => changed(request, (der) => der.fill(0))],
    [
      'a request whose name was changed',
      () => changed(request, (der) => der.write('gw-9', der.indexOf('gw-1'))),
    ],
    ['a request whose signature was changed', () => changed(request, (der) => flip(der, der.length - 1, 1))],
  ])('%s', async (_, asked) => {
    await expect(authority.issueClient(asked(), 'gw-1')).rejects.toThrow(
      new RangeError('this is no certificate request (PKCS#10, PEM) that was signed by its own key'),
    );
  });

  it.each<[string, EcKeyGenParams | RsaHashedKeyGenParams]>([
    ['EC P-384', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['RSA', { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: EXPONENT, hash: 'SHA-256' }],
  ])('a key of another kind: %s', async (_, algorithm) => {
    const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
    const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair;
    const signingAlgorithm = { ...algorithm, hash: 'SHA-256' };
    const asked = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=gw-1', keys, signingAlgorithm });
    await expect(authority.issueClient(asked.toString('pem'), 'gw-1')).rejects.toThrow(
      /^a client's key is EC P-256 or Ed25519, not (ec|rsa)$/,
    );
  });
});

it('a request with a byte changed is refused, or it is still for the key of who asked', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (position, difference) => {
      const asked = changed(request, (der) => flip(der, position % der.length, difference));
      const issued = await authority.issueClient(asked, 'gw-1').catch((error: unknown) => error);
      if (issued instanceof Error) expect(issued).toBeInstanceOf(RangeError);
      else expect(new X509Certificate((issued as ClientCertificate).cert).checkPrivateKey(key)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

/** The same request with other bytes. */
function changed(pem: string, change: (der: Buffer) => void): string {
  const der = Buffer.from(pem.replace(/-----.*-----|\n/g, ''), 'base64');
  change(der);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function flip(der: Buffer, position: number, difference: number): void {
  der.writeUInt8(der.readUInt8(position) ^ difference, position);
}
