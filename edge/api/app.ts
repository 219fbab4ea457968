import helmet from '@fastify/helmet';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { accountsPlugin } from '@nongtin/accounts';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { isLocal } from '../control/local-door.ts';
import { weatherRoutes } from '../weather-upload/routes.ts';
import { WeatherUpload } from '../weather-upload/upload.ts';
import { alarmRoutes } from './alarms.ts';
import { clockRoutes } from './clock.ts';
import { cropProtectionRoutes } from './crop-protection.ts';
import { dashboardRoutes } from './dashboard.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { deviceRoutes } from './devices.ts';
import { diaryRoutes } from './diary.ts';
import { diaryExportRoutes } from './diary-export.ts';
import { enrolmentRoutes } from './enrolment.ts';
import { registerErrors } from './errors.ts';
import { eventRoutes } from './events.ts';
import { fertigationRoutes } from './fertigation.ts';
import { foundRoutes } from './found.ts';
import { healthRoutes } from './health.ts';
import { layoutRoutes } from './layout.ts';
import { mappingRoutes } from './mappings.ts';
import { neighbourRoutes } from './neighbours.ts';
import { notificationRoutes } from './notifications.ts';
import { refuseNoNumbers } from './numbers.ts';
import type { ApiParts } from './parts.ts';
import { pestRoutes } from './pest.ts';
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
  // What is being answered when it closes is answered, and its connection is not kept for a next question: that would be waited for.
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  app.addHook('onSend', async (_, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
  registerErrors(app as unknown as FastifyInstance);
  refuseNoNumbers(app as unknown as FastifyInstance);
  await app.register(accountsPlugin, { accounts: parts.accounts, table: 'gateway', isLocal });
  await app.register(helmet, ownPagesOnly);
  await app.register(swagger, {
    openapi: { info: { title: 'Nông Tín gateway', version: parts.identity.softwareVersion } },
  });
  for (const routes of [
    viewRoutes,
    seriesRoutes,
    recordRoutes,
    cropProtectionRoutes,
    pestRoutes,
    alarmRoutes,
    deadLetterRoutes,
    zoneRoutes,
    sourceRoutes,
    fertigationRoutes,
    programRoutes,
    deviceRoutes,
    foundRoutes,
    layoutRoutes,
    wetTestRoutes,
    mappingRoutes,
    clockRoutes,
    enrolmentRoutes,
    notificationRoutes,
    neighbourRoutes,
    diaryRoutes,
    diaryExportRoutes,
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
      // What is still on the phone: photos and voice notes, which it shows from its own memory.
      imgSrc: ["'self'", 'data:', 'blob:'],
      mediaSrc: ["'self'", 'blob:'],
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
