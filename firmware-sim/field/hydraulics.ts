/** Time in which an opening valve's flow comes within a third (1/e) of its full strength. */
const RAMP_SECONDS = 3;

/** Flow a time after opening: the pipe fills and the drippers come up to pressure. */
export function flowLitresPerMinute(fullLitresPerMinute: number, secondsOpen: number): number {
  return fullLitresPerMinute * (1 - Math.exp(-Math.max(0, secondsOpen) / RAMP_SECONDS));
}

/** Litres that pass between two times after opening: the integral of the flow, so that parts add up to the whole. */
export function litresBetween(fullLitresPerMinute: number, fromSeconds: number, toSeconds: number): number {
  const total = (seconds: number) =>
    (fullLitresPerMinute / 60) * (seconds - RAMP_SECONDS * (1 - Math.exp(-seconds / RAMP_SECONDS)));
  // A meter never runs backwards, not even by the rounding of a difference.
  return Math.max(0, total(Math.max(0, toSeconds)) - total(Math.max(0, fromSeconds)));
}
