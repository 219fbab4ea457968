import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Account } from '@nongtin/accounts';
import type { Reason } from '@nongtin/broker/wire';
import { zonesOf } from '../farm/layout.ts';
import { ApiProblem } from './errors.ts';
import {
  CalibrateBody,
  CalibrationAnswer,
  DosesAnswer,
  FertigationAnswer,
  FilledBody,
  HeadAnswer,
  MeasuredBody,
  NutrientsAnswer,
} from './fertigation-schemas.ts';
import type { ApiParts } from './parts.ts';
import { ApiError } from './schemas.ts';
import { whenWritable } from './writable.ts';

const Id = Type.String({ minLength: 1, maxLength: 64 });
const ofHead = Type.Object({ head: Id });
const ofTank = Type.Object({ tank: Id });
const refusals = { 400: ApiError, 404: ApiError, 409: ApiError, 503: ApiError };
const INDICATIONS = ['soil_nitrogen', 'soil_phosphorus', 'soil_potassium'];

/** Dosing heads: how they are, what was given, and what people may tell them. */
export const fertigationRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { fertigation, live, layout } = parts;
  const preHandler = whenWritable(parts);

  app.get('/api/fertigation', { schema: { response: { 200: FertigationAnswer } } }, async () => ({
    heads: fertigation.views(),
    recipes: fertigation.recipes(),
  }));

  app.get(
    '/api/fertigation/doses',
    {
      schema: {
        querystring: Type.Object({
          head: Type.Optional(Id),
          zone: Type.Optional(Id),
          limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
        }),
        response: { 200: DosesAnswer },
      },
    },
    async ({ query: { limit, ...of } }) => ({ doses: fertigation.doses(limit, of) }),
  );

  app.get('/api/fertigation/nutrients', { schema: { response: { 200: NutrientsAnswer } } }, async () => {
    const plots = await fertigation.nutrients();
    return { plots: plots.map((plot) => ({ ...plot, indications: indications(plot.plot) })) };
  });

  /** What soil probes say of N, P and K: to be looked at, never reckoned with. */
  const indications = (plotId: string) => {
    const plot = layout.farm.plots.find(({ id }) => id === plotId);
    return zonesOf({ ...layout.farm, plots: plot ? [plot] : [] }).flatMap(({ id: zone, soilProbe: device }) =>
      INDICATIONS.flatMap((metric) => {
        const reading = device === undefined ? null : live.latest(device, metric);
        return reading && device ? [{ zone, device, metric, value: reading.value, atMs: reading.atMs }] : [];
      }),
    );
  };

  // Not held back by a journal that cannot write: it is in force at once.
  app.post(
    '/api/fertigation/heads/:head/stop',
    { schema: { params: ofHead, response: { 202: HeadAnswer, 404: ApiError } } },
    async ({ params: { head }, account }, reply) => {
      const stopped = fertigation.stopDosing(head, person(account));
      return reply.code(202).send({ head: known(stopped, 'head') });
    },
  );

  app.post(
    '/api/fertigation/heads/:head/resume',
    { preHandler, schema: { params: ofHead, response: { 202: HeadAnswer, ...refusals } } },
    async ({ params: { head }, account }, reply) =>
      reply.code(202).send({ head: known(await fertigation.resume(head, person(account)), 'head') }),
  );

  app.post(
    '/api/fertigation/heads/:head/unlock',
    { preHandler, schema: { params: ofHead, response: { 202: HeadAnswer, ...refusals } } },
    async ({ params: { head }, account }, reply) =>
      reply.code(202).send({ head: taken(known(await fertigation.unlock(head, person(account)), 'head')) }),
  );

  app.post(
    '/api/fertigation/tanks/:tank/filled',
    { preHandler, schema: { params: ofTank, body: FilledBody, response: { 201: HeadAnswer, ...refusals } } },
    async ({ params: { tank }, body, account }, reply) => {
      const filled = await fertigation.filled(tank, body, person(account));
      return reply.code(201).send({ head: taken(known(filled, 'tank')) });
    },
  );

  app.post(
    '/api/fertigation/tanks/:tank/calibrate',
    {
      preHandler,
      schema: { params: ofTank, body: CalibrateBody, response: { 202: CalibrationAnswer, ...refusals } },
    },
    async ({ params: { tank }, body: { seconds } }, reply) =>
      reply.code(202).send({ calibration: taken(known(fertigation.calibrate(tank, seconds), 'tank')) }),
  );

  app.post(
    '/api/fertigation/tanks/:tank/calibrate/stop',
    { schema: { params: ofTank, response: { 202: CalibrationAnswer, ...refusals } } },
    async ({ params: { tank } }, reply) =>
      reply.code(202).send({ calibration: taken(known(fertigation.endCalibration(tank), 'tank')) }),
  );

  app.post(
    '/api/fertigation/tanks/:tank/calibrate/measured',
    {
      preHandler,
      schema: { params: ofTank, body: MeasuredBody, response: { 201: CalibrationAnswer, ...refusals } },
    },
    async ({ params: { tank }, body, account }, reply) => {
      const measured = await fertigation.measured(tank, body, person(account));
      return reply.code(201).send({ calibration: taken(known(measured, 'tank')) });
    },
  );
};

function person(account: Account | undefined) {
  return { id: account?.id ?? '', name: account?.name ?? '' };
}

function known<T>(answer: T | undefined, what: 'head' | 'tank'): T {
  if (answer === undefined) throw new ApiProblem(404, `There is no such ${what} in heads of farm.json.`);
  return answer;
}

/** What was done, or an error that says why not. */
function taken<T>(answer: { readonly done: T } | { readonly refused: Reason }): T {
  if ('done' in answer) return answer.done;
  const { key, figures } = answer.refused;
  const said = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  const detail = said.length === 0 ? '' : ` (${said.join(', ')})`;
  throw new ApiProblem(409, `Nothing was done: ${key}${detail}.`, answer.refused);
}
