/** One JSON-RPC call; rejects with the node's own words (and `data`, what a contract answered), or when no answer came in time. */
export type JsonRpc = (method: string, params?: readonly unknown[]) => Promise<unknown>;

/** Of a node on this machine. */
const TIMEOUT_MS = 5_000;

export function jsonRpc(url: string, timeoutMs = TIMEOUT_MS): JsonRpc {
  return async (method, params = []) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = (await response.json()) as {
      result?: unknown;
      error?: { message?: string; data?: unknown };
    };
    if (answer.error !== undefined) {
      const { message, data } = answer.error;
      throw Object.assign(new Error(`${method}: ${message}`), { data });
    }
    return answer.result;
  };
}
