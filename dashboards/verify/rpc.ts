import type { Rpc } from '@nongtin/contracts/encoding';

const TIMEOUT_MS = 8_000;

export interface Endpoint {
  url: string;
  /** It is reached through our own server or is on the page's own host, which proves less. */
  ours: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The endpoints this device can try, best first. A loopback address is of use only to a page opened on the same
 * machine; our server's read-only relay comes last.
 */
export function endpoints(rpcUrls: readonly string[], pageHost: string): Endpoint[] {
  const direct = rpcUrls.filter((url) => {
    const host = URL.parse(url)?.hostname;
    return host !== undefined && (!LOOPBACK.test(host) || LOOPBACK.test(pageHost));
  });
  // On one machine there is nobody else to ask, and whoever looks runs all of it.
  const isOurs = (url: string) => !LOOPBACK.test(pageHost) && URL.parse(url)?.hostname === pageHost;
  const named = direct.map((url) => ({ url, ours: isOurs(url) }));
  // Somebody else's first: ours is asked where nobody else answers.
  return [
    ...named.filter(({ ours }) => !ours),
    ...named.filter(({ ours }) => ours),
    { url: '/rpc', ours: true },
  ];
}

/** JSON-RPC 2.0 over HTTP. Rejects when there is no answer, or the answer is an error. */
export function httpRpc(url: string): Rpc {
  return async (method, params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { message?: string } };
    if (answer.error) throw new Error(answer.error.message ?? 'the endpoint answers with an error');
    return answer.result;
  };
}
