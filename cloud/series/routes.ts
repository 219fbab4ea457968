import { Type, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { isMetricName, metrics } from '@nongtin/broker/wire';
import type { FastifyInstance } from 'fastify';
import type { Kysely } from 'kysely';
import { Problem, problem } from '../api/errors.ts';
import { cooperativesIn } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { seriesDevice } from './lines.ts';
import type { SeriesStores } from './stores.ts';

const DAY_MS = 86_400_000;

const Params = Type.Object({ id: Type.String({ maxLength: 64 }) });
const Query = Type.Object(
  {
    metric: Type.String({ maxLength: 32 }),
    device: Type.String({ minLength: 1, maxLength: 160 }),
    channel: Type.Optional(Type.String({ maxLength: 64 })),
    from: Type.Optional(Type.Integer({ minimum: 0, description: 'AtMs; default: a day before `to`' })),
    to: Type.Optional(Type.Integer({ minimum: 0, description: 'AtMs, not included; default: now' })),
    points: Type.Integer({ minimum: 1, maximum: 5_000, default: 500 }),
  },
  { additionalProperties: false },
);
const Answer = Type.Object({
  metric: Type.String(),
  unit: Type.String(),
  points: Type.Array(Type.Tuple([Type.Integer(), Type.Number(), Type.Integer()]), {
    description: 'Time in ms since 1970 UTC, value, quality bits',
  }),
});

export interface SeriesRoutesOptions {
  readonly db: Kysely<Schema>;
  /** Undefined: no store of series is set up. */
  readonly stores: Pick<SeriesStores, 'of'> | undefined;
  readonly clock: { nowMs(): number };
}

/** A gateway's readings as they arrived here, for charts. */
export function seriesRoutes({ db, stores, clock }: SeriesRoutesOptions): (app: FastifyInstance) => void {
  const cooperatives = cooperativesIn(db);
  return (plain) => {
    const app = plain.withTypeProvider<TypeBoxTypeProvider>();
    const response = { 200: Answer, 400: Problem, 404: Problem, 503: Problem };
    app.get(
      '/api/gateways/:id/series',
      { schema: { params: Params, querystring: Query, response } },
      async (request, reply) => {
        const { metric, device, channel, points, to = clock.nowMs() + 60_000 } = request.query;
        const { from = to - DAY_MS } = request.query;
        if (!isMetricName(metric)) return reply.code(400).send(noMetric);
        if (from >= to) return reply.code(400).send(noTime);
        if (stores === undefined) return reply.code(404).send(noStore);
        const gateway = await cooperatives.gateway(request.params.id);
        if (gateway === undefined) return reply.code(404).send(noGateway);
        try {
          const found = await stores.of(gateway.cooperative_id).query({
            ...{ metric, device: seriesDevice(gateway.gateway_id, device) },
            ...(channel === undefined ? {} : { channel }),
            ...{ fromMs: from, toMs: to, maxPoints: points },
          });
          const rows = found.map(({ atMs, value, quality }): [number, number, number] => [
            atMs,
            value,
            quality,
          ]);
          return { metric, unit: metrics[metric].unit, points: rows };
        } catch (error) {
          request.log.warn({ err: error }, 'series store did not answer');
          return reply.code(503).send(away);
        }
      },
    );
  };
}

const noMetric = problem(
  'your_input',
  'no_metric',
  `\`metric\` is one of ${Object.keys(metrics).join(', ')}.`,
);
const noTime = problem('your_input', 'no_time', '`from` must lie before `to`.');
const noGateway = problem('your_input', 'no_such_gateway', 'No gateway of this name is registered here.');
const noStore = problem(
  'your_input',
  'no_series',
  'This cloud keeps no series: set NONGTIN_CLOUD_INFLUX_URL. Daily figures are in the lots and harvests.',
);
const away = problem(
  'try_later',
  'series_away',
  'The store of readings does not answer at the moment; nothing is lost. Try again.',
);
