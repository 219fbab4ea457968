import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Answer } from '../irrigation/service.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, ZoneRequestAnswer } from './schemas.ts';
import { whenWritable } from './writable.ts';

const params = Type.Object({ zone: Type.String({ minLength: 1, maxLength: 64 }) });
const response = { 202: ZoneRequestAnswer, 404: ApiError, 409: ApiError };

/** What people ask of a zone. They ask; the controller decides, within limits nobody can bypass. */
export const zoneRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.post(
    '/api/zones/:zone/open',
    {
      preHandler: whenWritable(parts),
      schema: {
        params,
        body: Type.Object({ durationSeconds: Type.Integer({ minimum: 1, maximum: 86_400 }) }),
        response: { ...response, 503: ApiError },
      },
      // The schema's check would turn "60" and true into numbers; what opens a valve is taken as it was written.
      preValidation: async ({ body }) => {
        const { durationSeconds } = (body ?? {}) as { durationSeconds?: unknown };
        if (typeof durationSeconds !== 'number') {
          throw new ApiProblem(400, 'durationSeconds must be a number, such as 600.');
        }
      },
    },
    async ({ params: { zone }, body: { durationSeconds } }, reply) =>
      reply.code(202).send(await accepted(parts.irrigation.request(zone, { kind: 'open', durationSeconds }))),
  );

  for (const kind of ['stop', 'unlock'] as const) {
    app.post(
      `/api/zones/:zone/${kind}`,
      { schema: { params, response } },
      async ({ params: { zone } }, reply) =>
        reply.code(202).send(await accepted(parts.irrigation.request(zone, { kind }))),
    );
  }
};

/** What the controller says to a wish; a refusal is told with its reason. */
export async function accepted(asked: Promise<Answer> | undefined) {
  if (asked === undefined) throw new ApiProblem(404, 'There is no such zone with a valve.');
  const { accepted: isAccepted, reason } = await asked;
  if (!isAccepted) throw new ApiProblem(409, `The controller refused: ${reason.key}.`, reason);
  return { accepted: true as const, reason };
}
