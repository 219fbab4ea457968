import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { isWatered, zonesOf } from '../farm/layout.ts';
import { WetTestsAnswer } from './device-schemas.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, ZoneRequestAnswer } from './schemas.ts';
import { whenWritable } from './writable.ts';
import { accepted } from './zones.ts';

const params = Type.Object({ zone: Type.String({ minLength: 1, maxLength: 64 }) });

/** Wet tests, for the technician who stands beside the valve. */
export const wetTestRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { wetTests, layout, irrigation } = parts;

  const standing = (id: string) => {
    const zone = zonesOf(layout.farm).find((known) => known.id === id);
    if (zone === undefined) throw new ApiProblem(404, `There is no zone '${id}'.`);
    return {
      /** Null: its valve may act, or there is none. */
      readOnly: isWatered(zone) ? wetTests.readOnly(zone) : null,
      tests: [...wetTests.of(id)],
    };
  };

  app.get(
    '/api/zones/:zone/wet-tests',
    { schema: { params, response: { 200: WetTestsAnswer, 404: ApiError } } },
    async ({ params: { zone } }) => standing(zone),
  );

  app.post(
    '/api/zones/:zone/wet-test',
    {
      preHandler: whenWritable(parts),
      schema: { params, response: { 202: ZoneRequestAnswer, 404: ApiError, 409: ApiError, 503: ApiError } },
    },
    async ({ params: { zone }, account }, reply) =>
      reply
        .code(202)
        .send(await accepted(irrigation.request(zone, { kind: 'test', startedBy: account?.id ?? '' }))),
  );

  app.post(
    '/api/zones/:zone/wet-test/measured',
    {
      preHandler: whenWritable(parts),
      schema: {
        params,
        body: Type.Object(
          { litres: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }) },
          { additionalProperties: false },
        ),
        response: { 200: WetTestsAnswer, 404: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ params: { zone }, body: { litres } }) => {
      standing(zone);
      if ((await wetTests.measured(zone, litres)) === undefined)
        throw new ApiProblem(409, 'There is no wet test to compare it with: run one first.');
      return standing(zone);
    },
  );
};
