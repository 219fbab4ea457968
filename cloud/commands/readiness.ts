import type { GatewayReady } from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';

/** Which gateways are there, by their own word. */
export interface Readiness {
  get(gateway: string): Promise<Pick<GatewayReady, 'clockTrusted'> | undefined>;
  set(gateway: string, ready: GatewayReady): Promise<void>;
  /** The will of an earlier connection says nothing of the present one. Without a connection: whichever it is. */
  clear(gateway: string, connection?: string): Promise<void>;
}

/** What this process hears. Each call is done before it returns, so that a gateway's words cannot overtake each other. */
export function ownReadiness(): Readiness {
  const known = new Map<string, GatewayReady>();
  return {
    get: async (gateway) => known.get(gateway),
    set: async (gateway, ready) => void known.set(gateway, ready),
    clear: async (gateway, connection) => {
      if (connection === undefined || known.get(gateway)?.connection === connection) known.delete(gateway);
    },
  };
}

/**
 * What any process of this cloud hears. A gateway whose server died with it leaves no will: it counts as there until it comes
 * again, and a command for it is `sent` and then `unanswered`.
 */
export function sharedReadiness(db: Kysely<Schema>): Readiness {
  return {
    get: async (gateway) => {
      const row = await db
        .selectFrom('gateways_ready')
        .select('clock_trusted')
        .where('gateway_id', '=', gateway)
        .executeTakeFirst();
      return row && { clockTrusted: row.clock_trusted };
    },
    set: async (gateway, { connection, clockTrusted }) => {
      const said = { connection, clock_trusted: clockTrusted };
      await db
        .insertInto('gateways_ready')
        .values({ gateway_id: gateway, ...said })
        .onConflict((conflict) => conflict.column('gateway_id').doUpdateSet(said))
        .execute();
    },
    clear: async (gateway, connection) => {
      const row = db.deleteFrom('gateways_ready').where('gateway_id', '=', gateway);
      await (connection === undefined ? row : row.where('connection', '=', connection)).execute();
    },
  };
}
