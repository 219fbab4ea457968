export { GatewayClock, type SystemClock } from './gateway-clock.ts';
export { ClockKeeper, type ClockState } from './keeper.ts';
export { LateDelivery } from './late.ts';
export { ClockProblem } from './release.ts';
export { type Machine, thisMachine } from './system.ts';
export type { ClockTrust } from './trust.ts';
