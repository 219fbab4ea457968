import { type Kysely, sql, type Transaction } from 'kysely';
import type { Schema } from '../../records/index.ts';
import { Overtaken } from '../overtaken.ts';
import type { Pack } from './pack.ts';

/** Some gateways, in no order, of which something came before this time that is not packed. */
export async function gatewaysBehind(
  db: Kysely<Schema>,
  { beforeMs, but, limit }: { beforeMs: number; but: readonly string[]; limit: number },
): Promise<string[]> {
  // In no order: of several processes each begins elsewhere.
  const { rows } = await sql<{ gateway: string }>`
    select gateway_id as gateway from entry_heads cross join lateral (
      select received_at_ms from entry_batches
      where gateway_id = entry_heads.gateway_id and last_number > packed_up_to
      order by last_number limit 1
    ) as next
    where received_at_ms < ${beforeMs} and gateway_id <> all(${[...but]}::text[])
    order by random() limit ${limit}`.execute(db);
  return rows.map(({ gateway }) => gateway);
}

/**
 * Puts the packed frames, which lie in this object from this byte on, in the place of the rows they were made of. Throws
 * Overtaken when another process has packed them meanwhile.
 */
export async function replaceRows(
  db: Kysely<Schema>,
  pack: Pack,
  { object, offset, nowMs }: { object: string; offset: number; nowMs: number },
): Promise<true> {
  const { gateway, after, frames } = pack;
  const lastNumber = frames.at(-1)?.lastNumber ?? after;
  let at = offset;
  const packed = frames.map(({ bytes, firstNumber, lastNumber: last_number, chain, receivedAtMs }) => {
    const place = { object, byte_offset: at, byte_length: bytes.length, received_at_ms: receivedAtMs };
    at += bytes.length;
    return { gateway_id: gateway, first_number: firstNumber, last_number, chain, packed: true, ...place };
  });
  await db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('entry_heads')
      .set({ packed_up_to: lastNumber })
      .where('gateway_id', '=', gateway)
      .where('packed_up_to', '=', after)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw new Overtaken(gateway);
    const { numDeletedRows } = await trx
      .deleteFrom('entry_batches')
      .where('gateway_id', '=', gateway)
      .where('last_number', '>', after)
      .where('last_number', '<=', lastNumber)
      .executeTakeFirstOrThrow();
    if (numDeletedRows !== BigInt(pack.rows))
      throw new Error(`${numDeletedRows} rows of ${gateway} instead of the ${pack.rows} that were packed`);
    await trx.insertInto('entry_batches').values(packed).execute();
    await noteSuperseded(trx, pack, nowMs);
  });
  return true;
}

/** In order, so that two processes never wait for each other. */
async function noteSuperseded(trx: Transaction<Schema>, { days }: Pack, nowMs: number): Promise<void> {
  const changed_at_ms = Math.trunc(nowMs);
  await trx
    .insertInto('superseded_days')
    .values([...days].sort().map((day) => ({ day, changed_at_ms })))
    .onConflict((conflict) =>
      conflict.column('day').doUpdateSet({
        changed_at_ms: sql`greatest(superseded_days.changed_at_ms, excluded.changed_at_ms)`,
      }),
    )
    .execute();
}
