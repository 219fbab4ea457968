import type { Kysely } from 'kysely';
import type { LeafReference } from '../anchoring/index.ts';
import type { Schema } from '../records/index.ts';
import type { Deployment } from './registry-reading.ts';

type KeyAction = 'set_key' | 'revoke_key';

/** Has the registry told, in the caller's transaction; once for each gateway and action, however often it is asked. */
export async function enqueueKeyOrder(
  db: Kysely<Schema>,
  order: { readonly gatewayId: string; readonly action: KeyAction; readonly nowMs: number },
): Promise<void> {
  await db
    .insertInto('chain_orders')
    .values({
      gateway_id: order.gatewayId,
      action: order.action,
      state: 'waiting',
      queued_at_ms: order.nowMs,
    })
    .onConflict((conflict) => conflict.columns(['gateway_id', 'action']).doNothing())
    .execute();
}

/** A key by which a cooperative signs its records. */
interface CooperativeKeyOrder {
  /** Its short name here (`cooperatives.id`). */
  readonly cooperative: string;
  /** retire_key: its planned end. The chain is told of an end when all that the key has signed stands there for good. */
  readonly action: KeyAction | 'retire_key';
  /** bytes32 as 0x and 64 hex digits, as the CooperativeRegistry has them. */
  readonly keyId: string;
  readonly publicKeyHash: string;
  readonly nowMs: number;
  /** Of a revocation: nothing anchored from then on counts as signed; default: now. */
  readonly revokedFromMs?: number;
}

/** The same of a cooperative's signing key; once for each key and action. */
export async function enqueueCooperativeKey(db: Kysely<Schema>, order: CooperativeKeyOrder): Promise<void> {
  await db
    .insertInto('chain_orders')
    .values({
      action: order.action,
      state: 'waiting',
      queued_at_ms: order.nowMs,
      cooperative_id: order.cooperative,
      key_id: order.keyId.toLowerCase(),
      public_key_hash: order.publicKeyHash.toLowerCase(),
      revoked_from_ms: order.action === 'revoke_key' ? (order.revokedFromMs ?? order.nowMs) : null,
    })
    .onConflict((conflict) =>
      conflict.columns(['cooperative_id', 'key_id', 'action']).where('key_id', 'is not', null).doNothing(),
    )
    .execute();
}

/** Whether this deployment's registry has a cooperative's key, in a block that could not be undone when we looked last. */
export async function isKeyRegistered(
  db: Kysely<Schema>,
  keyId: string,
  deployment: Pick<Deployment, 'chainId' | 'cooperativeRegistry'> | undefined,
): Promise<boolean> {
  if (deployment === undefined) return false;
  const row = await db
    .selectFrom('chain_orders')
    .select('order_id')
    .where('action', '=', 'set_key')
    .where('key_id', '=', keyId.toLowerCase())
    .where('state', '=', 'final')
    .where('chain_id', '=', deployment.chainId)
    .where('registry', '=', deployment.cooperativeRegistry.toLowerCase())
    .executeTakeFirst();
  return row !== undefined;
}

interface NewRevocation {
  readonly refKind: LeafReference;
  readonly refId: string;
  /** Of a stamp batch: only the stamps of these indices, both included. */
  readonly range?: { readonly from: number; readonly to: number };
}

/** One order writes at most so many words of 256 stamps, which is well below what a block can hold. */
const RANGE_STAMPS = 32 * 256;

/**
 * Has the chain told that a record, or stamps of a batch, no longer count: for good. Call it in the transaction that notes why.
 * The same again changes nothing. A record that is held back (until it is signed, or its key is registered) is not told
 * before it is handed over to be anchored, which one that was withdrawn as a whole never is. Rejects when there is no such record.
 */
export async function enqueueRevocation(
  db: Kysely<Schema>,
  { refKind, refId, range }: NewRevocation,
  nowMs: number = Date.now(),
): Promise<void> {
  const leaf = await db
    .selectFrom('leaves')
    .select('leaf_id')
    .where('ref_kind', '=', refKind)
    .where('ref_id', '=', refId)
    .executeTakeFirst();
  const held = await db
    .selectFrom('record_signatures')
    .select('ref_id')
    .where('ref_kind', '=', refKind)
    .where('ref_id', '=', refId)
    .executeTakeFirst();
  if (leaf === undefined && held === undefined)
    throw new RangeError(`there is no leaf for ${refKind} ${refId}: nothing to revoke`);
  const ranges = range === undefined ? [undefined] : pieces(range);
  for (const piece of ranges) {
    await db
      .insertInto('chain_orders')
      .values({
        action: piece === undefined ? 'revoke_leaf' : 'revoke_range',
        state: 'waiting',
        queued_at_ms: nowMs,
        ...{ ref_kind: refKind, ref_id: refId },
        ...{ range_from: piece?.from ?? null, range_to: piece?.to ?? null },
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Cut at multiples of the largest order, so that each writes whole words but at its ends. */
function pieces({ from, to }: { readonly from: number; readonly to: number }) {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to < from)
    throw new RangeError(`a range of stamps goes from one index to another, not from ${from} to ${to}`);
  const found: { from: number; to: number }[] = [];
  for (let start = from; start <= to; ) {
    const end = Math.min(to, start - (start % RANGE_STAMPS) + RANGE_STAMPS - 1);
    found.push({ from: start, to: end });
    start = end + 1;
  }
  return found;
}
