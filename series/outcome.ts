import type { WriteOutcome } from './store.ts';

const PASSES = [408, 429, 502, 503, 504];
const NEEDS_A_PERSON = [401, 403];

/**
 * What an HTTP answer of InfluxDB's /write means for the lines (InfluxDB 1.x API reference, "/write", status codes).
 * `words` is the server's own explanation.
 */
export function writeOutcome(status: number, words: string): WriteOutcome {
  const reason = `${status} ${words}`.trim();
  if (status >= 200 && status < 300) return { outcome: 'accepted' };
  if (status === 413) return { outcome: 'split', reason };
  if (PASSES.includes(status)) return { outcome: 'wait', reason };
  if (NEEDS_A_PERSON.includes(status) || status >= 500) return { outcome: 'keep', reason };
  return { outcome: 'reject', reason };
}
