import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { dateText, weekday } from '../irrigation/programs/calendar.ts';
import { perTrapAndDay, type TrapDay } from '../pest/catches.ts';
import type { PestWatch, PlotPests } from '../pest/service.ts';
import type { ApiParts } from './parts.ts';
import {
  BiofixAnswer,
  BiofixBody,
  CountAnswer,
  CountBody,
  CountsAnswer,
  PestLibraryAnswer,
  PestsAnswer,
  SeenAnswer,
  SeenBody,
  SeenListAnswer,
  TrapsAnswer,
} from './pest-schemas.ts';
import { Change, person, refusals, strict, taken } from './revised.ts';
import { whenWritable } from './writable.ts';

const Id = Type.String({ minLength: 1, maxLength: 128 });
const Limit = Type.Integer({ minimum: 1, maximum: 500, default: 50 });

/** Pests: how each plot stands, traps and what they catch, what people count and see, and the library. */
export const pestRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { pests } = parts;
  const { notes } = pests;
  const preHandler = whenWritable(parts);

  app.get('/api/pests', { schema: { response: { 200: PestsAnswer } } }, async () => {
    const { plots, ...rest } = pests.plots();
    return { ...rest, plots: plots.map(shownPlot) };
  });

  app.get('/api/pests/library', { schema: { response: { 200: PestLibraryAnswer } } }, async () => ({
    pests: [...pests.library().values()],
  }));

  app.get(
    '/api/pests/traps',
    {
      schema: {
        querystring: Type.Object({ days: Type.Integer({ minimum: 1, maximum: 180, default: 28 }) }),
        response: { 200: TrapsAnswer },
      },
    },
    async ({ query: { days } }) => shownTraps(pests.traps(days)),
  );

  app.get(
    '/api/pests/counts',
    {
      schema: {
        querystring: Type.Object({ trap: Type.Optional(Id), limit: Limit }),
        response: { 200: CountsAnswer },
      },
    },
    async ({ query: { trap, limit } }) => ({ counts: notes.counts(trap).slice(0, limit) }),
  );

  app.post(
    '/api/pests/counts',
    { preHandler, schema: { body: CountBody, response: { 201: CountAnswer, ...refusals } } },
    async ({ body, account }, reply) =>
      reply.code(201).send({ count: taken(await notes.count(body, person(account))) }),
  );

  app.post(
    '/api/pests/counts/:count/correct',
    {
      preHandler,
      schema: {
        params: Type.Object({ count: Id }),
        body: Type.Object({ ...Change, count: CountBody }, strict),
        response: { 201: CountAnswer, ...refusals },
      },
    },
    async ({ params, body: { count: wish, ...told }, account }, reply) => {
      const corrected = await notes.correctCount(params.count, { ...told, wish }, person(account));
      return reply.code(201).send({ count: taken(corrected) });
    },
  );

  app.post(
    '/api/pests/counts/:count/withdraw',
    {
      preHandler,
      schema: {
        params: Type.Object({ count: Id }),
        body: Type.Object(Change, strict),
        response: { 201: CountAnswer, ...refusals },
      },
    },
    async ({ params: { count }, body, account }, reply) =>
      reply.code(201).send({ count: taken(await notes.withdrawCount(count, body, person(account))) }),
  );

  app.get(
    '/api/pests/seen',
    {
      schema: {
        querystring: Type.Object({ plot: Type.Optional(Id), limit: Limit }),
        response: { 200: SeenListAnswer },
      },
    },
    async ({ query: { plot, limit } }) => ({ seen: notes.sightings(plot).slice(0, limit) }),
  );

  app.post(
    '/api/pests/seen',
    { preHandler, schema: { body: SeenBody, response: { 201: SeenAnswer, ...refusals } } },
    async ({ body, account }, reply) =>
      reply.code(201).send({ seen: taken(await notes.see(body, person(account))) }),
  );

  app.post(
    '/api/pests/seen/:seen/correct',
    {
      preHandler,
      schema: {
        params: Type.Object({ seen: Id }),
        body: Type.Object({ ...Change, seen: SeenBody }, strict),
        response: { 201: SeenAnswer, ...refusals },
      },
    },
    async ({ params, body: { seen: wish, ...told }, account }, reply) => {
      const corrected = await notes.correctSeen(params.seen, { ...told, wish }, person(account));
      return reply.code(201).send({ seen: taken(corrected) });
    },
  );

  app.post(
    '/api/pests/seen/:seen/withdraw',
    {
      preHandler,
      schema: {
        params: Type.Object({ seen: Id }),
        body: Type.Object(Change, strict),
        response: { 201: SeenAnswer, ...refusals },
      },
    },
    async ({ params: { seen }, body, account }, reply) =>
      reply.code(201).send({ seen: taken(await notes.withdrawSeen(seen, body, person(account))) }),
  );

  app.post(
    '/api/pests/biofix',
    { preHandler, schema: { body: BiofixBody, response: { 201: BiofixAnswer, ...refusals } } },
    async ({ body, account }, reply) => {
      const { date } = taken(await notes.setBiofix(body, person(account)));
      return reply.code(201).send({ date });
    },
  );
};

function shownPlot({ pests, ...plot }: PlotPests) {
  return {
    ...plot,
    pests: pests.map(({ profile, advice, lookAgainDay, reason, notes, perTrapPerDay, ...known }) => ({
      ...{ pest: profile.id, name: profile.name, latin: profile.latin, kind: profile.kind },
      ...{ advice, lookAgainDate: dateText(lookAgainDay), reason, notes, perTrapPerDay },
      seen: known.seen,
      development: shownDevelopment(known.development, profile.development),
      infection: known.infection,
      neighbours: known.neighbours.map(({ pest: _, ...neighbour }) => neighbour),
    })),
  };
}

function shownDevelopment(
  development: PlotPests['pests'][number]['development'],
  thresholds: PlotPests['pests'][number]['profile']['development'],
) {
  if (development === null || thresholds === null) return null;
  const { lowerCelsius, upperCelsius, method } = thresholds;
  const { biofixDay, biofixKind, heat, generation, stage, fraction, flightDay } = development;
  return {
    ...{ biofixDate: dateText(biofixDay), biofixKind, degreeDays: heat.degreeDays },
    ...{ lowerCelsius, upperCelsius, method },
    ...{ perDay: heat.recentPerDay, filledDays: heat.filledDays.length },
    ...{ missingDays: heat.missingDays.length, generation, stage, stageFraction: fraction },
    nextFlightDate: flightDay === null ? null : dateText(flightDay),
  };
}

function shownTraps({ today, timeZone, traps }: ReturnType<PestWatch['traps']>) {
  return {
    ...{ today: dateText(today), timeZone },
    traps: traps.map(({ trap, profile, last, checkEveryDays, nextCheckDay, days }) => ({
      ...{ id: trap.id, name: trap.name, plot: trap.plot, pest: trap.pest, kind: trap.kind },
      ...{ pestName: profile?.name ?? null, latin: profile?.latin ?? null },
      ...{ device: trap.device ?? null, checkEveryDays, nextCheckDate: dateText(nextCheckDay), last },
      days: days.map(({ day, caught, isSpread }) => ({ date: dateText(day), caught, isSpread })),
      weeks: weeksOf(days),
    })),
  };
}

/** Weeks from Monday to Sunday, as far as the days reach. */
function weeksOf(days: readonly TrapDay[]) {
  const weeks = new Map<number, TrapDay[]>();
  for (const one of days) {
    const monday = one.day - ((weekday(one.day) + 6) % 7);
    weeks.set(monday, [...(weeks.get(monday) ?? []), one]);
  }
  return [...weeks].map(([monday, its]) => ({
    ...{ fromDate: dateText(monday), perDay: perTrapAndDay([its]) },
    knownDays: its.filter(({ caught }) => caught !== null).length,
  }));
}
