export { Retention } from './retention.ts';
export { createRollups, type Rollups, type RollupsState } from './rollups.ts';
