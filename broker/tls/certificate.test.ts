import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { identityOf, tasmotaFingerprint } from './certificate.ts';

describe('the identity in a certificate', () => {
  const peer = (subject: unknown) => ({ subject }) as PeerCertificate;

  it('is its common name', () => {
    expect(identityOf(peer({ CN: 'gw-1' }))).toBe('gw-1');
  });

  it.each([{ CN: 'gw 1' }, { CN: ['gw-1', 'gw-2'] }, { CN: '' }, { O: 'gw-1' }, {}])(
    'is missing when there is not exactly one that may be an identity: %j',
    (subject) => {
      expect(identityOf(peer(subject))).toBeUndefined();
    },
  );

  it('is missing when a client has shown no certificate', () => {
    expect(identityOf({} as PeerCertificate)).toBeUndefined();
  });
});

describe("Tasmota's fingerprint", () => {
  it('is what the script of its author makes of the same key', () => {
    const key = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA28WF6qd+cgZoIdS4OZBv
s/5kh5pQjfcdp37xsRMitgwCh7lXj+UT/Ohxjrgb8Kk22C+gjWY8ookLP1ZJkYds
4dgSzSgR/3P799ZZK2MkXEE2a8u2Z5qZuylnuYQIgZ+pInaje8nUQogeINaTYUUq
V/8iarcpxH1Rqvu70HeRs86xuxMdcYQyMBsxFH3REttEf3K3ne2vDLS4B4psvkGi
hsWonp2gYGNpWjmriKGdU0KMifJzBzt0XAhlYgv1RslG5w2cYusnbbulxeT72xcT
Mt0gWANoTpB6IWk49EAlhcnh+GIGiix2L5FWrEp/tyncBKwqTIzLPPlNVf3F4q2w
pwIDAQAB
-----END PUBLIC KEY-----`;
    expect(tasmotaFingerprint(createPublicKey(key))).toBe(
      'D5 A0 BA 6B 8A 81 4C 0A 29 0E 54 6F 02 2B D4 33 92 57 91 DF',
    );
  });

  it('is there for RSA keys alone', () => {
    expect(tasmotaFingerprint(generateKeyPairSync('ed25519').publicKey)).toBeUndefined();
  });
});
