import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Reason } from '@nongtin/broker/wire';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, HarvestAnswer, QuarantineAnswer, RunsAnswer } from './schemas.ts';
import { whenWritable } from './writable.ts';

const Limit = Type.Integer({ minimum: 1, maximum: 500, default: 50 });
const Id = Type.String({ minLength: 1, maxLength: 128 });
/** Runs of one zone are picked out of so many of all zones. */
const MOST_RUNS_READ = 2_000;

/** The journal's records: runs, what could not be read, and the diary. */
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
          /** Why it is harvested within a pre-harvest interval; counts only from a manager. */
          overrideReason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
        }),
        response: { 201: HarvestAnswer, 400: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ body: { overrideReason: reason, ...body }, account: person }, reply) => {
      const word = reason !== undefined && person ? { person, reason } : undefined;
      const recorded = await parts.diary.recordHarvest({ ...body, recordedBy: person?.id ?? '' }, word);
      if (recorded === undefined) throw new ApiProblem(400, `There is no plot '${body.plot}'.`);
      if ('barred' in recorded) throw barred(recorded.barred);
      return reply.code(201).send(recorded);
    },
  );
};

/** The one that bars it longest, in its own words; all of them stand in /api/crop-protection. */
function barred([reason]: readonly Reason[]): ApiProblem {
  const { product, sprayedDate, earliestDate } = reason?.figures ?? {};
  const cause = product === undefined ? '' : ` '${product}', sprayed on ${sprayedDate}, bars it`;
  const until = earliestDate === undefined ? '' : ` until ${earliestDate}`;
  return new ApiProblem(
    409,
    `The harvest was not recorded:${cause}${until}. Wait, correct the spray, or have a manager record it with overrideReason.`,
    reason,
  );
}
