import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Kysely } from 'kysely';
import { problem } from '../api/errors.ts';
import type { Schema } from '../records/index.ts';
import type { AnchoringStatus } from './anchorer.ts';
import { ChainProblem } from './chain-port.ts';
import type { DryRun } from './dry-run.ts';
import type { EndpointStatus } from './quorum-rpc.ts';
import { costsSince, countWaiting, listAnchors } from './standing.ts';

export interface AnchorRoutesOptions {
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  /** Of the anchorer: whether the chain answers, since when not, and whether there is money for it. */
  readonly status: () => AnchoringStatus;
  /** Of each endpoint, when there are several. */
  readonly endpoints: () => readonly EndpointStatus[];
  readonly dryRun: () => Promise<DryRun>;
}

const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }) });
const DAY_MS = 86_400_000;

/**
 * The anchors with their states, times and costs, the newest first, and what waits for the next one; what that one would cost now,
 * without sending it.
 */
export const anchorRoutes: FastifyPluginAsyncTypebox<AnchorRoutesOptions> = async (app, options) => {
  const { db, clock, status, endpoints } = options;
  app.get('/api/anchors', { schema: { querystring: Limit } }, async (request) => {
    const { funds, ...chain } = status();
    return {
      ...{ chain, funds, endpoints: endpoints() },
      waitingLeaves: await countWaiting(db),
      lastDay: await costsSince(db, clock.nowMs() - DAY_MS),
      anchors: await listAnchors(db, request.query.limit),
    };
  });
  app.get('/api/anchoring/dry-run', async (_request, reply) => {
    try {
      return await options.dryRun();
    } catch (error) {
      if (!(error instanceof ChainProblem)) throw error;
      return reply.code(503).send(problem('try_later', error.kind, error.message));
    }
  });
};
