export type { Conditions, Watering } from './conditions.ts';
export { plan } from './plan.ts';
export { DepletionProgram } from './program.ts';
