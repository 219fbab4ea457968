import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { EnrolmentProblem } from '../enrolment/problem.ts';
import { ApiProblem } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { ApiError, EnrolmentAnswer } from './schemas.ts';

const ClaimInHand = Type.Object(
  {
    claim: Type.String({ minLength: 1, maxLength: 2_000, description: 'The claim’s link, or its code' }),
    cloud: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 300,
        description: 'With a bare code: the cloud’s https address',
      }),
    ),
    fingerprint: Type.Optional(
      Type.String({
        maxLength: 100,
        description: 'Of the certificate of the cloud’s authority, SHA-256, hex',
      }),
    ),
    instead: Type.Optional(
      Type.Boolean({ description: 'In place of another cloud that this gateway has already' }),
    ),
  },
  { additionalProperties: false },
);

/** Which cooperative's gateway this is, and how it becomes one. */
export const enrolmentRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get('/api/enrolment', { schema: { response: { 200: EnrolmentAnswer } } }, async () =>
    parts.cloud.enrolment(),
  );

  app.post(
    '/api/enrolment',
    { schema: { body: ClaimInHand, response: { 200: EnrolmentAnswer, 409: ApiError, 503: ApiError } } },
    async ({ body }) => {
      try {
        return await parts.cloud.enrol(body);
      } catch (error) {
        if (!(error instanceof EnrolmentProblem)) throw error;
        const { kind, code, message } = error;
        throw new ApiProblem(kind === 'try_later' ? 503 : 409, message, {
          key: `enrol_${code}`,
          figures: {},
        });
      }
    },
  );
};
