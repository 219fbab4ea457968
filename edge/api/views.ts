import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { valveName } from '../farm/layout.ts';
import type { ApiParts } from './parts.ts';
import { FarmAnswer, LiveAnswer } from './schemas.ts';
import { statusView, zoneViews } from './status.ts';

/** The farm as it is laid out, and as it is now. */
export const viewRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get('/api/farm', { schema: { response: { 200: FarmAnswer } } }, async () => ({
    gateway: { ...parts.identity },
    site: parts.farm.site,
    plots: parts.farm.plots.map(({ plantingAreaCode = null, zones, ...plot }) => ({
      ...plot,
      plantingAreaCode,
      zones: zones.map(
        ({ id, name, valve, soilProbe, openBelowFraction, targetFraction, maxRunSeconds }) => ({
          ...{ id, name, valve: valveName(valve), soilProbe, openBelowFraction, targetFraction },
          maxRunSeconds,
        }),
      ),
    })),
    farmDevices: parts.farm.farmDevices,
  }));

  app.get('/api/live', { schema: { response: { 200: LiveAnswer } } }, async () => ({
    atMs: parts.clock.nowMs(),
    zones: zoneViews(parts),
    devices: parts.live.devices().map((device) => ({ ...device, readings: [...device.readings] })),
    ...statusView(parts),
  }));
};
