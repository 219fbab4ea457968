import type { Rpc } from '@nongtin/contracts/encoding';

/** The chain's own error answer, as opposed to no answer. `code` as in JSON-RPC 2.0. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** JSON-RPC over HTTP; rejects with an RpcError when the chain answers with an error. */
export function httpRpc(url: string, timeoutMs = 2_000): Rpc {
  return async (method, params) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as {
      result?: unknown;
      error?: { code?: number; message?: string };
    };
    if (answer.error !== undefined) {
      throw new RpcError(
        Number(answer.error.code ?? -32603),
        String(answer.error.message ?? '').slice(0, 500),
      );
    }
    return answer.result;
  };
}
