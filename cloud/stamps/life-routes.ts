import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../api/errors.ts';
import type { ChangeOrder, ChangeResult, StampLife } from './life-store.ts';
import { MAX_BATCH_NUMBER, MAX_STAMPS_PER_BATCH } from './serial.ts';

export interface LifeRoutesOptions {
  readonly life: StampLife;
  /** Who is asking: the account's e-mail. */
  readonly issuerOf: (request: FastifyRequest) => string;
}

const closed = { additionalProperties: false };
const Index = Type.Integer({ minimum: 0, maximum: MAX_STAMPS_PER_BATCH - 1 });
const Params = Type.Object({ batchNumber: Type.Integer({ minimum: 0, maximum: MAX_BATCH_NUMBER }) });
const Roll = Type.Object({ from: Type.Optional(Index), to: Type.Optional(Index) });
export const Reason = Type.String({ maxLength: 500, pattern: '\\S', description: 'why, in words' });
const changeTo = <const S extends 'printed' | 'applied' | 'spoiled' | 'voided' | 'recalled'>(states: S[]) =>
  Type.Object(
    { from: Index, to: Index, state: Type.Union(states.map((state) => Type.Literal(state))), reason: Reason },
    closed,
  );
const LotParams = Type.Object({ lotNumber: Type.String({ minLength: 1, maxLength: 20 }) });

/** What became of a batch's stamps: seen, changed by whoever packs, withdrawn by a manager. */
export const lifeRoutes: FastifyPluginAsyncTypebox<LifeRoutesOptions> = async (app, { life, issuerOf }) => {
  app.get(
    '/api/stamp-batches/:batchNumber/life',
    { schema: { params: Params, querystring: Roll } },
    async (request, reply) => {
      const roll = await life.roll(request.params.batchNumber, request.query);
      return roll ?? refuse(reply, { ok: false, problem: 'unknown_batch' });
    },
  );

  const change = async (request: FastifyRequest, reply: FastifyReply, order: Omit<ChangeOrder, 'by'>) => {
    const result = await life.change({ ...order, by: issuerOf(request) });
    return result.ok ? { changed: result.changed } : refuse(reply, result);
  };

  app.post(
    '/api/stamp-batches/:batchNumber/life',
    { schema: { params: Params, body: changeTo(['printed', 'applied', 'spoiled']) } },
    (request, reply) => change(request, reply, { ...request.params, ...request.body }),
  );

  app.post(
    '/api/stamp-batches/:batchNumber/withdraw',
    { schema: { params: Params, body: changeTo(['voided', 'recalled']) } },
    (request, reply) => change(request, reply, { ...request.params, ...request.body }),
  );

  app.post(
    '/api/lots/:lotNumber/recall',
    { schema: { params: LotParams, body: Type.Object({ reason: Reason }, closed) } },
    async (request, reply) => {
      const order = { ...request.params, ...request.body, by: issuerOf(request) };
      if (await life.recallLot(order)) return { state: 'recalled' };
      return reply
        .code(404)
        .send(problem('your_input', 'unknown_lot', `There is no lot ${order.lotNumber}.`));
    },
  );
};

function refuse(reply: FastifyReply, result: Extract<ChangeResult, { ok: false }>) {
  if (result.problem === 'unknown_batch')
    return reply
      .code(404)
      .send(problem('your_input', 'unknown_batch', 'There is no such batch, or no such roll in it.'));
  if (!('refused' in result))
    return reply
      .code(400)
      .send(problem('your_input', 'range', 'from and to are indices of the batch, from not after to.'));
  const which = result.refused.map(({ from, to, state }) => `${from}–${to} (${state})`).join(', ');
  const message = `Nothing was changed: these stamps cannot become that: ${which}.`;
  return reply.code(409).send({ ...problem('your_input', 'state', message), refused: result.refused });
}
