import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import { pestWeeks } from './weeks.ts';

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);
const Query = Type.Object(
  { weeks: Type.Integer({ minimum: 1, maximum: 53, default: 8 }) },
  { additionalProperties: false },
);
const PestWeeks = Type.Object({
  weeks: Type.Array(Type.String({ description: 'the Monday of each week, YYYY-MM-DD, oldest first' })),
  farms: Type.Array(
    Type.Object({
      gatewayId: Type.String(),
      label: Type.String(),
      latitude: Nullable(Type.Number({ description: 'to about a kilometre; null: it has not said' })),
      longitude: Nullable(Type.Number()),
      pests: Type.Array(
        Type.Object({
          pest: Type.String(),
          perTrapPerDay: Type.Array(
            Nullable(Type.Number({ description: 'the highest of the week, insects a trap and day' })),
            { description: 'week by week; null: nobody looked' },
          ),
        }),
      ),
    }),
  ),
});

/** What the traps of the cooperative's farms catch, by farm and week; without gateways that were revoked. */
export function pestRoutes(db: Kysely<Schema>, clock: { nowMs(): number }) {
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.get(
      '/api/pests',
      { schema: { querystring: Query, response: { 200: PestWeeks } } },
      async ({ query }) => pestWeeks(db, query.weeks, clock.nowMs()),
    );
  };
}
