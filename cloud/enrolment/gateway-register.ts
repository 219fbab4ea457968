import { type Insertable, type Kysely, sql, type Transaction } from 'kysely';
import type { Gateway } from '../cooperatives/cooperatives.ts';
import type { Schema } from '../records/index.ts';
import { enqueueKeyOrder } from '../registry/queue.ts';

/** Words for the person who revokes, kept as they are. */
export interface Revocation {
  readonly reason: string;
  readonly by: string;
  /** Nothing of the gateway counts from then on; not after `atMs`. */
  readonly fromMs: number;
  readonly atMs: number;
}

type NewGateway = Omit<Insertable<Schema['gateways']>, 'revoked'>;

/**
 * Which gateways there are, whose key each has, and which are revoked. Written to the records; what the uplink's door asks
 * at every turn is known in memory.
 */
export class GatewayRegister {
  readonly #db: Kysely<Schema>;
  #standings: ReadonlyMap<string, 'active' | 'revoked'> = new Map();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Reads anew who there is; to be called after a transaction in which `add` was used. */
  async load(): Promise<void> {
    const rows = await this.#db.selectFrom('gateways').select(['gateway_id', 'revoked']).execute();
    this.#standings = new Map(rows.map((row) => [row.gateway_id, row.revoked ? 'revoked' : 'active']));
  }

  standing(gatewayId: string): 'active' | 'revoked' | undefined {
    return this.#standings.get(gatewayId);
  }

  /**
   * The gateway as it stands afterwards: with another key when one was registered before. Undefined: the key is, or was,
   * another gateway's; none is ever used twice, or a revoked one would come back under another name.
   */
  async add(trx: Transaction<Schema>, gateway: NewGateway): Promise<Gateway | undefined> {
    const { gateway_id: gatewayId, public_key: key, registered_at_ms: nowMs } = gateway;
    // One after the other, or two could come with one key at the same moment.
    await sql`lock table gateways in share row exclusive mode`.execute(trx);
    const other = await trx
      .selectFrom('gateways')
      .select('gateway_id')
      .where('public_key', '=', key)
      .where('gateway_id', '!=', gatewayId)
      .executeTakeFirst();
    if (other !== undefined) return undefined;
    await trx
      .insertInto('gateways')
      .values({ ...gateway, revoked: false })
      .onConflict((conflict) => conflict.column('gateway_id').doNothing())
      .execute();
    await enqueueKeyOrder(trx, { gatewayId, action: 'set_key', nowMs });
    return trx
      .selectFrom('gateways')
      .selectAll()
      .where('gateway_id', '=', gatewayId)
      .executeTakeFirstOrThrow();
  }

  /**
   * For good: there is no way back but a new gateway with a new key. The gateway as it stands afterwards, with the words of
   * its first revocation; undefined when there is none of this name.
   */
  async revoke(gatewayId: string, { reason, by, fromMs, atMs }: Revocation): Promise<Gateway | undefined> {
    const gateway = await this.#db.transaction().execute(async (trx) => {
      const changes = {
        revoked_reason: reason,
        revoked_by: by,
        revoked_from_ms: fromMs,
        revoked_at_ms: atMs,
      };
      await trx
        .updateTable('gateways')
        .set({ revoked: true, ...changes })
        .where('gateway_id', '=', gatewayId)
        .where('revoked', '=', false)
        .execute();
      const row = await trx
        .selectFrom('gateways')
        .selectAll()
        .where('gateway_id', '=', gatewayId)
        .executeTakeFirst();
      if (row !== undefined) await enqueueKeyOrder(trx, { gatewayId, action: 'revoke_key', nowMs: atMs });
      return row;
    });
    await this.load();
    return gateway;
  }
}
