/** Time as a device needs it. Handed in, so that tests move it. */
export interface Scheduler {
  /** Wall clock, milliseconds since 1970 UTC. */
  nowMs(): number;
  /** Never steps: what durations are measured with. */
  monotonicMs(): number;
  /** Calls `run` once, `delayMs` from now; the answer calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

/** setTimeout's own limit, nearly 25 days; a longer one would run at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemScheduler: Scheduler = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    let timer = setTimeout(wait, Math.min(delayMs, LONGEST_MS));
    let leftMs = delayMs;
    function wait(): void {
      leftMs -= LONGEST_MS;
      if (leftMs <= 0) run();
      else timer = setTimeout(wait, Math.min(leftMs, LONGEST_MS));
    }
    return () => clearTimeout(timer);
  },
};
