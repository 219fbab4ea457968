export type { ChainDoor } from './answer.ts';
export { type VerificationRoutesOptions, verificationRoutes } from './routes.ts';
export { createVerifier, type Verifier } from './verifier.ts';
