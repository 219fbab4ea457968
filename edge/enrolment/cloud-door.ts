import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { EnrolmentProblem } from './problem.ts';

/** How the cloud is known to be the cloud. */
export type Trust =
  /** SHA-256 of the certificate of its authority, 64 hex digits: at the first contact. */
  | { readonly fingerprint: string }
  /** That certificate itself, PEM. */
  | { readonly authority: string }
  /** By an authority that every machine knows. */
  | 'public';

interface Asked {
  /** Origin: https, or http on this machine. */
  readonly cloud: string;
  readonly trust: Trust;
}

const PATIENCE_MS = 20_000;
const MOST_ANSWER_BYTES = 256 * 1024;

/**
 * What the cloud answers to this. Nothing is said before the cloud has shown a certificate that is trusted: a claim code
 * given to the wrong one would be worth a gateway. Throws an EnrolmentProblem, in the cloud's words when it refuses.
 */
export async function askCloud({ cloud, trust }: Asked, path: string, body: object): Promise<unknown> {
  const url = new URL(path, cloud);
  const ca = url.protocol === 'https:' ? await authorityOf(url, trust) : undefined;
  const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, timeout: PATIENCE_MS };
  const request =
    url.protocol === 'https:'
      ? requestHttps(url, { ...asked, ...(ca === undefined ? {} : { ca }), minVersion: 'TLSv1.2' })
      : requestHttp(url, asked);
  request.once('timeout', () => request.destroy(new Error('no answer')));
  try {
    request.end(JSON.stringify(body));
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    return await read(answer);
  } catch (error) {
    throw error instanceof EnrolmentProblem ? error : notReached(url, error);
  }
}

/** Throws an EnrolmentProblem when the address is none that a code may be sent to. */
export function cloudOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url === undefined || !isWeb || url.username !== '') {
    const message = 'The cloud’s address is expected as https://cloud.example or https://192.168.1.5:8443.';
    throw new EnrolmentProblem('your_input', 'no_address', message);
  }
  if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    const message =
      'Over http everybody on the way could take the claim code: use the cloud’s https address, as its console shows it.';
    throw new EnrolmentProblem('your_input', 'not_secure', message);
  }
  return url.origin;
}

async function read(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MOST_ANSWER_BYTES) throw new Error('the answer is too long');
    parts.push(part);
  }
  const said: unknown = JSON.parse(Buffer.concat(parts).toString());
  if (answer.statusCode === 200) return said;
  const { error } = (said ?? {}) as { error?: { kind?: string; code?: string; message?: string } };
  const kind = error?.kind === 'your_input' ? 'your_input' : 'try_later';
  const message = error?.message ?? `The cloud answered ${answer.statusCode}.`;
  throw new EnrolmentProblem(kind, error?.code ?? 'refused', message.slice(0, 500));
}

async function authorityOf(url: URL, trust: Trust): Promise<string | undefined> {
  if (trust === 'public') return undefined;
  if ('authority' in trust) return trust.authority;
  const shown = await chainOf(url);
  const wanted = trust.fingerprint.toLowerCase().replaceAll(':', '');
  const found = shown.find((certificate) => fingerprintOf(certificate) === wanted);
  if (found !== undefined) return String(found);
  const message =
    'The cloud that answers is not the one that made this claim code: its certificate has another fingerprint. Check the address and the network; the code was not sent.';
  throw new EnrolmentProblem('your_input', 'other_cloud', message);
}

/** The certificates that the server shows, believed in nothing: only the one of the right fingerprint is used. */
async function chainOf({ hostname, port }: URL): Promise<X509Certificate[]> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port: Number(port || 443), ...name, rejectUnauthorized: false });
  socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'secureConnect');
    return unfolded(socket.getPeerCertificate(true));
  } catch (error) {
    throw notReached(new URL(`https://${hostname}:${port || 443}`), error);
  } finally {
    socket.destroy();
  }
}

/** Node ends the chain with a root that names itself as its issuer. */
function unfolded(first: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let one = first; one?.raw !== undefined; one = one.issuerCertificate) {
    const certificate = new X509Certificate(one.raw);
    if (chain.some(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256)) break;
    chain.push(certificate);
  }
  return chain;
}

function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

function notReached({ host, hostname }: URL, cause: unknown): EnrolmentProblem {
  const { code = '', message = '' } = (cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const said = `The cloud’s certificate is not for ${hostname}: use a name or address that it has, or add this one to the cloud with NONGTIN_TLS_NAMES.`;
    return new EnrolmentProblem('your_input', 'other_name', said, { cause });
  }
  if (/CERT|SELF_SIGNED|ISSUER|SIGNATURE/.test(code)) {
    const said = `The certificate of ${host} is not trusted here (${code}): give the whole link of the claim, or its fingerprint; the code was not sent.`;
    return new EnrolmentProblem('your_input', 'not_trusted', said, { cause });
  }
  const said = `The cloud at ${host} cannot be reached (${code || message.slice(0, 100)}): check the address and the network, then try again.`;
  return new EnrolmentProblem('try_later', 'not_reached', said, { cause });
}
