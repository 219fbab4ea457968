/** Time as a device needs it. Handed in, so that tests move it. */
export interface Scheduler {
  /** Wall clock, milliseconds since 1970 UTC. */
  nowMs(): number;
  /** Never steps: what durations are measured with. */
  monotonicMs(): number;
  /** Calls `run` once, `delayMs` from now; the answer calls it off. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemScheduler: Scheduler = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
