import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { IDENTITY } from '../wire/index.ts';

/** What a TLS server needs. Keys and certificates are PEM. */
export interface ServerCredentials {
  readonly key: string;
  /** The server's own first, then those of who signed it. */
  readonly cert: string;
  /** What devices have to be given so that they trust this server: the last of the chain. */
  readonly ca: string;
  readonly validToMs: number;
  /** What `MqttFingerprint1` of Tasmota takes; undefined when the key is not RSA, the only kind it knows. */
  readonly tasmotaFingerprint: string | undefined;
}

/** Whether clients that reach a server by any of these names and addresses will find it in the certificate. */
export function covers(certificate: X509Certificate, names: readonly string[]): boolean {
  return names.every((name) =>
    isIP(name) === 0
      ? certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined
      : certificate.checkIP(name) !== undefined,
  );
}

/**
 * The identity of who holds this client certificate, or undefined when it names none. It says nothing about who signed
 * it: ask only when the TLS server has found the connection to be `authorized`.
 */
export function identityOf(certificate: X509Certificate | PeerCertificate): string | undefined {
  const { subject } = certificate instanceof X509Certificate ? certificate.toLegacyObject() : certificate;
  // Without a certificate Node gives an empty object, and an array for several names.
  const name: unknown = subject?.CN;
  return typeof name === 'string' && IDENTITY.test(name) ? name : undefined;
}

/** SHA-256 of the first certificate of a PEM, 64 hex digits: by which a person, or a QR code, tells one from another. */
export function fingerprintOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();
}

/**
 * Tasmota's fingerprint of a server's RSA key (version 2, since 8.4): SHA-1 of `ssh-rsa`, exponent and modulus, each
 * after its length; unlike SSH without a zero before a modulus whose first bit is set.
 */
export function tasmotaFingerprint(publicKey: KeyObject): string | undefined {
  const { e, n } = publicKey.export({ format: 'jwk' });
  if (publicKey.asymmetricKeyType !== 'rsa' || e === undefined || n === undefined) return undefined;
  const hash = createHash('sha1');
  for (const part of [Buffer.from('ssh-rsa'), Buffer.from(e, 'base64url'), Buffer.from(n, 'base64url')]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hash.update(length).update(part);
  }
  return (hash.digest('hex').toUpperCase().match(/../g) ?? []).join(' ');
}
