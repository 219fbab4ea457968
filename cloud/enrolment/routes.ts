import { type Static, Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  claimLink,
  EnrolAnswer,
  EnrolRequest,
  isReservedName,
  RenewAnswer,
  RenewRequest,
} from '@nongtin/broker/wire';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { Problem, problem } from '../api/errors.ts';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { type Claim, type ClaimCodes, claimStateOf } from './claim-codes.ts';
import type { Enrolment } from './enrolment.ts';
import type { GatewayRegister } from './gateway-register.ts';
import { EnrolmentProblem } from './problems.ts';
import { Throttle } from './throttle.ts';

const HOUR_MS = 3_600_000;
/** Long enough to drive to the farm, short enough that a forgotten slip of paper is worth nothing. */
const VALID_HOURS = 24;
const MOST_VALID_HOURS = 30 * 24;
/** Nobody sets up so many at once; every open code is one more that could be guessed. */
const MOST_OPEN = 200;
const MOST_LISTED = 200;

const ClaimOrder = Type.Object(
  {
    gatewayId: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' }),
    label: Type.Optional(Type.String({ maxLength: 100, description: 'Where it will stand, in words' })),
    validHours: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_VALID_HOURS })),
  },
  { additionalProperties: false },
);
const ClaimView = Type.Object({
  claimId: Type.String(),
  gatewayId: Type.String(),
  label: Type.String(),
  state: Type.Union([
    Type.Literal('open'),
    Type.Literal('used'),
    Type.Literal('expired'),
    Type.Literal('withdrawn'),
  ]),
  createdBy: Type.String(),
  createdAtMs: Type.Integer(),
  expiresAtMs: Type.Integer(),
  usedAtMs: Type.Union([Type.Integer(), Type.Null()]),
});
const NewClaim = Type.Object({
  ...ClaimView.properties,
  code: Type.String({ description: 'Shown only in this answer' }),
  link: Type.String({
    description: 'What a QR code holds: this cloud’s address, the code, how to know the cloud',
  }),
});
const ClaimParams = Type.Object({ claimId: Type.String({ pattern: '^[0-9a-f]{16}$' }) });

export interface EnrolmentRoutesOptions {
  readonly db: Kysely<Schema>;
  readonly codes: ClaimCodes;
  readonly register: GatewayRegister;
  readonly enrolment: Enrolment;
  readonly clock: { nowMs(): number };
  /** Where gateways come to be enrolled, from a request that reached us; and how they know us there. */
  readonly cloudOf: (request: FastifyRequest) => Promise<{ cloud: string; fingerprint: string | undefined }>;
  /** Where the uplink is for who reached us by this host name. */
  readonly uplinkOf: (hostname: string) => Promise<EnrolAnswer['uplink']>;
}

/** A gateway that sends rubbish, typing or guessing; right ones are forgiven at once. */
const TRIES = { ofOne: 10, ofAll: 100 } as const;
const ENROL_BODY_BYTES = 16 * 1024;

/** Claim codes for people, enrolment and renewal for gateways. */
export function enrolmentRoutes(options: EnrolmentRoutesOptions) {
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    claimRoutes(app, options);
    const { enrolment, uplinkOf, clock } = options;
    const throttle = new Throttle(TRIES, () => clock.nowMs());
    const refusals = { 400: Problem, 403: Problem, 404: Problem, 409: Problem, 410: Problem, 429: Problem };
    app.post(
      '/api/enrol',
      {
        bodyLimit: ENROL_BODY_BYTES,
        schema: { body: EnrolRequest, response: { 200: EnrolAnswer, ...refusals } },
      },
      (request, reply) =>
        tried(throttle, request, reply, async () => ({
          ...(await enrolment.enrol(request.body)),
          uplink: await uplinkOf(request.hostname),
        })),
    );
    app.post(
      '/api/enrol/renew',
      {
        bodyLimit: ENROL_BODY_BYTES,
        schema: { body: RenewRequest, response: { 200: RenewAnswer, ...refusals } },
      },
      (request, reply) => tried(throttle, request, reply, () => enrolment.renew(request.body)),
    );
  };
}

/** What it answers is for nobody's cache: it may be a password. */
async function tried<T>(
  throttle: Throttle,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<T>,
) {
  reply.header('cache-control', 'no-store');
  try {
    const succeeded = throttle.begin(request.ip);
    if (succeeded === undefined) throw new EnrolmentProblem('too_many_tries');
    const answer = await work();
    succeeded();
    return answer;
  } catch (error) {
    if (!(error instanceof EnrolmentProblem)) throw error;
    return reply.code(error.status).send(error.body);
  }
}

function claimRoutes(
  plain: FastifyInstance,
  { db, codes, register, clock, cloudOf }: EnrolmentRoutesOptions,
): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>();
  const cooperatives = cooperativesIn(db);
  const listed = { 200: Type.Object({ claims: Type.Array(ClaimView) }) };
  app.get('/api/claim-codes', { schema: { response: listed } }, async () => {
    const nowMs = clock.nowMs();
    return { claims: (await codes.list(MOST_LISTED)).map((claim) => view(claim, nowMs)) };
  });
  app.post(
    '/api/claim-codes',
    { schema: { body: ClaimOrder, response: { 200: NewClaim, 400: Problem, 409: Problem } } },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      const { gatewayId, label = '', validHours = VALID_HOURS } = request.body;
      const nowMs = clock.nowMs();
      const own = await cooperatives.own();
      if (own === undefined) return reply.code(409).send(noCooperative);
      if (isReservedName(gatewayId)) return reply.code(400).send(reserved);
      if (register.standing(gatewayId) === 'revoked') return reply.code(409).send(revoked);
      if ((await codes.countOpen(nowMs)) >= MOST_OPEN) return reply.code(409).send(tooMany);
      const { claim, code } = await codes.make({
        ...{ gatewayId, label: label.trim(), cooperativeId: own.id, by: request.account?.email ?? '' },
        ...{ nowMs, validMs: validHours * HOUR_MS },
      });
      return { ...view(claim, nowMs), code, link: claimLink({ ...(await cloudOf(request)), code }) };
    },
  );
  app.post(
    '/api/claim-codes/:claimId/withdraw',
    { schema: { params: ClaimParams, response: { 200: ClaimView, 404: Problem } } },
    async (request, reply) => {
      const nowMs = clock.nowMs();
      const by = request.account?.email ?? '';
      const claim = await codes.withdraw(request.params.claimId, by, nowMs);
      return claim === undefined ? reply.code(404).send(noClaim) : view(claim, nowMs);
    },
  );
}

function view(claim: Claim, nowMs: number): Static<typeof ClaimView> {
  return {
    claimId: claim.claim_id,
    gatewayId: claim.gateway_id,
    label: claim.label,
    state: claimStateOf(claim, nowMs),
    createdBy: claim.created_by,
    createdAtMs: claim.created_at_ms,
    expiresAtMs: claim.expires_at_ms,
    usedAtMs: claim.used_at_ms,
  };
}

const noCooperative = problem('your_input', 'no_cooperative', 'No cooperative is set up here yet.');
const reserved = problem(
  'your_input',
  'reserved_name',
  'This name begins the topics of a whole family of devices: choose another one.',
);
const revoked = problem(
  'your_input',
  'gateway_revoked',
  'The gateway of this name was revoked, for good: choose a new name for the one that takes its place.',
);
const tooMany = problem(
  'your_input',
  'too_many_codes',
  `${MOST_OPEN} claim codes are open: withdraw those that nobody will use, then make another one.`,
);
const noClaim = problem('your_input', 'no_claim', 'There is no such claim code.');
