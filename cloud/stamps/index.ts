export { createActivation } from './activation.ts';
export { PinDelays } from './delays.ts';
export { GuessLimit } from './guesses.ts';
export { lifeRoutes } from './life-routes.ts';
export { createLife, type QueueRevocation, stateOf } from './life-store.ts';
export { pinRoutes } from './pin-routes.ts';
export { stampRoutes } from './routes.ts';
export { createStamps, type FindResult, type FoundStamp, type Stamps } from './stamps.ts';
export { createTreeBuilder } from './tree-builder.ts';
