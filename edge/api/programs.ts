import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { ZoneState } from '../irrigation/controller/types.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import {
  HeldAnswer,
  ProgramsAnswer,
  ProgramsStoppedAnswer,
  SoilSetAnswer,
  ZoneWaterAnswer,
} from './program-schemas.ts';
import { ApiError } from './schemas.ts';
import { zoneViews } from './status.ts';
import { whenWritable } from './writable.ts';

const params = Type.Object({ zone: Type.String({ minLength: 1, maxLength: 64 }) });
const Limit = Type.Integer({ minimum: 1, maximum: 500, default: 30 });
const HOUR_MS = 3_600_000;
/** Who wants longer takes the program away. */
const LONGEST_HOURS = 366 * 24;
/** Days of one zone are picked out of so many of all zones. */
const MOST_DAYS_READ = 10_000;
const PauseBody = Type.Object(
  {
    hours: Type.Optional(Type.Number({ description: 'from now on' })),
    untilMs: Type.Optional(Type.Number({ description: "of the farm's calendar; instead of hours" })),
  },
  { additionalProperties: false },
);
const NOT_BELIEVED = {
  no_day_yet: 'No day of its water balance is over yet: state its crop and soil, and wait for midnight.',
  probe_silent: 'Its soil probe has not spoken for two of the last four hours: see why, and ask again.',
  just_watered: 'It was watered within four hours, of which its probe cannot know yet: ask again later.',
} as const;
const OPEN: readonly ZoneState['phase']['name'][] = ['opening', 'proving', 'running', 'testing'];

/**
 * Programs and what they go by: people tell them to wait and to go on. Holding back works even while the journal cannot
 * write; what begins to water again has to be durable first.
 */
export const programRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { planning, irrigation, hub, journal, logger } = parts;
  const preHandler = whenWritable(parts);

  const show = (zone?: string) => {
    for (const view of zoneViews(parts))
      if (zone === undefined || view.id === zone) hub.publish('zone', view);
  };
  /** Whether it is durable yet; a journal that cannot write keeps nobody waiting. */
  const kept = async (held: Promise<void>): Promise<boolean> => {
    if (journal.health().healthy) return held.then(() => true);
    held.catch((error: unknown) =>
      logger.error({ err: error }, 'what a person has held is not in the journal'),
    );
    return false;
  };
  const known = (zone: string) => {
    const view = zoneViews(parts).find(({ id }) => id === zone);
    if (view === undefined) throw new ApiProblem(404, `There is no zone '${zone}'.`);
    return view;
  };

  app.get('/api/programs', { schema: { response: { 200: ProgramsAnswer } } }, async () => {
    const stopAll = planning.holds.all();
    return {
      stopAll: stopAll && { by: stopAll.by },
      forecast: planning.forecast(),
      zones: zoneViews(parts).flatMap(({ id, program }) => (program ? [{ zone: id, program }] : [])),
    };
  });

  app.get(
    '/api/zones/:zone/water',
    {
      schema: {
        params,
        querystring: Type.Object({ limit: Limit }),
        response: { 200: ZoneWaterAnswer, 404: ApiError },
      },
    },
    async ({ params: { zone }, query: { limit } }) => {
      const { water } = known(zone);
      const days = await journal.records('water_balance', MOST_DAYS_READ);
      return { now: water, days: days.filter((day) => day.zone === zone).slice(0, limit) };
    },
  );

  app.post(
    '/api/zones/:zone/believe-probe',
    {
      preHandler,
      schema: {
        params,
        response: { 200: SoilSetAnswer, 404: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ params: { zone }, account }) => {
      known(zone);
      const answer = await planning.believeProbe(zone, account?.name ?? '');
      if (answer !== 'set') throw new ApiProblem(409, NOT_BELIEVED[answer]);
      show(zone);
      return { now: known(zone).water };
    },
  );

  app.post(
    '/api/zones/:zone/pause',
    {
      schema: {
        params,
        body: PauseBody,
        response: { 200: HeldAnswer, 400: ApiError, 404: ApiError, 409: ApiError },
      },
    },
    async ({ params: { zone }, body, account }) => {
      if (known(zone).program === null)
        throw new ApiProblem(409, `Zone '${zone}' has no program that could be paused.`);
      const untilMs = endOf(body, planning.nowMs());
      const held = planning.holds.hold(zone, { untilMs, by: account?.name ?? '' });
      show(zone);
      return { durable: await kept(held), untilMs };
    },
  );

  app.post(
    '/api/zones/:zone/resume',
    { preHandler, schema: { params, response: { 200: HeldAnswer, 404: ApiError, 503: ApiError } } },
    async ({ params: { zone }, account }) => {
      known(zone);
      await planning.holds.release(zone, account?.name ?? '');
      show(zone);
      return { durable: true, untilMs: null };
    },
  );

  app.post(
    '/api/programs/stop',
    { schema: { response: { 200: ProgramsStoppedAnswer } } },
    async ({ account }) => {
      const held = planning.holds.hold(null, { untilMs: null, by: account?.name ?? '' });
      const open = irrigation.zones().filter(({ phase }) => OPEN.includes(phase.name));
      const asked = open.flatMap(({ id }) => irrigation.request(id, { kind: 'stop' }) ?? []);
      show();
      const isDurable = await kept(held);
      await Promise.all(asked);
      return { durable: isDurable, stopping: open.map(({ id }) => id) };
    },
  );

  app.post(
    '/api/programs/resume',
    { preHandler, schema: { response: { 200: HeldAnswer, 503: ApiError } } },
    async ({ account }) => {
      await planning.holds.release(null, account?.name ?? '');
      show();
      return { durable: true, untilMs: null };
    },
  );
};

function endOf({ hours, untilMs }: { hours?: number; untilMs?: number }, nowMs: number): number {
  if ((hours === undefined) === (untilMs === undefined))
    throw new ApiProblem(400, 'Say until when: either hours, such as 24, or untilMs.');
  const endMs = Math.round(untilMs ?? nowMs + (hours ?? 0) * HOUR_MS);
  const field = hours === undefined ? 'untilMs' : 'hours';
  if (!(endMs > nowMs))
    throw new ApiProblem(400, `${field} lies in the past: give a later end of the pause.`);
  if (endMs > nowMs + LONGEST_HOURS * HOUR_MS)
    throw new ApiProblem(
      400,
      `${field} is more than a year ahead: pause for ${LONGEST_HOURS} hours at most, or remove the zone's program.`,
    );
  return endMs;
}
