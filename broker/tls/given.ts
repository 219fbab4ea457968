import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { StartProblem } from '@nongtin/service';
import { type ServerCredentials, tasmotaFingerprint } from './certificate.ts';

export interface GivenFiles {
  /** Path of the server's certificate, and after it in the same file those of who signed it. */
  readonly cert: string;
  /** Path of its private key, which may be the same file. */
  readonly key: string;
}

/**
 * A certificate and a key that a person has configured instead of ours. A StartProblem says what is wrong with which
 * file: missing, unreadable, not PEM, not a pair, or expired by `nowMs`.
 */
export function readGivenFiles(files: GivenFiles, nowMs: number): ServerCredentials {
  const chain = readChain(files.cert);
  const key = readKey(files.key);
  const [server] = chain;
  if (!server.checkPrivateKey(key)) {
    throw new StartProblem(
      `The key in ${files.key} does not belong to the first certificate in ${files.cert}: give the two that were made together, the server's own certificate first.`,
    );
  }
  const validToMs = server.validToDate.getTime();
  if (validToMs <= nowMs) {
    throw new StartProblem(
      `The certificate in ${files.cert} has expired on ${dayOf(validToMs)}, and it is ${dayOf(nowMs)} by this machine's clock: renew it, or set the clock right.`,
    );
  }
  return {
    key: String(key.export({ type: 'pkcs8', format: 'pem' })),
    cert: chain.join(''),
    ca: String(chain.at(-1)),
    validToMs,
    tasmotaFingerprint: tasmotaFingerprint(createPublicKey(key)),
  };
}

function readChain(path: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = readText(path).match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [];
  try {
    const [server, ...signers] = blocks.map((block) => new X509Certificate(block));
    if (server !== undefined) return [server, ...signers];
  } catch {
    // Told below.
  }
  throw new StartProblem(
    `${path} holds no certificate that can be read: a text is expected (PEM) that begins with -----BEGIN CERTIFICATE-----.`,
  );
}

function readKey(path: string): KeyObject {
  const text = readText(path);
  try {
    return createPrivateKey(text);
  } catch {
    throw new StartProblem(
      text.includes('ENCRYPTED')
        ? `The key in ${path} is locked by a passphrase: store it without one (openssl pkey -in ${path} -out …), readable by this user alone.`
        : `${path} holds no private key that can be read: a text is expected (PEM) with -----BEGIN PRIVATE KEY-----.`,
    );
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : `this user may not read it (${code})`;
    throw new StartProblem(`${path} cannot be read, ${reason}: TLS needs a certificate and its key.`, {
      cause: error,
    });
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
