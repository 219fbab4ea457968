import type { Rpc } from '@nongtin/contracts/encoding';
import { isUsable } from './usable-answers.ts';

/** The chain's own error answer, as opposed to no answer. `code` as in JSON-RPC 2.0. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** EIP-1474, and what providers put there in its place. */
const ASKED_TOO_OFTEN = [-32_005, 429];

/**
 * JSON-RPC over HTTP; rejects with an RpcError when the chain answers with an error, and with another error when there is no
 * usable answer: none in time, none of that shape, or only that we have asked too often, which says nothing of the chain.
 */
export function httpRpc(url: string, timeoutMs = 2_000): Rpc {
  const { address, authorization } = addressed(url);
  return async (method, params) => {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as {
      result?: unknown;
      error?: { code?: number; message?: string } | null;
    } | null;
    const error = answer?.error ?? undefined;
    if (error !== undefined) {
      const refusal = new RpcError(Number(error.code ?? -32603), String(error.message ?? '').slice(0, 500));
      if (response.status !== 429 && !ASKED_TOO_OFTEN.includes(refusal.code)) throw refusal;
      throw new Error(`asked too often: ${refusal.message}`);
    }
    const result = answer?.result;
    if (!isUsable(method, result))
      throw new Error(`the answer to ${method} (HTTP ${response.status}) is none that can be used`);
    return result;
  };
}

/** fetch takes no address with a user and a password in it. */
function addressed(url: string): { address: string; authorization: Record<string, string> } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === '' && password === '') return { address: url, authorization: {} };
  [parsed.username, parsed.password] = ['', ''];
  const pair = `${decoded(username)}:${decoded(password)}`;
  const encoded = Buffer.from(pair, 'utf8').toString('base64');
  return { address: parsed.href, authorization: { authorization: `Basic ${encoded}` } };
}

/** A password with a % that begins no escape is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
