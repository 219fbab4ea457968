import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, DevicesAnswer, IssuedAnswer } from './schemas.ts';

const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$' });

/** A bridge speaks for devices behind it, and may hear what they are told. */
const Role = Type.Union([Type.Literal('device'), Type.Literal('bridge')]);

/** Who may speak on the farm's broker. */
export const deviceRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { credentials, live, broker } = parts;

  app.get('/api/devices', { schema: { response: { 200: DevicesAnswer } } }, async () => {
    const seen = new Map(live.devices().map((device) => [device.id, device]));
    return {
      devices: credentials.list().map(({ id }) => ({
        id,
        online: seen.get(id)?.online ?? null,
        lastSeenAtMs: seen.get(id)?.lastSeenAtMs ?? null,
      })),
    };
  });

  app.post(
    '/api/devices',
    {
      schema: {
        body: Type.Object({ id: Id, role: Type.Optional(Role) }),
        response: { 201: IssuedAnswer, 409: ApiError },
      },
    },
    async ({ body: { id, role = 'device' } }, reply) => {
      if (credentials.list().some((known) => known.id === id))
        throw new ApiProblem(
          409,
          `Device '${id}' has a password already; delete it first to issue a new one.`,
        );
      reply.header('cache-control', 'no-store');
      return reply.code(201).send({ id, password: credentials.issue(id, role) });
    },
  );

  app.delete(
    '/api/devices/:id',
    { schema: { params: Type.Object({ id: Id }), response: { 204: Type.Null(), 404: ApiError } } },
    async ({ params: { id } }, reply) => {
      if (!credentials.revoke(id)) throw new ApiProblem(404, `There is no device '${id}'.`);
      broker.disconnect(id);
      live.forget(id);
      return reply.code(204).send(null);
    },
  );
};
