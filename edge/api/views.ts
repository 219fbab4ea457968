import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Farm, valveName, type Zone } from '../farm/layout.ts';
import { givenName, hardwareOf, placesOf } from '../farm/places.ts';
import type { ApiParts } from './parts.ts';
import { FarmAnswer, LiveAnswer } from './schemas.ts';
import { statusView, zoneViews } from './status.ts';

/** The farm as it is laid out, and as it is now. */
export const viewRoutes: FastifyPluginAsyncTypebox<{ parts: ApiParts }> = async (app, { parts }) => {
  app.get('/api/farm', { schema: { response: { 200: FarmAnswer } } }, async () => ({
    gateway: { ...parts.identity },
    site: parts.layout.farm.site,
    plots: parts.layout.farm.plots.map(({ plantingAreaCode = null, zones, ...plot }) => ({
      ...plot,
      plantingAreaCode,
      zones: zones.map(zoneAnswer),
    })),
    farmDevices: parts.layout.farm.farmDevices,
    devices: deviceAnswers(parts.layout.farm),
  }));

  app.get('/api/live', { schema: { response: { 200: LiveAnswer } } }, async () => ({
    atMs: parts.clock.nowMs(),
    zones: zoneViews(parts),
    devices: parts.live.devices().map((device) => ({ ...device, readings: [...device.readings] })),
    ...statusView(parts),
  }));
};

function zoneAnswer(zone: Zone) {
  const { id, name, valve, soilProbe = null, openBelowFraction, targetFraction } = zone;
  const { runSeconds, maxRunSeconds, nominalFlowLitresPerMinute = null } = zone;
  return {
    ...{ id, name, valve: valve === undefined ? null : valveName(valve), soilProbe },
    ...{ openBelowFraction, targetFraction, runSeconds, maxRunSeconds, nominalFlowLitresPerMinute },
  };
}

function deviceAnswers(farm: Farm) {
  return placesOf(farm).map(({ device, role, zone }) => {
    const hardware = hardwareOf(farm, device);
    return { id: device, name: givenName(farm, device) ?? null, role, zone, hardware };
  });
}
