import type { Reason } from '@nongtin/broker/wire';
import type { FastifyError, FastifyInstance } from 'fastify';

type Kind = 'your_input' | 'our_fault' | 'try_later';

/** A refusal that the caller is meant to read. */
export class ApiProblem extends Error {
  readonly statusCode: number;
  readonly kind: Kind;
  readonly reason: Reason | undefined;

  constructor(statusCode: 400 | 404 | 409 | 503, message: string, reason?: Reason) {
    super(message);
    this.statusCode = statusCode;
    this.kind = statusCode === 503 ? 'try_later' : 'your_input';
    this.reason = reason;
  }
}

/** One shape of errors: below 500 the message is shown, from 500 on it is logged and hidden. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError | ApiProblem, request, reply) => {
    if (error instanceof ApiProblem) {
      const { kind, message, reason } = error;
      return reply.code(error.statusCode).send({ error: { kind, message, ...(reason ? { reason } : {}) } });
    }
    const status = error.statusCode ?? 500;
    if (status < 500)
      return reply.code(status).send({ error: { kind: 'your_input', message: error.message } });
    request.log.error({ err: error }, 'request failed');
    const message = 'Something went wrong in the gateway; its log says what.';
    return reply.code(500).send({ error: { kind: 'our_fault', message } });
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `There is nothing at ${request.url.slice(0, 200)}.`;
    return reply.code(404).send({ error: { kind: 'your_input', message } });
  });
}
