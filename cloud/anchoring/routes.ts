import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { RoundsStatus } from './rounds.ts';
import { countWaiting, listAnchors } from './standing.ts';

export interface AnchorRoutesOptions {
  readonly db: Kysely<Schema>;
  /** Of the anchorer: whether the chain answers, and since when not. */
  readonly status: () => RoundsStatus;
}

const Limit = Type.Object({ limit: Type.Integer({ minimum: 1, maximum: 500, default: 50 }) });

/** The anchors with their states and times, the newest first, and what waits for the next one. */
export const anchorRoutes: FastifyPluginAsyncTypebox<AnchorRoutesOptions> = async (app, { db, status }) => {
  app.get('/api/anchors', { schema: { querystring: Limit } }, async (request) => ({
    chain: status(),
    waitingLeaves: await countWaiting(db),
    anchors: await listAnchors(db, request.query.limit),
  }));
};
