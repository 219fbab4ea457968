import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { cooperativesIn, type Gateway } from '../cooperatives/cooperatives.ts';
import { publicKeyFrom } from '../uplink/check.ts';
import type { GatewayLogins } from '../uplink/door.ts';
import { type OverviewSource, uplinkOverview } from '../uplink/overview.ts';
import { Problem, problem } from './errors.ts';

const GatewayId = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });
const PublicKey = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Ed25519, hex' });
const GatewayView = Type.Object({
  gatewayId: GatewayId,
  publicKey: PublicKey,
  registeredBy: Type.String(),
  registeredAtMs: Type.Integer(),
  revoked: Type.Boolean(),
});
const Registration = Type.Object(
  {
    gatewayId: GatewayId,
    publicKey: PublicKey,
    uplinkPassword: Type.Optional(Type.String({ minLength: 16, maxLength: 200 })),
  },
  { additionalProperties: false },
);
const Registered = Type.Object({
  ...GatewayView.properties,
  uplinkPassword: Type.String({ description: 'for the gateway; shown only in this answer' }),
});

export interface GatewayRoutesOptions extends OverviewSource {
  readonly logins: GatewayLogins;
  readonly clock: { nowMs(): number };
}

/** Whose signatures count, and how far each gateway's journal has come. */
export function gatewayRoutes(options: GatewayRoutesOptions) {
  const { db, logins, clock } = options;
  const cooperatives = cooperativesIn(db);
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.get(
      '/api/gateways',
      { schema: { response: { 200: Type.Object({ gateways: Type.Array(GatewayView) }) } } },
      async () => ({ gateways: (await cooperatives.gateways()).map(view) }),
    );
    const response = { 200: Registered, 400: Problem, 409: Problem };
    app.post('/api/gateways', { schema: { body: Registration, response } }, async (request, reply) => {
      const { gatewayId, publicKey, uplinkPassword } = request.body;
      const own = await cooperatives.own();
      if (own === undefined) return reply.code(409).send(noCooperative);
      if (!isKey(publicKey)) return reply.code(400).send(noKey);
      const nowMs = clock.nowMs();
      const gateway = await cooperatives.registerGateway({
        gateway_id: gatewayId,
        cooperative_id: own.id,
        public_key: publicKey,
        registered_by: request.account?.email ?? '',
        registered_at_ms: nowMs,
      });
      if (gateway.public_key !== publicKey) return reply.code(409).send(otherKey);
      if (gateway.revoked) return reply.code(409).send(revoked);
      // Refused until now, it would try again only in a while; a new connection starts at once.
      if (gateway.registered_at_ms === nowMs) await logins.disconnect(gatewayId);
      return { ...view(gateway), uplinkPassword: await logins.allow(gatewayId, uplinkPassword) };
    });
    app.get('/api/uplink', { schema: { response: { 200: Type.Any() } } }, async () => ({
      gateways: await uplinkOverview(options),
    }));
  };
}

function view(row: Gateway) {
  return {
    gatewayId: row.gateway_id,
    publicKey: row.public_key,
    registeredBy: row.registered_by,
    registeredAtMs: row.registered_at_ms,
    revoked: row.revoked,
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

const noCooperative = problem('your_input', 'no_cooperative', 'No cooperative is set up here yet.');
const noKey = problem('your_input', 'not_a_key', 'publicKey is not an Ed25519 public key.');
const otherKey = problem(
  'your_input',
  'other_key',
  'This gateway is registered with another key. A key is never replaced: register the new gateway under a new name.',
);
const revoked = problem('your_input', 'revoked', 'This gateway was revoked.');
