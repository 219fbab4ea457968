/** What a harness needs to run farms in its own process. */
export type { FarmSpec } from './farm/spec.ts';
export { farms } from './farms/index.ts';
export type { GatewayOrder } from './faults/fault.ts';
export type { SourceTruth, Truth, TruthDay, TruthEvent, ZoneTruth } from './field/truth.ts';
export { type BusMessage, MemoryBus } from './links/memory-bus.ts';
export type { FieldExpectations } from './scenarios/expectations.ts';
export { judgeField } from './scenarios/judge.ts';
export { builtInScenario, scenarioFile, scenarioNames, scenarioOf } from './scenarios/library.ts';
export { type Scenario, ScenarioProblem } from './scenarios/scenario.ts';
export { Simulation, type SimulationHooks, type SimulationOptions } from './simulation/simulation.ts';
export type { Scheduler } from './time/scheduler.ts';
export { VirtualScheduler } from './time/virtual-scheduler.ts';
