import { readFileSync } from 'node:fs';
import { explainProblem, StartProblem } from '@nongtin/service';
import type { RotatingKeyStore } from './key-store.ts';

export interface TransitOptions {
  /** Of the key service, e.g. https://vault.example.vn:8200. */
  readonly url: string;
  /** The name of a key of type aes256-gcm96 in its transit engine. */
  readonly key: string;
  /** A file whose first line is our token; read at each use, since tokens are renewed. */
  readonly tokenFile: string;
  /** Milliseconds until a call counts as unanswered; default 5,000. */
  readonly timeoutMs?: number;
}

/** The key service did not do it. `try_later`: it did not answer or is sealed; `refused`: it answered no. */
class KeyServiceProblem extends Error {
  override readonly name = 'KeyServiceProblem';
  readonly kind: 'try_later' | 'refused';
  /** What the app's error handler goes by. */
  readonly statusCode: 503 | 500;

  constructor(kind: KeyServiceProblem['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
    this.statusCode = kind === 'try_later' ? 503 : 500;
  }
}

/**
 * A key service, whose keys never leave it: the transit engine of HashiCorp Vault or OpenBao, by its HTTP API (/v1/transit).
 * Wrapped form: `kms1.` and the service's own text, `vault:v<version>:…`. Versions begin with 1.
 */
export function transitKeyStore(options: TransitOptions): RotatingKeyStore {
  const name = encodeURIComponent(options.key);
  const call = (method: 'GET' | 'POST', path: string, body?: object) => ask(options, method, path, body);
  const versionsOf = async () => Number((await call('GET', `keys/${name}`)).latest_version);
  return {
    wrap: async (secret, context) => {
      const plaintext = Buffer.from(secret).toString('base64');
      const data = await call('POST', `encrypt/${name}`, { plaintext, associated_data: base64(context) });
      return PREFIX + text(data.ciphertext);
    },
    unwrap: async (wrapped, context) => {
      if (!wrapped.startsWith(PREFIX)) throw new Error('not wrapped by a key service');
      const ciphertext = wrapped.slice(PREFIX.length);
      const data = await call('POST', `decrypt/${name}`, { ciphertext, associated_data: base64(context) });
      return new Uint8Array(Buffer.from(text(data.plaintext), 'base64'));
    },
    newestPrefix: async () => `${PREFIX}vault:v${await versionsOf()}:`,
    rotate: async () => {
      await call('POST', `keys/${name}/rotate`, {});
    },
    retireOlder: async (prefix) => {
      const [, version] = /:v(\d+):$/.exec(prefix) ?? [];
      if (version !== undefined)
        await call('POST', `keys/${name}/config`, { min_decryption_version: Number(version) });
    },
  };
}

const PREFIX = 'kms1.';

async function ask(
  { url, tokenFile, timeoutMs = 5_000 }: TransitOptions,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<Readonly<Record<string, unknown>>> {
  const what = `the key service (${method} transit/${path})`;
  let response: Response;
  let answer: { data?: Record<string, unknown> };
  try {
    response = await fetch(`${url.replace(/\/+$/, '')}/v1/transit/${path}`, {
      method,
      headers: { 'x-vault-token': readToken(tokenFile), 'content-type': 'application/json' },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    answer = response.status === 204 ? {} : ((await response.json()) as typeof answer);
  } catch (error) {
    if (error instanceof StartProblem) throw error;
    throw new KeyServiceProblem('try_later', `${what} gives no answer`, { cause: error });
  }
  if (response.ok) return answer.data ?? {};
  // 429, 503: overloaded, sealed or standing by. Its own words are not repeated: they may quote what was asked.
  const kind = response.status === 429 || response.status >= 500 ? 'try_later' : 'refused';
  throw new KeyServiceProblem(kind, `${what} answers ${response.status}`);
}

function readToken(path: string): string {
  try {
    return (readFileSync(path, 'utf8').split(/\r?\n/)[0] ?? '').trim();
  } catch (error) {
    throw explainProblem(error, { path });
  }
}

function base64(value: string): string {
  return Buffer.from(value).toString('base64');
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new KeyServiceProblem('refused', 'the key service answers with another shape than /v1/transit');
}
