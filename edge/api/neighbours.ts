import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { AtMs, Nullable } from './nullable.ts';
import type { ApiParts } from './parts.ts';

const Neighbours = Type.Object({
  atMs: Nullable(AtMs),
  withinKm: Nullable(Type.Number({ description: 'farms further away are left out' })),
  leftOut: Type.Integer({ description: 'farms of which there was no room to tell' }),
  catches: Type.Array(
    Type.Object({
      pest: Type.String(),
      farm: Type.String(),
      distanceKm: Nullable(Type.Integer()),
      bearing: Nullable(Type.Integer({ description: 'degrees from north, by eighths' })),
      perTrapPerDay: Type.Number({ description: 'mean of the week that ends with date' }),
      date: Type.String(),
    }),
  ),
});

/** What traps of the cooperative's other farms catch, as the cloud said last; `atMs` null: it has said nothing yet. */
export const neighbourRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get('/api/neighbours', { schema: { response: { 200: Neighbours } } }, async () => {
    const { catches, ...state } = parts.neighbours.state();
    return { ...state, catches: [...catches] };
  });
};
