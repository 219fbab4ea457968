import type { Kysely } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import type { Schema } from '../records/index.ts';
import type { AnchoringStatus } from './anchorer.ts';
import type { Funds } from './funds.ts';
import type { RoundsStatus } from './rounds.ts';
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
  registerStatusMetrics(registry, { prefix: 'nongtin_anchoring', who: 'the anchorer', status });
}

const DAY_MS = 86_400_000;

/** What anchors cost, by tick and leaf when divided. */
function registerCosts(registry: Registry, { db, clock }: AnchorMetricsOptions): void {
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
}

interface StatusMetricsOptions {
  /** Of the names of the figures. */
  readonly prefix: string;
  /** 'the anchorer' */
  readonly who: string;
  readonly status: () => RoundsStatus & { readonly funds: Funds };
}

/** Of whoever speaks with the chain: whether it lets him, and how long his money lasts. */
export function registerStatusMetrics(
  registry: Registry,
  { prefix, who, status }: StatusMetricsOptions,
): void {
  const registers = [registry];
  new Gauge({
    name: `${prefix}_state`,
    help: `1 for the state ${who} is in: ok, starting, or what keeps it from the chain`,
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      this.set({ state: status().state }, 1);
    },
  });
  new Gauge({
    name: `${prefix}_state_since_seconds`,
    help: `When ${who} came into its state, seconds since 1970`,
    registers,
    collect() {
      this.set(status().sinceMs / 1000);
    },
  });
  new Gauge({
    name: `${prefix}_balance_wei`,
    help: `What the account of ${who} has; NaN while nobody knows`,
    registers,
    collect() {
      this.set(Number(status().funds.balanceWei ?? Number.NaN));
    },
  });
  new Gauge({
    name: `${prefix}_funds_days`,
    help: 'Days that the account pays for at the pace of the last ones; NaN while nobody knows',
    registers,
    collect() {
      this.set(status().funds.daysLeft ?? Number.NaN);
    },
  });
  new Gauge({
    name: `${prefix}_funds_low`,
    help: '1 when that is less than NONGTIN_GAS_DAYS_LEFT or there is too little for the next transactions, else 0',
    registers,
    collect() {
      this.set(status().funds.state === 'low' ? 1 : 0);
    },
  });
}
