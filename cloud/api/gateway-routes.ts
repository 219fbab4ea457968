import { type TSchema, Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { UplinkLive, UplinkSummary } from '@nongtin/broker/wire';
import type { FastifyInstance } from 'fastify';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { GatewayRegister } from '../enrolment/gateway-register.ts';
import type { Presence } from '../enrolment/presence.ts';
import type { Registrar } from '../registry/index.ts';
import { publicKeyFrom } from '../uplink/check.ts';
import type { GatewayLogins } from '../uplink/door.ts';
import type { LiveValues } from '../uplink/live.ts';
import { type OverviewSource, uplinkOverview } from '../uplink/overview.ts';
import { Problem, problem } from './errors.ts';
import { GatewayId, GatewayView, gatewayViews, PublicKey } from './gateway-view.ts';

const Registration = Type.Object(
  {
    gatewayId: GatewayId,
    publicKey: PublicKey,
    uplinkPassword: Type.Optional(Type.String({ minLength: 16, maxLength: 200 })),
  },
  { additionalProperties: false },
);
const Gateways = Type.Object({
  gateways: Type.Array(GatewayView),
  registry: Type.Object({
    state: Type.String({ description: 'ok, or what keeps the chain from being told' }),
    message: Type.String(),
  }),
});
const Registered = Type.Object({
  ...GatewayView.properties,
  uplinkPassword: Type.String({ description: 'for the gateway; shown only in this answer' }),
});
const Revocation = Type.Object(
  {
    reason: Type.String({ minLength: 3, maxLength: 300, description: 'In words; the gateway is told them' }),
    fromMs: Type.Optional(
      Type.Integer({
        description: 'Nothing of it counts from then on: when it was stolen; now if not given',
      }),
    ),
  },
  { additionalProperties: false },
);

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const LiveAnswer = Type.Object({
  gatewayId: GatewayId,
  readings: Type.Array(
    Type.Object({
      ...UplinkLive.properties.readings.items.properties,
      entry: Nullable(
        Type.Integer({ description: 'the signed entry it stands in; null: only said, not proven yet' }),
      ),
    }),
  ),
  said: Nullable(
    Type.Object(
      {
        ...{ number: Type.Integer(), atMs: Type.Integer(), receivedAtMs: Type.Integer() },
        ...{ zones: UplinkLive.properties.zones, alarms: UplinkLive.properties.alarms },
        ...{ behind: UplinkLive.properties.behind, summary: Nullable(UplinkSummary) },
      },
      { description: 'as the gateway said it, not proven' },
    ),
  ),
});

export interface GatewayRoutesOptions extends OverviewSource {
  readonly register: GatewayRegister;
  /** Whether the chain takes what it is told of keys. */
  readonly registrar: Pick<Registrar, 'status'>;
  readonly presence: Presence;
  readonly logins: GatewayLogins;
  readonly live: Pick<LiveValues, 'view'>;
  readonly clock: { nowMs(): number };
}

/** Whose signatures count, and how far each gateway's journal has come. */
export function gatewayRoutes(options: GatewayRoutesOptions) {
  const { db, register, registrar, logins, live, clock } = options;
  const cooperatives = cooperativesIn(db);
  const viewOf = async (gatewayId: string) => {
    const [found] = await gatewayViews(options, gatewayId);
    if (found === undefined) throw new Error(`${gatewayId} vanished`);
    return found;
  };
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.get('/api/gateways', { schema: { response: { 200: Gateways } } }, async () => ({
      gateways: await gatewayViews(options),
      registry: { ...registrar.status() },
    }));
    const response = { 200: Registered, 400: Problem, 409: Problem };
    app.post('/api/gateways', { schema: { body: Registration, response } }, async (request, reply) => {
      const { gatewayId, publicKey, uplinkPassword } = request.body;
      const own = await cooperatives.own();
      if (own === undefined) return reply.code(409).send(noCooperative);
      if (!isKey(publicKey)) return reply.code(400).send(noKey);
      const nowMs = clock.nowMs();
      const row = {
        gateway_id: gatewayId,
        cooperative_id: own.id,
        public_key: publicKey,
        registered_by: request.account?.email ?? '',
        registered_at_ms: nowMs,
      };
      const gateway = await db.transaction().execute((trx) => register.add(trx, row));
      await register.load();
      if (gateway === undefined) return reply.code(409).send(keyKnown);
      if (gateway.public_key !== publicKey) return reply.code(409).send(otherKey);
      if (gateway.revoked) return reply.code(409).send(revoked);
      // Refused until now, it would try again only in a while; a new connection starts at once.
      if (gateway.registered_at_ms === nowMs) await logins.disconnect(gatewayId);
      return {
        ...(await viewOf(gatewayId)),
        uplinkPassword: await logins.allow(gatewayId, uplinkPassword),
      };
    });
    app.get(
      '/api/gateways/:id/live',
      { schema: { params: Type.Object({ id: GatewayId }), response: { 200: LiveAnswer, 404: Problem } } },
      async (request, reply) => {
        const gateway = await cooperatives.gateway(request.params.id);
        if (gateway === undefined) return reply.code(404).send(noGateway);
        return { gatewayId: gateway.gateway_id, ...(await live.view(gateway.gateway_id)) };
      },
    );
    app.post(
      '/api/gateways/:gatewayId/revoke',
      {
        schema: {
          params: Type.Object({ gatewayId: GatewayId }),
          body: Revocation,
          response: { 200: GatewayView, 400: Problem, 404: Problem },
        },
      },
      async (request, reply) => {
        const { gatewayId } = request.params;
        const { reason, fromMs } = request.body;
        const atMs = clock.nowMs();
        if (fromMs !== undefined && (fromMs > atMs || fromMs < 0)) return reply.code(400).send(notYet);
        const by = request.account?.email ?? '';
        const gateway = await register.revoke(gatewayId, { reason, by, fromMs: fromMs ?? atMs, atMs });
        if (gateway === undefined) return reply.code(404).send(noGateway);
        // It comes again, and is told why its entries are refused.
        await logins.disconnect(gatewayId);
        request.log.warn({ gateway: gatewayId, by }, 'a gateway was revoked');
        return viewOf(gatewayId);
      },
    );
    app.get('/api/uplink', { schema: { response: { 200: Type.Any() } } }, async () => ({
      gateways: await uplinkOverview(options),
    }));
  };
}

function isKey(hex: string): boolean {
  try {
    publicKeyFrom(hex);
    return true;
  } catch {
    return false;
  }
}

const noGateway = problem('your_input', 'no_gateway', 'No gateway of this name is registered here.');
const noCooperative = problem('your_input', 'no_cooperative', 'No cooperative is set up here yet.');
const noKey = problem('your_input', 'not_a_key', 'publicKey is not an Ed25519 public key.');
const otherKey = problem(
  'your_input',
  'other_key',
  'This gateway is registered with another key. A key is never replaced: register the new gateway under a new name.',
);
const keyKnown = problem(
  'your_input',
  'key_known',
  'This key was used under another name. A key is never used twice: let the gateway make a new one.',
);
const revoked = problem(
  'your_input',
  'revoked',
  'This gateway was revoked, for good: register the one that takes its place under a new name, with a new key.',
);
const notYet = problem(
  'your_input',
  'not_yet',
  'fromMs lies in the future: give the time of the loss, or none.',
);
