import type { FastifyPluginAsync } from 'fastify';
import { Counter, Gauge, type Registry } from 'prom-client';
import { deviceViews } from './devices.ts';
import type { ApiParts } from './parts.ts';

/**
 * For machines: is it alive, what does it depend on, its figures. Ready means that what arrives becomes durable;
 * a series store or a cloud that is away is shown, but the journal waits for them, so the gateway stays ready; a broker
 * elsewhere that is away keeps what is said until it is back.
 * Everybody may ask, so /readyz gives names and figures only; the words of an error are in /api/live, for who is signed in.
 */
export const healthRoutes: FastifyPluginAsync<{ parts: ApiParts }> = async (app, { parts }) => {
  registerMetrics(parts.registry, parts);
  app.get('/healthz', async () => ({ alive: true }));

  app.get('/readyz', async (_request, reply) => {
    const { healthy, cause } = parts.journal.health();
    const { bytes, limitBytes } = parts.journal.fill();
    const { store, behindEntries, lastOutcome } = parts.series();
    const uplink = parts.uplink.state();
    const { connected, external } = parts.broker.stats();
    return reply.code(healthy ? 200 : 503).send({
      ready: healthy,
      journal: { healthy, ...(cause === undefined ? {} : { cause }), bytes, limitBytes },
      broker:
        external === undefined
          ? { listening: true, connected }
          : {
              external: true,
              reached: external.connected,
              sinceMs: external.sinceMs,
              problem: external.problem,
              connected,
            },
      series: { store, behindEntries, lastOutcome },
      uplink: {
        connected: uplink.connected,
        durableUpTo: uplink.durableUpTo,
        behindEntries: uplink.behindEntries,
        refused: uplink.lastRefusal !== null,
      },
    });
  });

  app.get('/metrics', async (_request, reply) =>
    reply.type(parts.registry.contentType).send(await parts.registry.metrics()),
  );
};

function registerMetrics(registry: Registry, parts: ApiParts): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `nongtin_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge('journal_last_number', 'Number of the newest durable entry', () => parts.journal.lastNumber());
  gauge('journal_healthy', '1 when the journal can write', () => Number(parts.journal.health().healthy));
  gauge('journal_bytes', 'Bytes of the journal in use', () => parts.journal.fill().bytes);
  gauge(
    'journal_limit_bytes',
    'Size above which delivered readings are given up',
    () => parts.journal.fill().limitBytes,
  );
  gauge(
    'journal_thinned_entries',
    'Entries whose readings were given up',
    () => parts.journal.fill().thinnedEntries,
  );
  gauge('series_behind_entries', 'Entries the series store lacks', () => parts.series().behindEntries);
  gauge('uplink_behind_entries', 'Entries the cloud lacks', () => parts.uplink.state().behindEntries);
  const waitingSeconds = () => {
    const oldestAtMs = parts.uplink.state().oldestWaitingAtMs;
    return oldestAtMs === null ? 0 : Math.max(0, (parts.clock.nowMs() - oldestAtMs) / 1000);
  };
  gauge('uplink_oldest_waiting_seconds', 'Age of the oldest entry the cloud lacks', waitingSeconds);
  gauge('uplink_refused', '1 while the cloud refuses', () =>
    Number(parts.uplink.state().lastRefusal !== null),
  );
  gauge('uplink_connected', '1 when the cloud is connected', () => Number(parts.uplink.state().connected));
  gauge('devices', 'Devices with a password, or heard of', () => deviceViews(parts).length);
  const overdue = () => deviceViews(parts).filter((device) => device.overdue).length;
  gauge('devices_overdue', 'Devices that are silent for much longer than usual', overdue);
  gauge('clock_trusted', '1 when readings have their date', () => Number(parts.keeper.state().trusted));
  gauge('event_streams', 'Pages that follow the farm', () => parts.hub.listeners);
  new Counter({
    name: 'nongtin_ingest_total',
    help: 'What became of messages and readings, by counter',
    labelNames: ['counter'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [counter, count] of Object.entries(parts.counters())) this.inc({ counter }, count);
    },
  });
}
