import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { marketWarnings, restrictedIn } from '../crop-protection/market-bans.ts';
import {
  CropProtectionAnswer,
  ImportAnswer,
  ProductListAnswer,
  SprayBody,
  SprayCheckAnswer,
  SprayRecordAnswer,
  SprayRevisionsAnswer,
  SpraysAnswer,
} from './crop-protection-schemas.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { Change, person, refusals, strict, taken } from './revised.ts';
import { ApiError } from './schemas.ts';
import { whenWritable } from './writable.ts';

const Id = Type.String({ minLength: 1, maxLength: 64 });
const MOST_FILE_BYTES = 1024 * 1024;

/** Products, sprays, and what they bar: harvests and going in. */
export const cropProtectionRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (
  app,
  { parts },
) => {
  const { cropProtection } = parts;
  const preHandler = whenWritable(parts);
  // Of this plugin alone. A list comes as it was saved: what its bytes say is found out here, not by the browser.
  const wholeFile = (_: unknown, body: Buffer, done: (error: null, body: Buffer) => void) => done(null, body);
  app.addContentTypeParser(['text/csv', 'application/octet-stream'], { parseAs: 'buffer' }, wholeFile);

  app.get('/api/crop-protection', { schema: { response: { 200: CropProtectionAnswer } } }, async () => ({
    ...cropProtection.plots(),
    targetMarkets: parts.layout.farm.targetMarkets ?? [],
  }));

  app.get(
    '/api/products',
    {
      schema: {
        querystring: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })) }),
        response: { 200: ProductListAnswer, 404: ApiError },
      },
    },
    async ({ query: { version } }) => {
      const list = cropProtection.list(version);
      if (list === undefined && version !== undefined)
        throw new ApiProblem(404, `There is no version ${version} among the newest 50 of the list.`);
      const { targetMarkets = [] } = parts.layout.farm;
      const notTaken = (list?.products ?? []).flatMap((product, row) =>
        marketWarnings(product, targetMarkets).map((reason) => ({ row, reason })),
      );
      return { list: list ?? null, notTaken, restricted: restrictedIn(targetMarkets) };
    },
  );

  app.post(
    '/api/products/preview',
    { bodyLimit: MOST_FILE_BYTES, schema: { response: { 200: ImportAnswer, 400: ApiError } } },
    async ({ body }) => cropProtection.preview(bytesOf(body)),
  );

  app.post(
    '/api/products',
    {
      preHandler,
      bodyLimit: MOST_FILE_BYTES,
      schema: {
        querystring: Type.Object({
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
          follows: Type.Integer({ minimum: 0 }),
          fileName: Type.String({ minLength: 1, maxLength: 200 }),
        }),
        response: { 201: ProductListAnswer, ...refusals },
      },
    },
    async ({ body, query, account }, reply) =>
      reply.code(201).send({
        list: taken(await cropProtection.accept(bytesOf(body), query, person(account))),
        ...{ notTaken: [], restricted: [] },
      }),
  );

  app.get(
    '/api/sprays',
    {
      schema: {
        querystring: Type.Object({
          plot: Type.Optional(Id),
          limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }),
        }),
        response: { 200: SpraysAnswer },
      },
    },
    async ({ query: { plot, limit } }) => ({ sprays: cropProtection.sprays(plot).slice(0, limit) }),
  );

  app.get(
    '/api/sprays/:spray',
    {
      schema: { params: Type.Object({ spray: Id }), response: { 200: SprayRevisionsAnswer, 404: ApiError } },
    },
    async ({ params: { spray } }) => {
      const revisions = [...cropProtection.revisions(spray)];
      if (revisions.length === 0) throw new ApiProblem(404, `There is no spray '${spray}'.`);
      return { revisions };
    },
  );

  app.post(
    '/api/sprays/check',
    { schema: { body: SprayBody, response: { 200: SprayCheckAnswer, 400: ApiError } } },
    async ({ body }) => {
      const checked = cropProtection.check(body);
      if (checked === null) throw new ApiProblem(400, `There is no plot '${body.plot}'.`);
      return checked;
    },
  );

  app.post(
    '/api/sprays',
    { preHandler, schema: { body: SprayBody, response: { 201: SprayRecordAnswer, ...refusals } } },
    async ({ body, account }, reply) =>
      reply.code(201).send({ spray: taken(await cropProtection.record(body, person(account))) }),
  );

  app.post(
    '/api/sprays/:spray/correct',
    {
      preHandler,
      schema: {
        params: Type.Object({ spray: Id }),
        body: Type.Object({ ...Change, spray: SprayBody }, strict),
        response: { 201: SprayRecordAnswer, ...refusals },
      },
    },
    async ({ params, body: { spray: wish, ...told }, account }, reply) => {
      const corrected = await cropProtection.correct(params.spray, { ...told, wish }, person(account));
      return reply.code(201).send({ spray: taken(corrected) });
    },
  );

  app.post(
    '/api/sprays/:spray/withdraw',
    {
      preHandler,
      schema: {
        params: Type.Object({ spray: Id }),
        body: Type.Object(Change, strict),
        response: { 201: SprayRecordAnswer, ...refusals },
      },
    },
    async ({ params: { spray }, body, account }, reply) =>
      reply.code(201).send({ spray: taken(await cropProtection.withdraw(spray, body, person(account))) }),
  );
};

function bytesOf(body: unknown): Uint8Array {
  if (Buffer.isBuffer(body) && body.length > 0) return body;
  throw new ApiProblem(400, 'Send the file itself, as text/csv.', { key: 'import_empty_file', figures: {} });
}
