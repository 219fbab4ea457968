import type { WriteOutcome } from './store.ts';

const PASSES = [408, 429, 502, 503, 504];
const NEEDS_A_PERSON = [401, 403];
/** A server's own idea of how long to wait is not followed for longer than this. */
const LONGEST_WAIT_MS = 300_000;

/**
 * What an HTTP answer of InfluxDB's /write or /api/v2/write means for the lines (InfluxDB API reference, status codes).
 *
 * @param words the server's own explanation
 * @param retryAfter the header of that name: seconds or a date (RFC 9110, 10.2.3)
 */
export function writeOutcome(
  status: number,
  words: string,
  retryAfter?: string | null,
  nowMs = Date.now(),
): WriteOutcome {
  const reason = `${status} ${words}`.trim();
  if (status >= 200 && status < 300) return { outcome: 'accepted' };
  if (status === 413) return { outcome: 'split', reason };
  if (PASSES.includes(status)) {
    const retryAfterMs = waitOf(retryAfter, nowMs);
    return { outcome: 'wait', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  // A redirect: the address in the configuration is not where the server is any more.
  const isElsewhere = status >= 300 && status < 400;
  if (NEEDS_A_PERSON.includes(status) || isElsewhere || status >= 500) return { outcome: 'keep', reason };
  const dropped = /\bdropped=(\d+)/.exec(words)?.[1];
  return { outcome: 'reject', reason, ...(dropped === undefined ? {} : { dropped: Number(dropped) }) };
}

function waitOf(header: string | null | undefined, nowMs: number): number | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_WAIT_MS) : undefined;
}

/** The explanation in a body: InfluxDB 1.x says `error`, 2.x and 3.x `message`; a proxy sends a page. At most 1,000 characters. */
export function wordsOf(body: string): string {
  // Every write that is taken: an exception for each would cost more than the write.
  if (body === '') return '';
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    const words = [message, error].find((text) => typeof text === 'string');
    if (typeof words === 'string') return words.slice(0, 1_000);
  } catch {
    // Not JSON: a proxy's page, or nothing.
  }
  return body.slice(0, 1_000);
}
