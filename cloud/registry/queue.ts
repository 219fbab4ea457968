import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** Has the registry told, in the caller's transaction; once for each gateway and action, however often it is asked. */
export async function enqueueKeyOrder(
  db: Kysely<Schema>,
  order: { readonly gatewayId: string; readonly action: 'set_key' | 'revoke_key'; readonly nowMs: number },
): Promise<void> {
  await db
    .insertInto('key_orders')
    .values({
      gateway_id: order.gatewayId,
      action: order.action,
      state: 'waiting',
      queued_at_ms: order.nowMs,
    })
    .onConflict((conflict) => conflict.columns(['gateway_id', 'action']).doNothing())
    .execute();
}
