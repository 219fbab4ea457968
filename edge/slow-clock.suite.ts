import { performance } from 'node:perf_hooks';

/** On a busy machine a step of a test may take seconds: that much slower its clock goes by itself. */
const SLOWER = 50;

/** A clock for a gateway that a test moves on: `aheadMs`. By itself it hardly moves, however busy the machine is. */
export function slowClock() {
  const startedMs = Date.now();
  const slowMs = () => performance.now() / SLOWER;
  const clock = {
    aheadMs: 0,
    nowMs: () => Math.trunc(startedMs + slowMs() + clock.aheadMs),
    monotonicMs: () => Math.trunc(slowMs() + clock.aheadMs),
  };
  return clock;
}
