import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import {
  AlarmAnswer,
  AlarmsAnswer,
  ApiError,
  HarvestAnswer,
  QuarantineAnswer,
  RunsAnswer,
} from './schemas.ts';
import { whenWritable } from './writable.ts';

const Limit = Type.Integer({ minimum: 1, maximum: 500, default: 50 });
const Id = Type.String({ minLength: 1, maxLength: 128 });
/** Runs of one zone are picked out of so many of all zones. */
const MOST_RUNS_READ = 2_000;

/** The journal's records: runs, alarms, what could not be read, and the diary. */
export const recordRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get(
    '/api/runs',
    {
      schema: {
        querystring: Type.Object({ zone: Type.Optional(Id), limit: Limit }),
        response: { 200: RunsAnswer },
      },
    },
    async ({ query: { zone, limit } }) => {
      const runs = await parts.journal.records('run', zone === undefined ? limit : MOST_RUNS_READ);
      return { runs: runs.filter((run) => zone === undefined || run.zone === zone).slice(0, limit) };
    },
  );

  app.get('/api/alarms', { schema: { response: { 200: AlarmsAnswer } } }, async () => ({
    alarms: [...parts.alarms.list()],
  }));

  app.post(
    '/api/alarms/:id/acknowledge',
    { schema: { params: Type.Object({ id: Id }), response: { 200: AlarmAnswer, 404: ApiError } } },
    async ({ params: { id }, account }) => {
      const alarm = await parts.alarms.acknowledge(id, account?.name ?? '');
      if (alarm === undefined) throw new ApiProblem(404, 'This alarm does not stand any more.');
      return { alarm };
    },
  );

  app.get(
    '/api/quarantine',
    { schema: { querystring: Type.Object({ limit: Limit }), response: { 200: QuarantineAnswer } } },
    async ({ query: { limit } }) => ({ quarantine: [...(await parts.journal.records('quarantine', limit))] }),
  );

  app.post(
    '/api/harvests',
    {
      preHandler: whenWritable(parts),
      schema: {
        body: Type.Object({
          plot: Id,
          quantityKg: Type.Number({ exclusiveMinimum: 0, maximum: 10_000_000 }),
        }),
        response: { 201: HarvestAnswer, 400: ApiError, 503: ApiError },
      },
    },
    async ({ body, account }, reply) => {
      const recorded = await parts.diary.recordHarvest({ ...body, recordedBy: account?.id ?? '' });
      if (recorded === undefined) throw new ApiProblem(400, `There is no plot '${body.plot}'.`);
      return reply.code(201).send(recorded);
    },
  );
};
