import { zonesOf } from '../farm/layout.ts';
import { measuredView, type ZoneView, zoneView } from '../irrigation/view.ts';
import type { ApiParts } from './parts.ts';

/** How the gateway itself is: shown in /api/live and, at most once a second, in the event stream. */
export function statusView(parts: ApiParts) {
  const { refused, publishReceived, connected, lastRefusals, external } = parts.broker.stats();
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);
  const health = parts.journal.health();
  return {
    counters: {
      messages: sum(publishReceived),
      connected,
      ...parts.counters(),
      refused: sum(refused),
    },
    refusals: lastRefusals.map(({ atMs, cause, identity, topic }) => ({ atMs, cause, identity, topic })),
    journal: {
      lastNumber: parts.journal.lastNumber(),
      healthy: health.healthy,
      ...(health.cause === undefined ? {} : { cause: health.cause }),
      ...(health.reason === undefined ? {} : { reason: health.reason }),
    },
    series: { ...parts.series() },
    uplink: { ...parts.uplink.state() },
    ...(external === undefined ? {} : { externalBroker: external }),
  };
}

export function zoneViews(parts: Pick<ApiParts, 'layout' | 'irrigation' | 'planning' | 'live'>): ZoneView[] {
  const states = new Map(parts.irrigation.zones().map((zone) => [zone.id, zone]));
  const known = {
    latest: (device: string, metric: string) => parts.live.latest(device, metric),
    plan: (zone: string) => parts.planning.view(zone),
  };
  return zonesOf(parts.layout.farm).map((zone) => {
    const state = states.get(zone.id);
    const settings = parts.irrigation.settings(zone.id);
    return state && settings ? zoneView(state, zone, settings, known) : measuredView(zone, known);
  });
}
