/**
 * Counts waiting time. Within a process it goes by the monotonic clock alone: a gateway that learns after a power cut that it is
 * three hours later must not think that nobody has come for three hours. Over a restart it follows the wall clock, if that
 * went on and is trusted; never back.
 */
export function steadyClock(
  keptMs: number,
  clock: { nowMs(): number; monotonicMs(): number; isTrusted(): boolean },
): () => number {
  const began = clock.monotonicMs();
  const wallMs = clock.nowMs();
  const baseMs = clock.isTrusted() || keptMs === 0 ? Math.max(keptMs, wallMs) : keptMs;
  return () => baseMs + clock.monotonicMs() - began;
}
