import { later, type Outcome, refused } from './channel.ts';

/** A service that has not answered by then is asked again later. */
const PATIENCE_MS = 20_000;
const MOST_BYTES = 64 * 1024;
const LONGEST_WAIT_MS = 6 * 3_600_000;

export interface Answered {
  readonly status: number;
  readonly body: string;
  readonly retryAfterMs: number | undefined;
}

/** Of requests over HTTP; the system's own unless a test has another. */
export type Fetch = typeof fetch;

/**
 * Posts (or gets), follows no redirection (an address that people have stated must not become another one), and takes no endless
 * answer. What cannot be reached is an outcome; nothing of URL or headers, which may hold a secret, is told.
 */
export async function post(
  fetcher: Fetch,
  url: string,
  init: {
    readonly method?: 'GET';
    readonly headers?: Record<string, string>;
    readonly body?: string | Uint8Array<ArrayBuffer>;
  },
  signal: AbortSignal,
): Promise<Answered | Outcome> {
  try {
    const response = await fetcher(url, {
      ...{ method: 'POST', redirect: 'manual', ...init },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    return {
      status: response.status,
      body: await beginning(response),
      retryAfterMs: retryAfter(response.headers.get('retry-after')),
    };
  } catch (error) {
    return signal.aborted
      ? later('notice_interrupted')
      : later('notice_unreachable', { cause: causeOf(error) });
  }
}

export function isAnswer(said: Answered | Outcome): said is Answered {
  return 'status' in said;
}

/** By the status alone (RFC 9110): busy or broken there, try later; anything else is about what we have sent. */
export function outcomeOf({ status, retryAfterMs }: Answered): Outcome {
  if (status === 429 || status === 408 || status === 425)
    return later('notice_busy', { status }, retryAfterMs);
  if (status >= 500) return later('notice_service_failed', { status }, retryAfterMs);
  if (status === 401 || status === 403) return refused('notice_login_refused', { status });
  return refused('notice_refused', { status });
}

export function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Seconds or a date (RFC 9110, 10.2.3); what nobody can mean is bounded. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_WAIT_MS) : undefined;
}

async function beginning(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MOST_BYTES) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** The system's word (ECONNREFUSED, ENOTFOUND …); messages of errors may repeat the address. */
function causeOf(error: unknown): string {
  const { name, cause } = (error ?? {}) as { name?: string; cause?: { code?: string } };
  return cause?.code ?? (name === 'TimeoutError' ? 'ETIMEDOUT' : (name ?? 'Error'));
}
