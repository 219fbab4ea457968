import { elapsed } from '../time.ts';
import { isSurelyOff, marginMs, type SourceTurn, tellableSeconds } from './part.ts';
import type { ControlledPart, Demand, SourceState } from './state.ts';

/** The pump has been off for its lag. */
export function hasLagged(
  { pump }: SourceState,
  { now, config }: Pick<SourceTurn, 'now' | 'config'>,
): boolean {
  if (pump === null) return true;
  if (!isSurelyOff(pump, now)) return false;
  const lag = { farmSeconds: config.pump?.lagSeconds ?? 0, realSeconds: 0 };
  return pump.isOn === false && pump.turnedAt !== null
    ? elapsed(pump.turnedAt, now, lag)
    : now.farmMs - pump.offByFarmMs >= lag.farmSeconds * 1000;
}

/** Farm time until which the pump may run for those who want water; null: not at all. */
export function leaseUntil({ leaseFarmMs }: Demand, turn: SourceTurn): number | null {
  const { now, limits, config } = turn;
  if (leaseFarmMs === null) return null;
  if (config.pump === null) return leaseFarmMs;
  const lagMs = (config.pump?.lagSeconds ?? 0) * 1000;
  const untilFarmMs = leaseFarmMs - marginMs(turn) - lagMs;
  if (tellableSeconds('pump', untilFarmMs, turn) < 1) return null;
  return Math.min(untilFarmMs, now.farmMs + longest(config.pump, limits.leaseSeconds) * 1000);
}

/** As far as the master valve before the pump has confirmed that it stays open; what it has not confirmed adds nothing. */
export function behindMaster(
  { pump, masterValve: master }: SourceState,
  untilFarmMs: number,
  turn: SourceTurn,
): number {
  if (master === null) return untilFarmMs;
  const openUntilFarmMs = master.isConfirmed ? master.leaseFarmMs - marginMs(turn) : pump?.leaseFarmMs;
  return Math.min(untilFarmMs, openUntilFarmMs ?? untilFarmMs);
}

/** The master valve stays open longer than the pump runs. */
export function masterUntil({ leaseFarmMs }: Demand, turn: SourceTurn): number {
  const { now, limits, config } = turn;
  const { longestSeconds = 0 } = config.masterValve ?? {};
  const whole = [config.pump, config.masterValve].map((part) => longest(part, limits.leaseSeconds));
  const longestMs = Math.min(Math.max(...whole) * 1000 + 2 * marginMs(turn), longestSeconds * 1000);
  return Math.min(leaseFarmMs ?? now.farmMs, now.farmMs + longestMs);
}

/** What cannot be renewed is given the whole time at once. */
export function longest(part: ControlledPart | null, leaseSeconds: number): number {
  return part?.isRearmed === false ? part.longestSeconds : leaseSeconds;
}
