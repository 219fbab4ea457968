import { join } from 'node:path';
import type { EnrolAnswer } from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import type { CloudConfig } from './config.ts';
import { ClaimCodes } from './enrolment/claim-codes.ts';
import { Enrolment } from './enrolment/enrolment.ts';
import type { GatewayRegister } from './enrolment/gateway-register.ts';
import { enrolmentRoutes } from './enrolment/routes.ts';
import type { Schema } from './records/index.ts';
import type { CloudAuthority } from './tls/authority.ts';
import type { GatewayLogins } from './uplink/door.ts';
import { trustedAuthority } from './uplink/nats/keys.ts';

export interface EnrollingOptions {
  readonly config: Pick<CloudConfig, 'dataDir' | 'publicUrl' | 'uplinkPublicUrl' | 'nats'>;
  readonly db: Kysely<Schema>;
  readonly register: GatewayRegister;
  readonly logins: GatewayLogins;
  /** Undefined: there is no door over TLS. */
  readonly authority: CloudAuthority | undefined;
  /** Whether there is an uplink over TLS, for which gateways get certificates. */
  readonly certifies: boolean;
  /** Waits for doors that are about to open; those that stay closed are undefined. */
  readonly ports: () => Promise<{
    readonly https: number | undefined;
    readonly uplink: number;
    readonly uplinkTls: number | undefined;
  }>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

/** Claim codes and enrolment, wired to the doors that gateways come in by. */
export function enrollingRoutes(options: EnrollingOptions): (app: FastifyInstance) => void {
  const { config, db, register, logins, authority, certifies, clock, logger } = options;
  const codes = new ClaimCodes(db, join(config.dataDir, 'cloud', 'claim-codes.key.json'));
  const enrolment = new Enrolment({
    ...{ db, codes, register, logins, clock, logger },
    certifier: certifies ? authority : undefined,
    pinned: async () => (await authority?.pinned()) ?? null,
  });
  return enrolmentRoutes({
    ...{ db, codes, register, enrolment, clock },
    cloudOf: (request) => cloudOf(request, options),
    uplinkOf: (hostname) => uplinkOf(hostname, options),
  });
}

/**
 * Where gateways find us: behind somebody's proxy with a certificate of its own, that is our public address; else our door
 * over TLS, by the name that this person's browser uses; without one, just where this request came.
 */
async function cloudOf(request: FastifyRequest, { config, authority, ports }: EnrollingOptions) {
  if (config.publicUrl.startsWith('https:')) return { cloud: config.publicUrl, fingerprint: undefined };
  const { https } = await ports();
  if (authority === undefined || https === undefined)
    return { cloud: `${request.protocol}://${request.host}`, fingerprint: undefined };
  return { cloud: `https://${request.hostname}:${https}`, fingerprint: await authority.fingerprint() };
}

/** The servers of a cluster have one kind of door, and a certificate of their own. */
async function uplinkOf(
  hostname: string,
  { config, ports }: EnrollingOptions,
): Promise<EnrolAnswer['uplink']> {
  const { nats, uplinkPublicUrl: given } = config;
  const { uplink, uplinkTls } = await ports();
  const ca = nats && trustedAuthority(nats.keys);
  const authority = ca === undefined ? {} : { authority: ca };
  const isTls = nats?.servers.some((server) => server.startsWith('tls:')) === true;
  const one = given ?? (nats && `${isTls ? 'mqtts' : 'mqtt'}://${hostname}:${uplink}`);
  if (one !== undefined)
    return one.startsWith('mqtts:') ? { plain: null, tls: one, ...authority } : { plain: one, tls: null };
  return {
    plain: `mqtt://${hostname}:${uplink}`,
    tls: uplinkTls === undefined ? null : `mqtts://${hostname}:${uplinkTls}`,
  };
}
