export { openFileKeyStore } from './key-file.ts';
export { type KeyStore, keyStoreOf, type RotatingKeyStore } from './key-store.ts';
export { openKeyStore } from './open.ts';
export { leftToRewrap, rewrapAll, UnreadableSecrets, whileKeysStay } from './rewrap.ts';
export { keyRoutes } from './routes.ts';
export type { TransitOptions } from './transit.ts';
