/** One JSON-RPC call; rejects with the node's own words (NodeRefusal), or when no usable answer came in time. */
export type JsonRpc = (method: string, params?: readonly unknown[]) => Promise<unknown>;

/** The node has answered, with an error of its own. `code` as in JSON-RPC 2.0 and EIP-1474; NaN when it gives none. */
class NodeRefusal extends Error {
  override readonly name = 'NodeRefusal';
  readonly code: number;
  /** What a contract answered that refused, where the node passes it on. */
  readonly data: unknown;

  constructor(
    method: string,
    { code, message, data }: { code?: unknown; message?: unknown; data?: unknown },
  ) {
    super(`${method}: ${typeof message === 'string' ? message : 'an error without words'}`);
    this.data = data;
    this.code = typeof code === 'number' ? code : Number.NaN;
  }
}

/** Of a node on this machine. */
const TIMEOUT_MS = 5_000;

/**
 * `mostBytes`: a longer answer is none; for nodes of others. Redirections are never followed: whoever is named is asked, or
 * nobody. User and password in the address are sent as HTTP's basic authentication.
 */
export function jsonRpc(url: string, timeoutMs = TIMEOUT_MS, mostBytes = Number.POSITIVE_INFINITY): JsonRpc {
  const { address, authorization } = addressed(url);
  return async (method, params = []) => {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'manual',
    });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new Error(
        `it sends on to ${hostOf(response.headers.get('location'), address)}, which is not who was named`,
      );
    }
    const answer = objectOf(await textOf(response, mostBytes), response.status);
    if (answer.error !== undefined && answer.error !== null) throw new NodeRefusal(method, answer.error);
    if (!('result' in answer)) throw new Error(`its answer (HTTP ${response.status}) has no result`);
    return answer.result;
  };
}

/** fetch refuses an address with a password in it, and says both. */
function addressed(url: string): { address: string; authorization: Record<string, string> } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === '' && password === '') return { address: url, authorization: {} };
  parsed.username = '';
  parsed.password = '';
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

async function textOf(response: Response, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // Leaving the loop ends the connection.
    if (bytes > mostBytes) throw new Error(`its answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function objectOf(text: string, status: number): { result?: unknown; error?: object | null } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`its answer (HTTP ${status}) is no JSON`);
  }
  if (typeof value === 'object' && value !== null) return value;
  throw new Error(`its answer (HTTP ${status}) is no JSON object`);
}

function hostOf(location: string | null, base: string): string {
  return location !== null && URL.canParse(location, base) ? new URL(location, base).host : 'somewhere';
}
