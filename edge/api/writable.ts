import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';

/**
 * For routes whose answer waits for the journal: while it cannot write, asking is refused at once and nothing of it
 * happens later, when nobody counts on it any more.
 */
export function whenWritable(parts: Pick<ApiParts, 'journal'>): () => Promise<void> {
  return async () => {
    const health = parts.journal.health();
    if (!health.healthy)
      throw new ApiProblem(503, `The journal cannot write, so nothing was done: ${health.reason}`);
  };
}
