// First: the container inside the next library asks for it while it is loaded, and brings none of its own.
import 'reflect-metadata';
import { createPublicKey, type KeyObject, randomBytes, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/**
 * Who signs. This file makes certificates and nothing else: the library behind it takes 20 MiB of memory (8 in the
 * gateway's bundle) and is seldom needed, so import it when there is something to make, and not before.
 */
export interface Issuer {
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
}

/**
 * Every certificate is valid from the beginning of Unix time, where a device without a clock believes to be; nor can one
 * of ours begin in the future of a gateway whose clock was wrong. Apple's limit of 825 days begins with July 2019.
 */
const VALID_FROM = new Date(0);

/** The last second that the two-digit years of old certificate readers can say, whenever the authority was made. */
const AUTHORITY_ENDS = new Date(Date.UTC(2049, 11, 31, 23, 59, 59));

const HASH = 'SHA-256';
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: HASH } as const;

const { cRLSign, digitalSignature, keyCertSign, keyEncipherment } = x509.KeyUsageFlags;
const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;

/** The self-signed certificate (PEM) of this RSA key. Its name holds random letters: a device may know two of ours. */
export async function certifyAuthority(key: KeyObject): Promise<string> {
  const publicKey = spkiOf(createPublicKey(key));
  const name = commonName(`Nong Tin CA ${randomBytes(4).toString('hex')}`);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    notBefore: VALID_FROM,
    notAfter: AUTHORITY_ENDS,
    subject: name,
    issuer: name,
    publicKey,
    signingKey: webKey(key, RSA, 'sign'),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return pemOf(certificate);
}

export interface ServerToCertify {
  readonly publicKey: KeyObject;
  /** Host names and addresses by which it is reached. */
  readonly names: readonly string[];
  /** Whether it connects to others like it with the same certificate. */
  readonly peer: boolean;
  readonly validToMs: number;
}

/** A certificate (PEM) for a TLS server; ends with its issuer's. */
export function certifyServer(
  issuer: Issuer,
  { publicKey, names, peer, validToMs }: ServerToCertify,
): Promise<string> {
  const alternatives = names.map(
    (value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }) satisfies x509.JsonGeneralName,
  );
  // A name with spaces, which no identity has.
  return certify(issuer, spkiOf(publicKey), 'Nong Tin server', validToMs, [
    new x509.KeyUsagesExtension(digitalSignature | keyEncipherment, true),
    new x509.ExtendedKeyUsageExtension(peer ? [serverAuth, clientAuth] : [serverAuth]),
    new x509.SubjectAlternativeNameExtension(alternatives),
  ]);
}

/**
 * A certificate (PEM) for the client that made this PKCS#10 request; of the request only the key is taken over. Throws
 * a RangeError when it is none, is not signed by its own key, or when that is neither EC P-256 nor Ed25519.
 */
export async function certifyClient(
  issuer: Issuer,
  requestPem: string,
  identity: string,
  validToMs: number,
): Promise<string> {
  const publicKey = await provedKeyOf(requestPem);
  return certify(issuer, publicKey, identity, validToMs, [
    new x509.KeyUsagesExtension(digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([clientAuth]),
  ]);
}

/** The PKCS#10 request (PEM) with which the holder of this private key, EC P-256 or Ed25519, asks for a certificate. */
export async function requestClient(key: KeyObject, identity: string): Promise<string> {
  const algorithm = clientAlgorithm(key);
  const keys = {
    privateKey: webKey(key, algorithm, 'sign'),
    publicKey: webKey(createPublicKey(key), algorithm, 'verify'),
  };
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: commonName(identity),
    keys,
    signingAlgorithm: { ...algorithm, hash: HASH },
  });
  return pemOf(request);
}

async function certify(
  issuer: Issuer,
  publicKey: Buffer<ArrayBuffer>,
  subject: string,
  validToMs: number,
  extensions: x509.Extension[],
): Promise<string> {
  const authorityEndsMs = issuer.certificate.validToDate.getTime();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    notBefore: VALID_FROM,
    notAfter: new Date(Math.min(validToMs, authorityEndsMs)),
    subject: commonName(subject),
    issuer: new x509.X509Certificate(issuer.certificate.raw).subjectName,
    publicKey,
    signingKey: webKey(issuer.key, RSA, 'sign'),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...extensions,
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(spkiOf(issuer.certificate.publicKey)),
    ],
  });
  return pemOf(certificate);
}

/** 16 random bytes as hex, but for two bits: a positive number, and one whose length never varies. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

/** The public key (SPKI, DER) of a request that proves that its sender has the private one. */
async function provedKeyOf(requestPem: string): Promise<Buffer<ArrayBuffer>> {
  const request = readRequest(requestPem);
  if (request !== undefined) {
    // Before it is used: an RSA key can be made so large that checking its signature takes minutes.
    clientAlgorithm(request.key);
    if (await isSigned(request.parsed)) return spkiOf(request.key);
  }
  throw new RangeError('this is no certificate request (PKCS#10, PEM) that was signed by its own key');
}

function readRequest(pem: string) {
  try {
    const parsed = new x509.Pkcs10CertificateRequest(pem);
    const spki = Buffer.from(parsed.publicKey.rawData);
    return { parsed, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
  } catch {
    // Whatever a stranger's bytes did to the parser: they are no request.
    return undefined;
  }
}

async function isSigned(request: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    // A signature of another kind than the key.
    return false;
  }
}

type ClientAlgorithm = { readonly name: string; readonly namedCurve?: string };

function clientAlgorithm(key: KeyObject): ClientAlgorithm {
  if (key.asymmetricKeyType === 'ed25519') return { name: 'Ed25519' };
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return { name: 'ECDSA', namedCurve: 'P-256' };
  throw new RangeError(`a client's key is EC P-256 or Ed25519, not ${key.asymmetricKeyType}`);
}

function commonName(value: string): x509.JsonName {
  return [{ CN: [value] }];
}

function spkiOf(publicKey: KeyObject): Buffer<ArrayBuffer> {
  return Buffer.from(publicKey.export({ type: 'spki', format: 'der' }));
}

function webKey(
  key: KeyObject,
  algorithm: ClientAlgorithm | typeof RSA,
  usage: 'sign' | 'verify',
): CryptoKey {
  // The same object; Node's types know usages that the browser's do not.
  return key.toCryptoKey(algorithm, usage === 'verify', [usage]) as CryptoKey;
}

function pemOf(data: { toString(format: 'pem'): string }): string {
  return `${data.toString('pem')}\n`;
}
