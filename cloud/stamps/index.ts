export { openFileKeyStore } from './keys.ts';
export { stampRoutes } from './routes.ts';
export { createStamps, type FindResult, type FoundStamp, type Stamps } from './stamps.ts';
