export type { Conditions, Watering } from './conditions.ts';
export { plan } from './plan.ts';
export { ClockProgram, DepletionProgram, SoilMoistureProgram, VolumeProgram } from './program.ts';
