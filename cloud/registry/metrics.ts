import type { Kysely } from 'kysely';
import { Gauge, type Registry } from 'prom-client';
import { registerStatusMetrics } from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import type { RegistrarStatus } from './registrar.ts';

interface RegistryMetricsOptions {
  readonly db: Kysely<Schema>;
  readonly status: () => RegistrarStatus;
}

const unsettled = ['waiting', 'submitted', 'mined', 'refused'] as const;

/** What the registry has yet to be told, whether it lets us, and how long the money lasts. */
export function registerRegistryMetrics(registry: Registry, { db, status }: RegistryMetricsOptions): void {
  registerStatusMetrics(registry, { prefix: 'nongtin_registry', who: 'the registrar', status });
  new Gauge({
    name: 'nongtin_registry_orders',
    help: 'What the chain is to be told for the cooperative and does not say for good, by state; none while the database is away',
    labelNames: ['state'],
    registers: [registry],
    async collect() {
      const counts = await countOrders(db).catch(() => undefined);
      this.reset();
      for (const state of counts === undefined ? [] : unsettled) this.set({ state }, counts?.get(state) ?? 0);
    },
  });
  new Gauge({
    name: 'nongtin_registry_held_orders',
    help: 'Ends of signing keys that wait until what the key has signed stands',
    registers: [registry],
    collect() {
      this.set(status().held.length);
    },
  });
}

async function countOrders(db: Kysely<Schema>): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('chain_orders')
    .leftJoin('leaves', (join) =>
      join
        .onRef('leaves.ref_kind', '=', 'chain_orders.ref_kind')
        .onRef('leaves.ref_id', '=', 'chain_orders.ref_id'),
    )
    .select(['state', (eb) => eb.fn.countAll<number>().as('count')])
    .where('state', 'in', [...unsettled])
    .where((eb) => eb.or([eb('chain_orders.ref_kind', 'is', null), eb('leaves.leaf_id', 'is not', null)]))
    .groupBy('state')
    .execute();
  return new Map(rows.map(({ state, count }) => [state, Number(count)]));
}
