export { type KeyStore, openFileKeyStore } from './keys.ts';
export { type StampRoutesOptions, stampRoutes } from './routes.ts';
export { createStamps, type FindResult, type FoundStamp, type Stamps } from './stamps.ts';
