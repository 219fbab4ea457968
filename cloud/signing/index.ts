export { signingRoutes } from './routes.ts';
export { createSigner, type Signer, signatureOf } from './signer.ts';
export { cooperativeKeysWanted, ensureKey } from './signing-keys.ts';
