import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { ApiParts } from './parts.ts';
import { ApiError, DeadLettersAnswer, RetryAnswer } from './schemas.ts';

const Limit = Type.Integer({ minimum: 1, maximum: 1_000, default: 100 });
const Ids = Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: 1_000 });

/** Readings that the series store has refused, and another try with them. */
export const deadLetterRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get(
    '/api/dead-letters',
    { schema: { querystring: Type.Object({ limit: Limit }), response: { 200: DeadLettersAnswer } } },
    async ({ query: { limit } }) => ({
      deadLetters: parts.deadLetters.list(limit),
      ...parts.deadLetters.counts(),
    }),
  );

  app.post(
    '/api/dead-letters/retry',
    {
      schema: {
        body: Type.Object({ ids: Type.Optional(Ids) }),
        response: { 200: RetryAnswer, 400: ApiError },
      },
    },
    async ({ body: { ids } }) => parts.deadLetters.retry(ids),
  );
};
