import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problem } from './errors.ts';

/**
 * A body's values are taken as they were sent or not at all. The validator turns text of an address into numbers, which
 * addresses need, and would do the same to bodies: `null` and `false` to 0, `true` to 1, "5" to 5. A `null` that meant "nothing"
 * would then void stamp 0, or tell a key as stolen since 1970, for good. So no field of a body can be one that may be null: what
 * is not told is left out.
 */
export function takeBodiesAsSent(app: FastifyInstance): void {
  const sent = new WeakMap<FastifyRequest, unknown>();
  app.addHook('preValidation', async (request) => {
    if (request.routeOptions.schema?.body !== undefined) sent.set(request, structuredClone(request.body));
  });
  app.addHook('preHandler', async (request, reply) => {
    const where = sent.has(request) ? changedAt(sent.get(request), request.body, 'body') : undefined;
    if (where === undefined) return;
    const message = `${where} is of another type than this field has: send a number as 5 (not "5"), and leave out what you do not tell (not null).`;
    return reply.code(400).send(problem('your_input', 'invalid', message));
  });
}

/** The path of the first value that is another one than was sent; undefined: none. Names that were added do not count. */
function changedAt(sent: unknown, taken: unknown, path: string): string | undefined {
  if (typeof sent !== 'object' || sent === null) return Object.is(sent, taken) ? undefined : path;
  const values = new Map(Object.entries(taken ?? {}));
  for (const [name, value] of Object.entries(sent)) {
    const found = changedAt(value, values.get(name), `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
