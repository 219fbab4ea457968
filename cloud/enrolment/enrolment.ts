import { verify } from 'node:crypto';
import type { ClientCertificate } from '@nongtin/broker';
import {
  type EnrolAnswer,
  type EnrolRequest,
  enrolmentProof,
  type RenewAnswer,
  type RenewRequest,
  readClaimCode,
  renewalProof,
} from '@nongtin/broker/wire';
import type { Logger } from '@nongtin/service';
import type { Kysely, Transaction } from 'kysely';
import type { Gateway } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { publicKeyFrom } from '../uplink/check.ts';
import type { GatewayLogins } from '../uplink/door.ts';
import { type Claim, type ClaimCodes, claimStateOf } from './claim-codes.ts';
import type { GatewayRegister } from './gateway-register.ts';
import { EnrolmentProblem } from './problems.ts';

/** Who gives gateways their certificates. */
export interface Certifier {
  /** Throws a RangeError when the request is not in order. */
  certify(request: string, gateway: string): Promise<ClientCertificate>;
}

export interface EnrolmentOptions {
  readonly db: Kysely<Schema>;
  readonly codes: ClaimCodes;
  readonly register: GatewayRegister;
  readonly logins: Pick<GatewayLogins, 'allow'>;
  /** Undefined: there is no uplink over TLS. */
  readonly certifier: Certifier | undefined;
  /** By what a gateway knows our doors, PEM; null: by the public authorities. */
  readonly pinned: () => Promise<string | null>;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
}

export type Enrolled = Omit<EnrolAnswer, 'uplink'>;

/**
 * Gateways into the cooperative, and their certificates. A lost answer costs nothing: the same code with the same key is
 * answered again, with another password and certificate, until the code ends. Throws EnrolmentProblems.
 */
export class Enrolment {
  readonly #options: EnrolmentOptions;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  async enrol(request: EnrolRequest): Promise<Enrolled> {
    const { db, codes, register, logins, pinned, logger } = this.#options;
    const code = readClaimCode(request.code);
    if (code === undefined) throw new EnrolmentProblem('code_mistyped');
    const { publicKey, certificateRequest } = request;
    requireProof(publicKey, enrolmentProof(code, publicKey, certificateRequest), request.proof);
    const claim = this.#usable(await codes.find(db, code), publicKey);
    // Before the transaction: the first certificate waits for the authority's key to be made.
    const certificate = await this.#certify(certificateRequest, claim.gateway_id);
    const authority = await pinned();
    const gateway = await db.transaction().execute(async (trx) => {
      const locked = this.#usable(await codes.find(trx, code), publicKey);
      return this.#place(trx, locked, publicKey, certificate);
    });
    await register.load();
    const password = await logins.allow(gateway.gateway_id);
    logger.info({ gateway: gateway.gateway_id, claim: claim.claim_id }, 'a gateway was enrolled');
    const { id, name } = await cooperativeOf(db, gateway.cooperative_id);
    return {
      gateway: gateway.gateway_id,
      cooperative: { id, name },
      password,
      certificate: certificate && { cert: certificate.cert, endsAtMs: certificate.validToMs },
      authority,
    };
  }

  /**
   * Another certificate for who proves to have the gateway's signing key: that key is what the gateway is, until it is
   * revoked, so that one which was off beyond its certificate's end comes back without anybody's help.
   */
  async renew({ gateway, certificateRequest, proof }: RenewRequest): Promise<RenewAnswer> {
    const { db } = this.#options;
    const known = await db
      .selectFrom('gateways')
      .selectAll()
      .where('gateway_id', '=', gateway)
      .executeTakeFirst();
    if (known === undefined) throw new EnrolmentProblem('not_enrolled');
    try {
      requireProof(known.public_key, renewalProof(gateway, certificateRequest), proof);
    } catch {
      // Who has not its key learns no more than who names none.
      throw new EnrolmentProblem('not_enrolled');
    }
    if (known.revoked) throw new EnrolmentProblem('gateway_revoked');
    const certificate = await this.#certify(certificateRequest, gateway);
    if (certificate === null) throw new EnrolmentProblem('no_certificates');
    await noteCertificate(db, gateway, certificate);
    return { certificate: { cert: certificate.cert, endsAtMs: certificate.validToMs } };
  }

  #usable(claim: Claim | undefined, publicKey: string): Claim {
    if (claim === undefined) throw new EnrolmentProblem('code_unknown');
    const nowMs = this.#options.clock.nowMs();
    const state = claimStateOf(claim, nowMs);
    if (state === 'withdrawn') throw new EnrolmentProblem('code_withdrawn');
    if (state === 'used' && claim.used_by_key !== publicKey) throw new EnrolmentProblem('code_used');
    if (claim.expires_at_ms <= nowMs) throw new EnrolmentProblem('code_expired');
    return claim;
  }

  async #place(
    trx: Transaction<Schema>,
    claim: Claim,
    publicKey: string,
    certificate: ClientCertificate | null,
  ): Promise<Gateway> {
    const { codes, register, clock } = this.#options;
    const nowMs = clock.nowMs();
    const gateway = await register.add(trx, {
      gateway_id: claim.gateway_id,
      cooperative_id: claim.cooperative_id,
      public_key: publicKey,
      registered_by: claim.created_by,
      registered_at_ms: nowMs,
      label: claim.label,
    });
    if (gateway === undefined) throw new EnrolmentProblem('key_known');
    if (gateway.public_key !== publicKey) throw new EnrolmentProblem('other_key');
    if (gateway.revoked) throw new EnrolmentProblem('gateway_revoked');
    await codes.use(trx, claim, publicKey, nowMs);
    if (certificate !== null) await noteCertificate(trx, gateway.gateway_id, certificate);
    return gateway;
  }

  async #certify(request: string, gateway: string): Promise<ClientCertificate | null> {
    try {
      return (await this.#options.certifier?.certify(request, gateway)) ?? null;
    } catch (error) {
      if (error instanceof RangeError) throw new EnrolmentProblem('bad_request');
      throw error;
    }
  }
}

function requireProof(publicKey: string, message: Uint8Array, signature: string): void {
  let key: ReturnType<typeof publicKeyFrom>;
  try {
    key = publicKeyFrom(publicKey);
  } catch {
    throw new EnrolmentProblem('not_a_key');
  }
  if (!verify(null, message, key, Buffer.from(signature, 'hex'))) throw new EnrolmentProblem('bad_proof');
}

async function noteCertificate(
  db: Kysely<Schema>,
  gatewayId: string,
  { serial, validToMs }: ClientCertificate,
): Promise<void> {
  await db
    .updateTable('gateways')
    .set({ certificate_serial: serial, certificate_ends_at_ms: validToMs })
    .where('gateway_id', '=', gatewayId)
    .execute();
}

function cooperativeOf(db: Kysely<Schema>, id: string) {
  return db.selectFrom('cooperatives').select(['id', 'name']).where('id', '=', id).executeTakeFirstOrThrow();
}
