import { zonesOf } from '../farm/layout.ts';
import { type ZoneView, zoneView } from '../irrigation/view.ts';
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

export function zoneViews(parts: Pick<ApiParts, 'farm' | 'irrigation' | 'live'>): ZoneView[] {
  const layouts = new Map(zonesOf(parts.farm).map((zone) => [zone.id, zone]));
  return parts.irrigation.zones().flatMap((zone) => {
    const layout = layouts.get(zone.id);
    return layout ? [zoneView(zone, layout, (device, metric) => parts.live.latest(device, metric))] : [];
  });
}
