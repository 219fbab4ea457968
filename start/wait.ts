import { pause } from './processes.ts';

export class TooLate extends Error {}

interface Wait {
  readonly deadlineMs: number;
  /** Between two tries. */
  readonly everyMs?: number;
  /** Said in the error when the deadline passes. */
  readonly what: string;
  readonly signal?: AbortSignal;
}

/** Tries until something other than undefined comes back; throws TooLate after the deadline, or when aborted. */
export async function waitFor<T>(attempt: () => Promise<T | undefined>, wait: Wait): Promise<T> {
  const { deadlineMs, everyMs = 100, what, signal } = wait;
  const until = performance.now() + deadlineMs;
  let last: unknown;
  while (performance.now() < until && signal?.aborted !== true) {
    try {
      const value = await attempt();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await pause(everyMs);
  }
  throw new TooLate(what, { cause: last });
}
