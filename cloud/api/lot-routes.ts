import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { closeLot, type Harvest, type Lot, type LotRefusal, type LotsOptions } from '../traceability/lots.ts';
import { Problem, problem } from './errors.ts';

const HarvestView = Type.Object({
  harvestId: Type.String(),
  gatewayId: Type.String(),
  plotId: Type.String(),
  plotName: Type.String(),
  harvestedAtMs: Type.Integer(),
  quantityKg: Type.Number(),
  recordedBy: Type.String(),
  correctedKg: Type.Union([Type.Number(), Type.Null()], {
    description: 'what the diary has said since the lot was closed, 0: withdrawn; null: nothing',
  }),
  lotNumber: Type.Union([Type.String(), Type.Null()]),
});
const LotView = Type.Object({
  lotNumber: Type.String(),
  gtin14: Type.String(),
  harvestId: Type.String(),
  gatewayId: Type.String(),
  digest: Type.String({ description: 'SHA-256 of the record’s RFC 8785 canonical JSON, hex' }),
  closedAtMs: Type.Integer(),
  closedBy: Type.String(),
  record: Type.Record(Type.String(), Type.Unknown()),
});
const LotOrder = Type.Object(
  {
    harvestId: Type.String({ minLength: 1, maxLength: 200 }),
    gatewayId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    gtin14: Type.String({ pattern: '^[0-9]{14}$' }),
    // GS1 AI 10 allows 82 characters; these are the ones that need no escaping in a link or a file name.
    lotNumber: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,20}$' })),
  },
  { additionalProperties: false },
);
const Conflict = Type.Object({ ...Problem.properties, lot: Type.Optional(LotView) });

/** Harvests, and the lots closed of them. */
export function lotRoutes(options: LotsOptions) {
  const { db } = options;
  return (plain: FastifyInstance): void => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    app.get(
      '/api/harvests',
      { schema: { response: { 200: Type.Object({ harvests: Type.Array(HarvestView) }) } } },
      async () => ({ harvests: (await harvestRows(options)).map(harvestView) }),
    );
    app.get(
      '/api/lots',
      { schema: { response: { 200: Type.Object({ lots: Type.Array(LotView) }) } } },
      async () => {
        const rows = await db
          .selectFrom('lots')
          .selectAll()
          .orderBy('closed_at_ms', 'desc')
          .limit(1000)
          .execute();
        return { lots: rows.map(lotView) };
      },
    );
    const params = Type.Object({ lotNumber: Type.String({ maxLength: 20 }) });
    app.get(
      '/api/lots/:lotNumber',
      { schema: { params, response: { 200: LotView, 404: Problem } } },
      async (request, reply) => {
        const { lotNumber } = request.params;
        const lot = await db
          .selectFrom('lots')
          .selectAll()
          .where('lot_number', '=', lotNumber)
          .executeTakeFirst();
        if (lot === undefined)
          return reply.code(404).send(problem('your_input', 'no_such_lot', 'There is no such lot.'));
        return lotView(lot);
      },
    );
    const response = { 201: LotView, 404: Problem, 409: Conflict };
    app.post('/api/lots', { schema: { body: LotOrder, response } }, async (request, reply) => {
      const outcome = await closeLot(options, { ...request.body, closedBy: request.account?.email ?? '' });
      if (outcome.kind === 'closed') return reply.code(201).send(lotView(outcome.lot));
      if (outcome.kind === 'exists') {
        return reply.code(409).send({ ...hasLot, lot: lotView(outcome.lot) });
      }
      const { status, message } = refusals[outcome.reason];
      return reply.code(status).send(problem('your_input', outcome.reason, message));
    });
  };
}

const hasLot = problem('your_input', 'lot_exists', 'This harvest has its lot already.');

const refusals: Record<LotRefusal, { status: 404 | 409; message: string }> = {
  no_such_harvest: {
    status: 404,
    message: 'There is no such harvest here (yet): the gateway may still be sending it.',
  },
  no_such_product: { status: 404, message: 'No product has this GTIN.' },
  ambiguous_harvest: { status: 409, message: 'Several gateways have a harvest of this name: add gatewayId.' },
  gateway_not_registered: { status: 409, message: 'The harvest’s gateway is not registered.' },
  gateway_revoked: { status: 409, message: 'The harvest’s gateway was revoked.' },
  other_cooperative: { status: 409, message: 'This product is another cooperative’s than the harvest.' },
  unprovable: { status: 409, message: 'The harvest’s plot has a name that no proof can carry: correct it.' },
  lot_number_taken: { status: 409, message: 'This lot number is taken.' },
};

function harvestRows({ db }: LotsOptions) {
  return db
    .selectFrom('harvests')
    .leftJoin('lots', (join) =>
      join
        .onRef('lots.gateway_id', '=', 'harvests.gateway_id')
        .onRef('lots.harvest_id', '=', 'harvests.harvest_id'),
    )
    .selectAll('harvests')
    .select('lots.lot_number')
    .orderBy('harvested_at_ms', 'desc')
    .limit(1000)
    .execute();
}

function harvestView(row: Harvest & { lot_number: string | null }) {
  return {
    harvestId: row.harvest_id,
    gatewayId: row.gateway_id,
    plotId: row.plot_id,
    plotName: row.plot_name,
    harvestedAtMs: row.harvested_at_ms,
    quantityKg: row.quantity_kg,
    recordedBy: row.recorded_by,
    correctedKg: row.corrected_quantity_kg,
    lotNumber: row.lot_number,
  };
}

function lotView(row: Lot) {
  return {
    lotNumber: row.lot_number,
    gtin14: row.gtin14,
    harvestId: row.harvest_id,
    gatewayId: row.gateway_id,
    digest: row.digest,
    closedAtMs: row.closed_at_ms,
    closedBy: row.closed_by,
    record: JSON.parse(row.record) as Record<string, unknown>,
  };
}
