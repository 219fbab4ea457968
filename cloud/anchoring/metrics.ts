import type { Kysely } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Schema } from '../records/index.ts';
import type { RoundsStatus } from './rounds.ts';
import { countUnsettled, countWaiting } from './standing.ts';

export interface AnchorMetricsOptions {
  readonly db: Kysely<Schema>;
  readonly status: () => RoundsStatus;
}

/** What waits, what is on its way, and whether the chain lets us. */
export function registerAnchorMetrics(registry: Registry, { db, status }: AnchorMetricsOptions): void {
  const registers = [registry];
  new Gauge({
    name: 'nongtin_anchoring_waiting_leaves',
    help: 'Records and stamp batches that are in no tree yet; NaN while the database is away',
    registers,
    async collect() {
      this.set(await countWaiting(db).catch(() => Number.NaN));
    },
  });
  new Gauge({
    name: 'nongtin_anchoring_anchors',
    help: 'Anchors that are not final, by state; none while the database is away',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await countUnsettled(db).catch(() => new Map<string, number>());
      this.reset();
      for (const [state, count] of counts) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'nongtin_anchoring_state',
    help: '1 for the state the anchorer is in: ok, starting, or what keeps it from anchoring',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      this.set({ state: status().state }, 1);
    },
  });
  new Gauge({
    name: 'nongtin_anchoring_state_since_seconds',
    help: 'When the anchorer came into its state, seconds since 1970',
    registers,
    collect() {
      this.set(status().sinceMs / 1000);
    },
  });
}
