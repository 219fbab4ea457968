export { GatewayClock, type SystemClock } from './gateway-clock.ts';
export { ClockKeeper } from './keeper.ts';
export { LateDelivery } from './late.ts';
export { ClockProblem } from './release.ts';
export { thisMachine } from './system.ts';
export type { ClockTrust } from './trust.ts';
