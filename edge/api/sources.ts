import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, SourcesAnswer, ZoneRequestAnswer } from './schemas.ts';
import { accepted } from './zones.ts';

const params = Type.Object({ source: Type.String({ minLength: 1, maxLength: 64 }) });

/** Pumps, master valves and tanks: how they are, and that a person has looked at one that is locked. */
export const sourceRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get('/api/sources', { schema: { response: { 200: SourcesAnswer } } }, async () => ({
    sources: parts.irrigation.sources(),
  }));

  app.post(
    '/api/sources/:source/unlock',
    { schema: { params, response: { 202: ZoneRequestAnswer, 404: ApiError, 409: ApiError } } },
    async ({ params: { source } }, reply) => {
      const asked = parts.irrigation.unlockSource(source);
      if (asked === undefined) throw new ApiProblem(404, 'There is no such source of water.');
      return reply.code(202).send(await accepted(asked));
    },
  );
};
