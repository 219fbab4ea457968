import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { accountsPlugin } from '@nongtin/accounts';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { isLocal } from '../control/local-door.ts';
import { weatherRoutes } from '../weather-upload/routes.ts';
import { WeatherUpload } from '../weather-upload/upload.ts';
import { clockRoutes } from './clock.ts';
import { dashboardRoutes } from './dashboard.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { deviceRoutes } from './devices.ts';
import { enrolmentRoutes } from './enrolment.ts';
import { registerErrors } from './errors.ts';
import { eventRoutes } from './events.ts';
import { foundRoutes } from './found.ts';
import { healthRoutes } from './health.ts';
import { layoutRoutes } from './layout.ts';
import { mappingRoutes } from './mappings.ts';
import type { ApiParts } from './parts.ts';
import { programRoutes } from './programs.ts';
import { recordRoutes } from './records.ts';
import { seriesRoutes } from './series.ts';
import { sourceRoutes } from './sources.ts';
import { viewRoutes } from './views.ts';
import { wetTestRoutes } from './wet-tests.ts';
import { zoneRoutes } from './zones.ts';

const BODY_LIMIT_BYTES = 64 * 1024;

/** The gateway's HTTP app, not listening yet. */
export async function buildApp(parts: ApiParts): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 128 },
  }).withTypeProvider<TypeBoxTypeProvider>();
  // Answers are documented by their schemas and checked by the compiler; at run time they are plain JSON.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  registerErrors(app as unknown as FastifyInstance);
  await app.register(accountsPlugin, { accounts: parts.accounts, table: 'gateway', isLocal });
  await app.register(helmet, ownPagesOnly);
  await app.register(swagger, {
    openapi: { info: { title: 'Nông Tín gateway', version: parts.identity.softwareVersion } },
  });
  for (const routes of [
    viewRoutes,
    seriesRoutes,
    recordRoutes,
    deadLetterRoutes,
    zoneRoutes,
    sourceRoutes,
    programRoutes,
    deviceRoutes,
    foundRoutes,
    layoutRoutes,
    wetTestRoutes,
    mappingRoutes,
    clockRoutes,
    enrolmentRoutes,
  ])
    await app.register(routes, { parts });
  await app.register(eventRoutes, { parts });
  await app.register(healthRoutes, { parts });
  await app.register(weatherRoutes, { upload: new WeatherUpload(parts) });
  app.get('/api/openapi.json', { schema: { hide: true } as object }, async () => app.swagger());
  await app.register(dashboardRoutes, { folder: parts.dashboardDir });
  return app as unknown as FastifyInstance;
}

/** Pages load from the gateway alone. No rule about https: on a farm's network the gateway also speaks plain http. */
const ownPagesOnly = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
};
