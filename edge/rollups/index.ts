export { Retention } from './retention.ts';
export { createRollups, type RollupsState } from './rollups.ts';
