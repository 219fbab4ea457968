export { verificationRoutes } from './routes.ts';
export { createVerifier } from './verifier.ts';
