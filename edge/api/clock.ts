import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { ClockProblem } from '../clock/index.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, ClockAnswer } from './schemas.ts';
import { whenWritable } from './writable.ts';

const Time = Type.String({ description: 'ISO 8601 with an offset, such as 2026-11-21T17:00:00+07:00' });

/** What time it is, how we know, and which earlier starts of the gateway wait for their date. */
export const clockRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  const { keeper, clock } = parts;
  const answer = () => ({ atMs: clock.nowMs(), ...keeper.state(), undated: [...keeper.state().undated] });

  app.get('/api/clock', { schema: { response: { 200: ClockAnswer } } }, async () => answer());

  app.post(
    '/api/clock',
    {
      preHandler: whenWritable(parts),
      schema: {
        body: Type.Object({
          utc: Time,
          confirm: Type.Optional(
            Type.Boolean({ description: 'It is right whatever the gateway knows, and counts at once' }),
          ),
        }),
        response: { 200: ClockAnswer, 400: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ body: { utc, confirm } }) => {
      await heard(keeper.confirm(timeOf('utc', utc), confirm));
      return answer();
    },
  );

  app.post(
    '/api/clock/release',
    {
      preHandler: whenWritable(parts),
      schema: {
        body: Type.Object({
          bootId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
          startedAt: Type.Optional(Time),
        }),
        response: { 200: ClockAnswer, 400: ApiError, 404: ApiError, 409: ApiError, 503: ApiError },
      },
    },
    async ({ body: { bootId, startedAt } }) => {
      await heard(
        keeper.release(bootId, startedAt === undefined ? undefined : timeOf('startedAt', startedAt)),
      );
      return answer();
    },
  );
};

const WITH_OFFSET = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i;

function timeOf(name: string, text: string): number {
  const ms = WITH_OFFSET.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new ApiProblem(
    400,
    `'${name}' is no time with an offset from UTC: write it like 2026-11-21T17:00:00+07:00, or end it with Z.`,
  );
}

async function heard(asked: Promise<void>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof ClockProblem) throw new ApiProblem(error.isUnknown ? 404 : 409, error.message);
    throw error;
  }
}
