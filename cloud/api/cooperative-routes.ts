import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { Problem, problem } from './errors.ts';

const Cooperative = Type.Object({
  id: Type.String(),
  cooperativeId: Type.String({ description: 'bytes32, its name on the chain' }),
  name: Type.String(),
});
const Product = Type.Object({ gtin14: Type.String(), nameVi: Type.String(), nameEn: Type.String() });
const Plot = Type.Object({
  gatewayId: Type.String(),
  plotId: Type.String(),
  name: Type.String(),
  crop: Type.String(),
  plantingAreaCode: Type.Union([Type.String(), Type.Null()]),
  areaHectares: Type.Number(),
  current: Type.Boolean({ description: 'whether the newest layout of the farm still has it' }),
});

/** The cooperative, its plots and what it sells. */
export function cooperativeRoutes(db: Kysely<Schema>) {
  const cooperatives = cooperativesIn(db);
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.get(
      '/api/cooperative',
      { schema: { response: { 200: Cooperative, 404: Problem } } },
      async (_request, reply) => {
        const own = await cooperatives.own();
        if (own === undefined)
          return reply
            .code(404)
            .send(problem('your_input', 'no_cooperative', 'No cooperative is set up here yet.'));
        return { id: own.id, cooperativeId: own.chain_id, name: own.name };
      },
    );
    app.get(
      '/api/products',
      { schema: { response: { 200: Type.Object({ products: Type.Array(Product) }) } } },
      async () => {
        const rows = await cooperatives.products();
        return {
          products: rows.map((row) => ({ gtin14: row.gtin14, nameVi: row.name_vi, nameEn: row.name_en })),
        };
      },
    );
    app.get(
      '/api/plots',
      { schema: { response: { 200: Type.Object({ plots: Type.Array(Plot) }) } } },
      async () => ({ plots: (await plotRows(db)).map(plotOf) }),
    );
  };
}

function plotRows(db: Kysely<Schema>) {
  return db.selectFrom('plots').selectAll().orderBy('gateway_id').orderBy('plot_id').limit(10_000).execute();
}

function plotOf(row: Schema['plots']) {
  return {
    gatewayId: row.gateway_id,
    plotId: row.plot_id,
    name: row.name,
    crop: row.crop,
    plantingAreaCode: row.planting_area_code,
    areaHectares: row.area_hectares,
    current: row.current,
  };
}
