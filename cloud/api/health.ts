import type { FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** State of one thing that we depend on. */
export interface Dependency {
  readonly name: string;
  /** Whether the service can work at all without it. */
  readonly vital: boolean;
  /** 'ok', or what is wrong. */
  readonly check: () => Promise<string>;
}

/** Live, ready, and figures for Prometheus. */
export function healthRoutes(dependencies: readonly Dependency[], registry: Registry) {
  return (app: FastifyInstance): void => {
    app.get('/healthz', { schema: { hide: true } }, () => ({ status: 'ok' }));
    app.get('/readyz', { schema: { hide: true } }, async (_request, reply) => {
      const states = await Promise.all(dependencies.map(stateOf));
      const ready = dependencies.every(({ vital }, index) => !vital || states[index] === 'ok');
      const named = Object.fromEntries(dependencies.map(({ name }, index) => [name, states[index]]));
      return reply.code(ready ? 200 : 503).send({ ready, dependencies: named });
    });
    app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
      reply.type(registry.contentType).send(await registry.metrics()),
    );
  };
}

async function stateOf({ check }: Dependency): Promise<string> {
  try {
    return await check();
  } catch {
    // What is wrong stands in the log; whoever asks here need not learn an address or a user's name.
    return 'failed';
  }
}
