import type { Insertable, Kysely, Transaction } from 'kysely';
import type { Schema } from '../../records/index.ts';
import type { Head, StoredEntry } from '../entry-store.ts';
import { firstNumberOf, isThinned } from '../thinned.ts';
import { chainOf } from './frames.ts';

/** A batch that lies in an object, and the head it was checked against. */
export interface Placed {
  readonly gateway: string;
  readonly entries: readonly StoredEntry[];
  readonly after: Head | undefined;
  readonly receivedAtMs: number;
  readonly object: string;
  readonly offset: number;
  readonly length: number;
}

/**
 * Makes these batches count, those at least that continue their gateway's head; gives back the others. Heads are locked
 * in the gateways' order, so that two processes never wait for each other.
 */
export async function indexBatches(db: Kysely<Schema>, batches: readonly Placed[]): Promise<Set<Placed>> {
  return db.transaction().execute(async (trx) => {
    const heads = await lockHeads(trx, [...new Set(batches.map(({ gateway }) => gateway))].sort(), batches);
    const stale = new Set<Placed>();
    const counted: Placed[] = [];
    for (const batch of batches) {
      const last = batch.entries.at(-1);
      if (last === undefined) continue;
      if (heads.get(batch.gateway) !== (batch.after?.hash ?? '')) {
        stale.add(batch);
        continue;
      }
      heads.set(batch.gateway, last.hash);
      counted.push(batch);
    }
    if (counted.length > 0) await write(trx, counted);
    return stale;
  });
}

/** Hash by gateway, '' for one of which nothing is held. */
async function lockHeads(trx: Transaction<Schema>, gateways: readonly string[], batches: readonly Placed[]) {
  const isNew = new Set(batches.filter(({ after }) => after === undefined).map(({ gateway }) => gateway));
  if (isNew.size > 0) {
    const rows = gateways.filter((one) => isNew.has(one)).map((one) => ({ gateway_id: one, ...nothing }));
    await trx
      .insertInto('entry_heads')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const rows = await trx
    .selectFrom('entry_heads')
    .select(['gateway_id', 'hash'])
    .where('gateway_id', 'in', gateways)
    .orderBy('gateway_id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.gateway_id, row.hash]));
}

const nothing = { number: 0, hash: '', thinned: 0 };

async function write(trx: Transaction<Schema>, batches: readonly Placed[]): Promise<void> {
  await trx.insertInto('entry_batches').values(batches.map(rowOf)).execute();
  const heads = new Map<string, Insertable<Schema['entry_heads']> & { thinned: number }>();
  for (const { gateway, entries } of batches) {
    const { number, hash } = entries.at(-1) as StoredEntry;
    const thinned = (heads.get(gateway)?.thinned ?? 0) + thinnedIn(entries);
    heads.set(gateway, { gateway_id: gateway, number, hash, thinned });
  }
  await trx
    .insertInto('entry_heads')
    .values([...heads.values()])
    .onConflict((conflict) =>
      conflict.column('gateway_id').doUpdateSet((row) => ({
        number: row.ref('excluded.number'),
        hash: row.ref('excluded.hash'),
        thinned: row('entry_heads.thinned', '+', row.ref('excluded.thinned')),
      })),
    )
    .execute();
}

function rowOf({
  gateway,
  entries,
  object,
  offset,
  length,
  receivedAtMs,
}: Placed): Insertable<Schema['entry_batches']> {
  return {
    gateway_id: gateway,
    first_number: entries[0]?.number ?? 0,
    last_number: entries.at(-1)?.number ?? 0,
    chain: chainOf(entries),
    ...{ object, byte_offset: offset, byte_length: length, received_at_ms: Math.trunc(receivedAtMs) },
  };
}

function thinnedIn(entries: readonly StoredEntry[]): number {
  return entries.filter(isThinned).reduce((sum, entry) => sum + entry.number - firstNumberOf(entry) + 1, 0);
}
