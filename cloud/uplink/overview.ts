import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { EntryStore, Fork } from './entry-store.ts';
import type { Receiver, Traffic } from './receiver.ts';

/** Where one gateway stands with us. */
export interface GatewayProgress extends Traffic {
  readonly gatewayId: string;
  /** Every entry up to this number is on our disk. */
  readonly durableUpTo: number;
  /** Every entry up to this number is in the rows that people see. */
  readonly projectedUpTo: number;
  /** Entries kept but not understood by this version. */
  readonly unprojected: number;
  /** Entries whose payload the gateway had given up before it came to us: thinned, not missing. */
  readonly thinned: number;
  readonly forks: readonly Fork[];
  /** What the gateway said last of what waits on its side: not proven; null when it has said nothing. */
  readonly waiting: {
    readonly entries: number;
    readonly oldestAtMs: number | null;
    readonly atMs: number;
  } | null;
}

export interface OverviewSource {
  readonly db: Kysely<Schema>;
  readonly entries: EntryStore;
  readonly receiver: Receiver;
}

/** Gateways that are registered, or sent something, by name. */
export async function uplinkOverview({ db, entries, receiver }: OverviewSource): Promise<GatewayProgress[]> {
  const registered = await db.selectFrom('gateways').select('gateway_id').limit(1000).execute();
  const cursors = await db.selectFrom('projection_cursors').selectAll().execute();
  const passed = await db
    .selectFrom('unprojected_entries')
    .select(['gateway_id', (eb) => eb.fn.countAll<number>().as('entries')])
    .groupBy('gateway_id')
    .execute();
  const said = await db
    .selectFrom('gateway_live')
    .select(['gateway_id', 'sent_at_ms', 'behind_entries', 'oldest_waiting_at_ms'])
    .execute();
  const waiting = new Map(
    said.map(
      ({ gateway_id, sent_at_ms: atMs, behind_entries: entries, oldest_waiting_at_ms: oldestAtMs }) => [
        gateway_id,
        { entries, oldestAtMs, atMs },
      ],
    ),
  );
  const heads = new Map((await entries.heads()).map((head) => [head.gateway, head.number]));
  const names = new Set([...registered.map((row) => row.gateway_id), ...heads.keys(), ...receiver.known()]);
  const progress = [...names].sort().map(async (gatewayId) => ({
    gatewayId,
    durableUpTo: heads.get(gatewayId) ?? 0,
    projectedUpTo: cursors.find((row) => row.gateway_id === gatewayId)?.projected_up_to ?? 0,
    unprojected: passed.find((row) => row.gateway_id === gatewayId)?.entries ?? 0,
    thinned: await entries.thinned(gatewayId),
    forks: await entries.forks(gatewayId),
    waiting: waiting.get(gatewayId) ?? null,
    ...receiver.traffic(gatewayId),
  }));
  return Promise.all(progress);
}
