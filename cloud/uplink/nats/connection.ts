import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { StartProblem } from '@nongtin/service';
import { readCredentials, trustedAuthority } from './keys.ts';

export interface NatsTarget {
  readonly servers: readonly string[];
  /** Folder of the cluster's keys. */
  readonly keys: string;
}

/**
 * A connection to the cluster as one of its users. With `tls://`, or an authority beside the keys, nothing is said to who
 * does not show a certificate that is trusted. A StartProblem says why there is none.
 */
export async function connectNats(
  { servers, keys }: NatsTarget,
  user: 'worker' | 'system',
  more: NodeConnectionOptions,
): Promise<NatsConnection> {
  const authenticator = credsAuthenticator(readCredentials(keys, user));
  const tls = tlsOf(servers, keys);
  try {
    return await connect({ servers: [...servers], authenticator, ...(tls && { tls }), ...more });
  } catch (error) {
    throw new StartProblem(`No nats-server at NONGTIN_NATS_URL lets us in: ${causeOf(error, keys)}`, {
      cause: error,
    });
  }
}

function tlsOf(servers: readonly string[], keys: string) {
  const ca = trustedAuthority(keys);
  if (ca === undefined && !servers.some((server) => server.startsWith('tls:'))) return undefined;
  const hosts = servers.map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''));
  return {
    ...(ca === undefined ? {} : { ca }),
    // The client tells Node no name to look for when a server is given by its address. All of them are one cluster.
    checkServerIdentity: (_host: string, certificate: PeerCertificate) => {
      const problems = hosts.map((host) => checkServerIdentity(host, certificate));
      return problems.includes(undefined) ? undefined : problems[0];
    },
  };
}

function causeOf(error: unknown, keys: string): string {
  const { code = '', message } = certificateProblemIn(error) ?? (error as NodeJS.ErrnoException);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate is for other names than those in NONGTIN_NATS_URL (${message}).`;
  if (code === 'CERT_HAS_EXPIRED')
    return 'its certificate has ended: run "npm run nats" with the same arguments again, and give the servers what it wrote.';
  if (/CERT|SELF_SIGNED|ISSUER|SIGNATURE|VERIFY/.test(code))
    return `its certificate is not trusted (${code}): put ca.pem, as "npm run nats" made it for these servers, into ${keys}.`;
  if (/does not support 'tls'/.test(message))
    return `it speaks no TLS, which NONGTIN_NATS_URL or ${keys}/ca.pem asks for; nothing was said to it.`;
  return `${message}. Check that it runs with the configuration made for the keys in ${keys}.`;
}

/** Node's own, under what the client has wrapped around it. */
function certificateProblemIn(error: unknown): NodeJS.ErrnoException | undefined {
  for (let one = error as NodeJS.ErrnoException | undefined; one instanceof Error; )
    if (/^[A-Z][A-Z0-9_]+$/.test(String(one.code))) return one;
    else one = one.cause as NodeJS.ErrnoException | undefined;
  return undefined;
}
