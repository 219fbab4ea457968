import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import { type Accounts, accountsPlugin } from '@nongtin/accounts';
import type { Logger } from '@nongtin/service';
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import { takeBodiesAsSent } from './bodies.ts';
import { handleErrors } from './errors.ts';

export interface AppOptions {
  readonly accounts: Accounts;
  /** What answers, folder by folder; each adds its own routes. */
  readonly routes: readonly ((app: FastifyInstance) => void | Promise<void>)[];
  readonly logger: Logger;
  /** Whose word about a client's address (X-Forwarded-For) is believed; default: nobody's. */
  readonly trustedProxies?: readonly string[];
}

/** The cloud's HTTP app, not yet listening. Routes that the table of accounts does not know keep it from starting. */
export async function buildApp({
  accounts,
  routes,
  logger,
  trustedProxies = [],
}: AppOptions): Promise<FastifyInstance> {
  // Requests are not logged one by one: their paths may hold a stamp's serial.
  const loggerInstance: FastifyBaseLogger = logger.child({}, { level: quiet(logger.level) });
  const app: FastifyInstance = fastify({
    loggerInstance,
    // A field that we do not know is refused, where fastify would silently drop it.
    ajv: { customOptions: { removeAdditional: false } },
    bodyLimit: 256 * 1024,
    requestTimeout: 30_000,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 128 },
  });
  handleErrors(app);
  takeBodiesAsSent(app);
  await app.register(helmet, {
    // The farm's own network speaks plain HTTP too; the page is the same on both.
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  await app.register(swagger, {
    openapi: {
      info: { title: 'Nông Tín cloud', description: 'From harvests to verified stamps', version: '1' },
    },
  });
  await app.register(accountsPlugin, { accounts, table: 'cloud' });
  app.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger());
  for (const add of routes) await app.register(async (scope) => add(scope));
  return app;
}

/** fastify tells every start and address at level info; we tell them ourselves. */
function quiet(level: string): string {
  return ['trace', 'debug', 'info'].includes(level) ? 'warn' : level;
}
