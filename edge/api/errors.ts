import type { Reason } from '@nongtin/broker/wire';
import { wordsOfRefusal } from '@nongtin/service';
import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify';

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
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return reply.code(413).send(tooLarge(request));
    if (status < 500) {
      const message = wordsOfRefusal(error) ?? error.message;
      return reply.code(status).send({ error: { kind: 'your_input', message } });
    }
    request.log.error({ err: error }, 'request failed');
    const message = 'Something went wrong in the gateway; its log says what.';
    return reply.code(500).send({ error: { kind: 'our_fault', message } });
  });
  app.setNotFoundHandler((request, reply) => {
    // What stands behind the path may be a password.
    const [path = ''] = request.url.split('?');
    const message = `There is nothing at ${path.slice(0, 200)}.`;
    return reply.code(404).send({ error: { kind: 'your_input', message } });
  });
}

/** What may come there, and as far as it was said how much it is. */
function tooLarge({ headers, routeOptions }: FastifyRequest) {
  const kilobytes = Math.ceil(Number(headers['content-length'] ?? 0) / 1024);
  const most = Math.floor((routeOptions.bodyLimit ?? 0) / 1024);
  const said = kilobytes > most ? `${kilobytes} kB` : 'What was sent';
  const message = `${said} is too much: ${routeOptions.url} takes ${most} kB at most at a time.`;
  const reason = { key: 'body_too_large', figures: { kilobytes: Math.max(kilobytes, most), most } };
  return { error: { kind: 'your_input', message, reason } };
}
