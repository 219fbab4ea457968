import { Readable } from 'node:stream';
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Logger } from '@nongtin/service';
import type { FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { problem } from '../api/errors.ts';
import type { Schema } from '../records/index.ts';
import type { Activation } from './activation.ts';
import { Reason } from './life-routes.ts';
import {
  approveExport,
  exportStateOf,
  LARGEST_EXPORT,
  listExports,
  type PinExport,
  type PinExportRefusal,
  pinFile,
  readExport,
  requestExport,
  takeExport,
} from './pin-exports.ts';
import { MAX_BATCH_NUMBER, MAX_STAMPS_PER_BATCH } from './serial.ts';
import type { Stamps } from './stamps.ts';

export interface PinRoutesOptions {
  readonly db: Kysely<Schema>;
  readonly stamps: Stamps;
  readonly activation: Activation;
  readonly clock: { nowMs(): number };
  readonly logger: Logger;
  /** Where buyers reach this service: printed on the stamps. */
  readonly publicUrl: string;
  /** Who is asking: the account's e-mail. */
  readonly issuerOf: (request: FastifyRequest) => string;
}

const closed = { additionalProperties: false };
const StampParams = Type.Object({
  gtin: Type.String({ pattern: '^[0-9]{14}$' }),
  serial: Type.String({ minLength: 1, maxLength: 20 }),
});
const Pin = Type.Object({ pin: Type.String({ minLength: 1, maxLength: 20 }) }, closed);
const Index = Type.Integer({ minimum: 0, maximum: MAX_STAMPS_PER_BATCH - 1 });
const Order = Type.Object(
  {
    batchNumber: Type.Integer({ minimum: 0, maximum: MAX_BATCH_NUMBER }),
    from: Index,
    to: Index,
    reason: Reason,
  },
  closed,
);
const ExportParams = Type.Object({ exportId: Type.Integer({ minimum: 1, maximum: 2 ** 53 - 1 }) });
const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }) });

/** The buyer's scratch PIN, and the files with PINs for a printing house. */
export const pinRoutes: FastifyPluginAsyncTypebox<PinRoutesOptions> = async (app, options) => {
  const { db, stamps, activation, clock, logger, publicUrl, issuerOf } = options;

  app.post(
    '/api/verify/:gtin/:serial/activate',
    { bodyLimit: 1_024, schema: { params: StampParams, body: Pin } },
    async (request, reply) => {
      const { gtin, serial } = request.params;
      reply.header('cache-control', 'no-store');
      const order = { gtin14: gtin, serial, pin: request.body.pin, client: request.ip };
      const result = await activation.activate(order);
      if (result.kind === 'activated')
        return { isFirst: result.isFirst, activatedAtMs: result.activatedAtMs };
      if (result.kind === 'wait') {
        const message = `Too many wrong PINs came from here: try again in ${result.seconds} seconds.`;
        reply.code(429).header('retry-after', String(result.seconds));
        return reply.send({
          ...problem('try_later', 'wait', message),
          retryAfterSeconds: result.seconds,
        });
      }
      if (result.kind === 'withdrawn') {
        const message = `This stamp is out of use (${result.state}): do not trust what it is on.`;
        return reply.code(409).send({ ...problem('your_input', 'withdrawn', message), state: result.state });
      }
      if (result.kind === 'not_a_pin')
        return reply.code(400).send(problem('your_input', 'not_a_pin', 'pin is 8 digits.'));
      const message = 'This PIN does not belong to this stamp.';
      return reply.code(403).send(problem('your_input', 'refused', message));
    },
  );

  const answer = async (outcome: Awaited<ReturnType<typeof requestExport>>) =>
    outcome.ok
      ? { status: 200, body: exportView(outcome.row) }
      : {
          status: refusals[outcome.problem].status,
          body: problem('your_input', outcome.problem, refusals[outcome.problem].message),
        };

  app.get('/api/pin-exports', { schema: { querystring: Limit } }, async (request) => ({
    exports: (await listExports(db, request.query.limit)).map(exportView),
  }));

  app.post('/api/pin-exports', { schema: { body: Order } }, async (request, reply) => {
    const by = issuerOf(request);
    const outcome = await requestExport(db, { ...request.body, by, nowMs: clock.nowMs() });
    if (outcome.ok) log(logger, 'PINs were asked for', outcome.row, by);
    const { status, body } = await answer(outcome);
    return reply.code(outcome.ok ? 201 : status).send(body);
  });

  app.post(
    '/api/pin-exports/:exportId/approve',
    { schema: { params: ExportParams } },
    async (request, reply) => {
      const by = issuerOf(request);
      const outcome = await approveExport(db, request.params.exportId, by, clock.nowMs());
      if (outcome.ok) log(logger, 'PINs may be exported again', outcome.row, by);
      const { status, body } = await answer(outcome);
      return reply.code(status).send(body);
    },
  );

  app.post(
    '/api/pin-exports/:exportId/file',
    { schema: { params: ExportParams } },
    async (request, reply) => {
      const by = issuerOf(request);
      const { exportId } = request.params;
      const asked = await readExport(db, exportId);
      // Before it counts as fetched: a key service that does not answer must not use it up.
      if (asked !== undefined) await stamps.listPins(asked.batch_number, asked.first_index, 1);
      const outcome = await takeExport(db, exportId, by, clock.nowMs());
      if (!outcome.ok) {
        const { status, body } = await answer(outcome);
        return reply.code(status).send(body);
      }
      const { row } = outcome;
      log(logger, 'PINs were exported', row, by);
      const name = `pins-${row.batch_number}-${row.first_index}-${row.last_index}.csv`;
      return reply
        .headers({
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': `attachment; filename="${name}"`,
          'cache-control': 'no-store',
        })
        .send(Readable.from(pinFile(stamps, row, publicUrl)));
    },
  );
};

/** Who, which and why; never a PIN. */
function log(logger: Logger, message: string, row: PinExport, by: string): void {
  const { export_id: exportId, batch_number: batch, first_index: from, last_index: to, reason } = row;
  logger.warn({ by, exportId, batch, from, to, reason }, message);
}

const refusals: Record<PinExportRefusal, { status: number; message: string }> = {
  unknown_batch: { status: 404, message: 'There is no such stamp batch.' },
  range: { status: 400, message: 'from and to are indices of the batch, from not after to.' },
  too_many: { status: 400, message: `One file holds at most ${LARGEST_EXPORT} PINs.` },
  unknown_export: { status: 404, message: 'There is no such export.' },
  own_request: { status: 403, message: 'A second manager has to agree, not the one who asked.' },
  not_yours: { status: 403, message: 'Only who asked for the file may fetch it.' },
  waits: {
    status: 409,
    message: 'PINs of this range were asked for before: a second manager has to agree first.',
  },
  taken: { status: 409, message: 'This file was fetched already: ask for it again, with a reason.' },
  nothing_to_approve: { status: 409, message: 'This export waits for nobody.' },
};

function exportView(row: PinExport) {
  return {
    exportId: row.export_id,
    batchNumber: row.batch_number,
    from: row.first_index,
    to: row.last_index,
    reason: row.reason,
    state: exportStateOf(row),
    requestedBy: row.requested_by,
    requestedAtMs: row.requested_at_ms,
    approvedBy: row.approved_by,
    takenAtMs: row.taken_at_ms,
  };
}
