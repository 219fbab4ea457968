import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { isMetricName, type MetricName, metrics, qualityFlags } from '@nongtin/broker/wire';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, ReadingsAnswer, SeriesAnswer } from './schemas.ts';

const DAY_MS = 86_400_000;
/** A message holds at most 256 fields; a device that keeps inventing names is cut off here. */
const MOST_SERIES = 500;
/** Of a device behind a speaker both names, joined by a dot. */
const Device = Type.String({ minLength: 1, maxLength: 160 });
const Metric = Type.String({ minLength: 1, maxLength: 32 });
const Channel = Type.String({ maxLength: 64 });
const errors = { 400: ApiError, 503: ApiError };

const SeriesParameters = Type.Object({
  metric: Metric,
  device: Device,
  channel: Type.Optional(Channel),
  from: Type.Optional(Type.Integer({ minimum: 0, description: 'AtMs; default: a day before `to`' })),
  to: Type.Optional(Type.Integer({ minimum: 0, description: 'AtMs, not included; default: now' })),
  points: Type.Integer({ minimum: 1, maximum: 5_000, default: 500 }),
  aggregate: Type.Optional(
    Type.Union(
      (['mean', 'min', 'max', 'last', 'sum', 'increase'] as const).map((name) => Type.Literal(name)),
      {
        description:
          "How a point's readings are joined; default: as the metric asks for. increase: of a counter",
      },
    ),
  ),
});

const ReadingsParameters = Type.Object({
  device: Device,
  metric: Type.Optional(Metric),
  channel: Type.Optional(Channel),
  limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 100 }),
});

/** What is stored: for charts (joined in windows), and as it came in, the newest first. */
export const seriesRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  async function stored<Answer>(ask: (store: ApiParts['store']) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(parts.store);
    } catch (error) {
      parts.logger.warn({ err: error }, 'series store did not answer');
      throw new ApiProblem(
        503,
        'The store of readings does not answer at the moment; nothing is lost. Try again.',
      );
    }
  }

  app.get(
    '/api/series',
    { schema: { querystring: SeriesParameters, response: { 200: SeriesAnswer, ...errors } } },
    async ({ query: { device, channel, points, aggregate, ...asked } }) => {
      const metric = knownMetric(asked.metric);
      // A device's clock may be a little ahead of ours: the newest reading is not to be cut off.
      const toMs = asked.to ?? parts.clock.nowMs() + 60_000;
      const fromMs = asked.from ?? toMs - DAY_MS;
      if (fromMs >= toMs) throw new ApiProblem(400, '`from` must lie before `to`.');
      const found = await stored((store) =>
        store.query({
          ...{ metric, device, ...optional(channel), fromMs, toMs, maxPoints: points },
          ...(aggregate === undefined ? {} : { aggregate }),
        }),
      );
      const rows = found.map(({ atMs, value, quality }): [number, number, number] => [atMs, value, quality]);
      return { metric, unit: metrics[metric].unit, points: rows };
    },
  );

  app.get(
    '/api/readings',
    { schema: { querystring: ReadingsParameters, response: { 200: ReadingsAnswer, ...errors } } },
    async ({ query: { device, metric, channel, limit } }) => {
      const wantedMetric = metric === undefined ? undefined : knownMetric(metric);
      const held = (await stored((store) => store.seriesOf(device))).filter(
        (series) =>
          (wantedMetric === undefined || series.metric === wantedMetric) &&
          (channel === undefined || series.channel === channel),
      );
      const range = {
        fromMs: 0,
        toMs: parts.clock.nowMs() + DAY_MS,
        maxPoints: limit,
        aggregate: 'raw',
      } as const;
      const lists = await Promise.all(
        held.slice(0, MOST_SERIES).map(async (series) => {
          const found = await stored((store) => store.query({ device, ...series, ...range }));
          return found.map(({ atMs, value, quality }) => ({
            ...{ device, ...series, unit: metrics[series.metric].unit },
            ...{ value, atMs, quality: qualityFlags(quality) },
          }));
        }),
      );
      return {
        readings: lists
          .flat()
          .sort((a, b) => b.atMs - a.atMs)
          .slice(0, limit),
      };
    },
  );
};

function knownMetric(name: string): MetricName {
  if (isMetricName(name)) return name;
  throw new ApiProblem(400, `'${name}' is no metric; there are ${Object.keys(metrics).join(', ')}.`);
}

function optional(channel: string | undefined): { channel?: string } {
  return channel === undefined ? {} : { channel };
}
