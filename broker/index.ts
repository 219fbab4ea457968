export type { Identity } from './acl.ts';
export {
  type Broker,
  type BrokerOptions,
  createBroker,
  type PublishOptions,
} from './broker.ts';
export {
  type CredentialStore,
  openCredentials,
  seedCredentials,
  withdrawCredentials,
} from './credentials.ts';
export { createExternalBroker, type ExternalBroker } from './external/external.ts';
export { REACH_PROBLEMS, type Reach } from './external/reach.ts';
export type { Authenticate, AuthenticatePeer } from './gate.ts';
export type { DurabilityHook, InboundMessage } from './inbox.ts';
export { registerBrokerMetrics } from './metrics.ts';
export { writeMosquittoFiles } from './mosquitto/files.ts';
export { lastGatewayLogin, openGatewayLogin } from './mosquitto/login.ts';
export type { FarmBroker } from './port.ts';
export { REFUSAL_CAUSES, type Refusal, type RefusalCause } from './refusals.ts';
export { Speakers } from './speakers.ts';
export { type CertificateAuthority, type ClientCertificate, openAuthority } from './tls/authority.ts';
export { fingerprintOf, type ServerCredentials } from './tls/certificate.ts';
export { type GivenFiles, readGivenFiles } from './tls/given.ts';
export { requestCertificate } from './tls/issue.ts';
export { namesOfMachine } from './tls/names.ts';
export { SECURE_PROTOCOLS } from './tls/protocols.ts';
