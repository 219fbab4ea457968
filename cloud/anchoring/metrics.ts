import type { Kysely } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Schema } from '../records/index.ts';
import type { AnchoringStatus } from './anchorer.ts';
import { costsSince, countUnsettled, countWaiting } from './standing.ts';

export interface AnchorMetricsOptions {
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
  readonly status: () => AnchoringStatus;
}

/** What waits, what is on its way, and whether the chain lets us. */
export function registerAnchorMetrics(registry: Registry, options: AnchorMetricsOptions): void {
  const { db, status } = options;
  const registers = [registry];
  registerCosts(registry, options);
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

const DAY_MS = 86_400_000;

/** What anchors cost, by tick and leaf when divided, and how long the money lasts. */
function registerCosts(registry: Registry, { db, clock, status }: AnchorMetricsOptions): void {
  const registers = [registry];
  new Gauge({
    name: 'nongtin_anchoring_day',
    help: 'Anchors mined in the last 24 hours: how many, their leaves, gas and wei; none while the database is away',
    labelNames: ['of'],
    registers,
    async collect() {
      this.reset();
      const costs = await costsSince(db, clock.nowMs() - DAY_MS).catch(() => undefined);
      if (costs === undefined) return;
      this.set({ of: 'anchors' }, costs.anchors);
      this.set({ of: 'leaves' }, costs.leaves);
      this.set({ of: 'gas' }, costs.gas);
      this.set({ of: 'wei' }, Number(costs.costWei));
    },
  });
  new Gauge({
    name: 'nongtin_anchoring_balance_wei',
    help: 'What the account that anchors has; NaN while nobody knows',
    registers,
    collect() {
      this.set(Number(status().funds.balanceWei ?? Number.NaN));
    },
  });
  new Gauge({
    name: 'nongtin_anchoring_funds_days',
    help: 'Days that the account pays for at the pace of the last ones; NaN while nobody knows',
    registers,
    collect() {
      this.set(status().funds.daysLeft ?? Number.NaN);
    },
  });
  new Gauge({
    name: 'nongtin_anchoring_funds_low',
    help: '1 when that is less than NONGTIN_GAS_DAYS_LEFT or there is nothing, else 0',
    registers,
    collect() {
      this.set(status().funds.state === 'low' ? 1 : 0);
    },
  });
}
