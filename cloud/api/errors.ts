import { type Static, Type } from '@fastify/type-provider-typebox';
import { wordsOfRefusal } from '@nongtin/service';
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify';

/** Every refusal has this shape: whose turn it is, a stable code, and a sentence for a person. */
export const Problem = Type.Object({
  error: Type.Object({
    kind: Type.Union([Type.Literal('your_input'), Type.Literal('our_fault'), Type.Literal('try_later')]),
    code: Type.String(),
    message: Type.String(),
  }),
});
type Problem = Static<typeof Problem>;

export function problem(kind: Problem['error']['kind'], code: string, message: string): Problem {
  return { error: { kind, code, message } };
}

/** Below 500 the message is shown, and of a 503 that somebody meant; what else is from 500 on is logged and hidden. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 429) return reply.code(429).send(problem('try_later', 'too_many_requests', error.message));
    if (status === 503)
      return reply.code(503).send(problem('try_later', codeOf(error, 'unavailable'), error.message));
    if (isUnstorableText(error))
      return reply
        .code(400)
        .send(
          problem(
            'your_input',
            'invalid',
            'A text has a character (U+0000) that cannot be kept: leave it out.',
          ),
        );
    if (status < 500) {
      const message = wordsOfRefusal(error) ?? error.message;
      return reply.code(status).send(problem('your_input', codeOf(error), message));
    }
    request.log.error({ err: error }, 'request failed');
    return send500(reply);
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(problem('your_input', 'not_found', 'There is nothing at this address.')),
  );
}

/** PostgreSQL's word for a NUL in a text, wherever in a request it stood. */
function isUnstorableText(error: FastifyError): boolean {
  return error.code === '22021';
}

function codeOf(error: FastifyError, otherwise = 'refused'): string {
  return error.validation === undefined ? (error.code ?? otherwise).toLowerCase() : 'invalid';
}

function send500(reply: FastifyReply) {
  const message = 'Something broke on our side; it is in our log.';
  return reply.code(500).send(problem('our_fault', 'internal', message));
}
