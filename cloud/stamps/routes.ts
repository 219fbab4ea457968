import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import type { AnchorState } from '../anchoring/index.ts';
import type { BatchSummary } from './batch-store.ts';
import { printedUrl, stampUrl } from './links.ts';
import { MAX_BATCH_NUMBER, MAX_STAMPS_PER_BATCH } from './serial.ts';
import { MOST_STAMPS, type Stamps } from './stamps.ts';

export interface StampRoutesOptions {
  readonly stamps: Stamps;
  /** Where buyers reach this service, e.g. `https://trace.example.vn`: printed on the stamps. */
  readonly publicUrl: string;
  /** Who is asking, to be written beside the batch: the account's e-mail. */
  readonly issuerOf: (request: FastifyRequest) => string;
  /** The anchor's state of each batch, by batch number as text. */
  readonly statesOf: (batchNumbers: readonly string[]) => Promise<ReadonlyMap<string, AnchorState>>;
}

const STAMPS_A_PAGE = 1_000;

const Order = Type.Object(
  {
    lotNumber: Type.String({ minLength: 1, maxLength: 20 }),
    count: Type.Integer({ minimum: 1, maximum: MAX_STAMPS_PER_BATCH }),
    netWeightGrams: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'of one stamped package' }),
    ),
    orderId: Type.Optional(
      Type.String({ format: 'uuid', description: 'the same again is answered with the batch that it made' }),
    ),
  },
  { additionalProperties: false },
);
const BatchParams = Type.Object({ batchNumber: Type.Integer({ minimum: 0, maximum: MAX_BATCH_NUMBER }) });
const Page = Type.Object({
  from: Type.Integer({ minimum: 0, maximum: MAX_STAMPS_PER_BATCH, default: 0 }),
  count: Type.Integer({ minimum: 1, maximum: STAMPS_A_PAGE, default: 20 }),
});
const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }) });

const refusals = {
  unknown_lot: { status: 404, message: 'There is no such lot.' },
  recalled_lot: { status: 409, message: 'This lot was recalled: no stamps are issued for it.' },
  other_order: {
    status: 409,
    message: 'An order with this id has made a batch already, for another lot, number or weight.',
  },
  count: {
    status: 400,
    message: `One batch has 1 to ${MOST_STAMPS} stamps: order several batches for the lot.`,
  },
};

/** Issuing stamps and listing their links. */
export const stampRoutes: FastifyPluginAsyncTypebox<StampRoutesOptions> = async (app, options) => {
  const { stamps, publicUrl } = options;

  app.post('/api/stamp-batches', { schema: { body: Order } }, async (request, reply) => {
    const result = await stamps.issueBatch({ ...request.body, issuedBy: options.issuerOf(request) });
    if (!result.ok) {
      const { status, message } = refusals[result.problem];
      return reply.code(status).send({ error: { kind: 'your_input', code: result.problem, message } });
    }
    const { batch, firstSerial } = result;
    const firstStampUrl = stampUrl(publicUrl, batch.gtin14, firstSerial);
    return reply.code(201).send({ ...batch, firstStampUrl });
  });

  app.get('/api/stamp-batches', { schema: { querystring: Limit } }, async (request) => {
    const batches = await stamps.listBatches(request.query.limit);
    const states = await options.statesOf(batches.map((batch) => String(batch.batchNumber)));
    return batches.map((batch: BatchSummary) => ({
      ...batch,
      anchorState: states.get(String(batch.batchNumber)) ?? 'waiting',
    }));
  });

  app.get(
    '/api/stamp-batches/:batchNumber/stamps',
    { schema: { params: BatchParams, querystring: Page } },
    async (request, reply) => {
      const { batchNumber } = request.params;
      const listed = await stamps.listSerials(batchNumber, request.query.from, request.query.count);
      if (listed === undefined) {
        const message = `There is no stamp batch ${batchNumber}.`;
        return reply.code(404).send({ error: { kind: 'your_input', code: 'unknown_batch', message } });
      }
      return listed.stamps.map(({ index, serial }) => ({
        index,
        serial,
        url: stampUrl(publicUrl, listed.gtin14, serial),
        printedUrl: printedUrl(publicUrl, listed.gtin14, serial),
      }));
    },
  );
};
