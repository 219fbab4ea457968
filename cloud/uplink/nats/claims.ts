import { createHash } from 'node:crypto';
import type { KeyPair } from '@nats-io/nkeys';
import { ownSubjects } from './subjects.ts';

/**
 * The tokens that nats-server believes: JSON Web Tokens signed with an nkey, each naming the public key it speaks of
 * (docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt). Only what we use of them.
 */
interface Claim {
  /** Public nkey: of an operator (O…), an account (A…) or a user (U…). */
  readonly subject: string;
  readonly name: string;
  readonly issuedAtS: number;
  readonly expiresAtS?: number;
  /** The rest, as the server names it; `type` and `version` among it. */
  readonly nats: Readonly<Record<string, unknown>>;
}

function signedClaim(signer: KeyPair, { subject, name, issuedAtS, expiresAtS, nats }: Claim): string {
  const body = {
    ...{ iat: issuedAtS, iss: signer.getPublicKey(), name, sub: subject },
    ...(expiresAtS === undefined ? {} : { exp: expiresAtS }),
    nats,
  };
  const jti = createHash('sha256').update(JSON.stringify(body)).digest('base64url');
  const signed = [
    { typ: 'JWT', alg: 'ed25519-nkey' },
    { ...body, jti },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${signed}.${Buffer.from(signer.sign(Buffer.from(signed))).toString('base64url')}`;
}

/** -1 is the server's word for no limit; what is left out is zero. */
const unlimited = { subs: -1, data: -1, payload: -1 };

export function operatorClaim(operator: KeyPair, systemAccount: string, issuedAtS: number): string {
  const nats = { type: 'operator', version: 2, system_account: systemAccount };
  return signedClaim(operator, { subject: operator.getPublicKey(), name: 'nongtin', issuedAtS, nats });
}

export function systemAccountClaim(operator: KeyPair, account: string, issuedAtS: number): string {
  const limits = { ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const nats = { type: 'account', version: 2, limits, default_permissions: {} };
  return signedClaim(operator, { subject: account, name: 'SYS', issuedAtS, nats });
}

export interface UplinkAccount {
  readonly account: string;
  /** Public key of what signs gateways' logins. */
  readonly gatewaySigner: string;
  /** By user key: tokens issued up to this second let nobody in. */
  readonly revocations: Readonly<Record<string, number>>;
}

/** The account of the uplink, which all of its users share. */
export function uplinkAccountClaim(operator: KeyPair, told: UplinkAccount, issuedAtS: number): string {
  const nats = {
    type: 'account',
    version: 2,
    limits: {
      ...{ ...unlimited, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 },
      ...{ mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 },
    },
    signing_keys: [told.gatewaySigner],
    revocations: told.revocations,
    default_permissions: {},
  };
  return signedClaim(operator, { subject: told.account, name: 'UPLINK', issuedAtS, nats });
}

/** Reads and acknowledges the stream, answers gateways, and nothing else. */
const workerPermissions = {
  pub: { allow: ['nongtin.v1.uplink.>', '$JS.API.>', '$JS.ACK.>'] },
  sub: { allow: ['_INBOX.>'] },
};

/** A user of ours that signs in with its own key. */
export function userClaim(
  account: KeyPair,
  user: string,
  name: 'system' | 'worker',
  issuedAtS: number,
): string {
  const may = name === 'worker' ? workerPermissions : { pub: {}, sub: {} };
  const nats = { type: 'user', version: 2, ...may, ...unlimited, allowed_connection_types: ['STANDARD'] };
  return signedClaim(account, { subject: user, name, issuedAtS, nats });
}

export interface GatewayLogin {
  readonly account: string;
  readonly gateway: string;
  /** Public key of a user that stands for the gateway: it signs nothing, it is what a revocation names. */
  readonly user: string;
  readonly issuedAtS: number;
  readonly expiresAtS?: number;
}

/**
 * A gateway's login: whoever shows it is this gateway, on the MQTT door only. What it may do stands in the token and not in
 * the account, because 2.9 looks for the kinds of connection nowhere else. `$MQTT.sub.>` is where the server's MQTT side
 * hands over messages of QoS 1, at which gateways of earlier versions listen; an MQTT client itself cannot subscribe to it,
 * another kind of client could.
 */
export function gatewayClaim(signer: KeyPair, { account, gateway, user, ...time }: GatewayLogin): string {
  const own = ownSubjects(gateway);
  const nats = {
    ...{ type: 'user', version: 2, issuer_account: account },
    ...{ pub: { allow: [own] }, sub: { allow: [own, '$MQTT.sub.>'] } },
    ...{ ...unlimited, bearer_token: true, allowed_connection_types: ['MQTT'] },
  };
  return signedClaim(signer, { subject: user, name: gateway, ...time, nats });
}
