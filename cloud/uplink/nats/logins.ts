import { timingSafeEqual } from 'node:crypto';
import { createUser } from '@nats-io/nkeys';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Schema } from '../../records/index.ts';
import type { GatewayLogins } from '../door.ts';
import { gatewayClaim, uplinkAccountClaim } from './claims.ts';
import { connectNats, type NatsTarget } from './connection.ts';
import { readKeys } from './keys.ts';

export interface NatsLoginsOptions extends NatsTarget {
  readonly db: Kysely<Schema>;
  readonly clock: { nowMs(): number };
}

/** For pg_advisory_xact_lock: one process at a time tells the servers who is let in. */
const LOCK = 7_146_024;
const PATIENCE_MS = 5_000;

/**
 * Gateways' logins as tokens that the servers themselves believe: nobody is asked when a gateway connects. A token is void
 * when the account says so, and the servers then send away who came in with it. PostgreSQL holds which are void.
 */
export class NatsLogins implements GatewayLogins {
  readonly #options: NatsLoginsOptions;
  #lastTellingS = 0;

  constructor(options: NatsLoginsOptions) {
    this.#options = options;
  }

  /** A caller's own password lets nobody in here, unless it is the token that is in force: another one is made. */
  async allow(gateway: string, password?: string): Promise<string> {
    return this.#locked(async (trx) => {
      const held = await loginOf(trx, gateway);
      if (held !== undefined && password !== undefined && isSame(this.#tokenOf(held), password))
        return password;
      const nowS = Math.floor(this.#options.clock.nowMs() / 1000);
      const issuedAtS = held === undefined ? nowS : Math.max(nowS, held.issued_at_s + 1);
      const login = {
        gateway_id: gateway,
        user_key: held?.user_key ?? createUser().getPublicKey(),
        issued_at_s: issuedAtS,
        void_until_s: held === undefined ? 0 : issuedAtS - 1,
      };
      await keepLogin(trx, login);
      if (held !== undefined) await this.#tell(trx);
      return this.#tokenOf(login);
    });
  }

  /** The servers have no other way to send somebody away: the token is void for a moment. */
  async disconnect(gateway: string): Promise<void> {
    await this.#locked(async (trx) => {
      const held = await loginOf(trx, gateway);
      if (held === undefined) return;
      await this.#tell(trx, { [held.user_key]: held.issued_at_s });
      await this.#tell(trx);
    });
  }

  /** Tells the servers what PostgreSQL holds: they may have been set up anew. */
  async renew(): Promise<void> {
    await this.#locked((trx) => this.#tell(trx));
  }

  #locked<T>(work: (trx: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#options.db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${LOCK})`.execute(trx);
      return work(trx);
    });
  }

  #tokenOf({ gateway_id: gateway, user_key: user, issued_at_s: issuedAtS }: Schema['uplink_logins']): string {
    const { gateways, account } = readKeys(this.#options.keys);
    return gatewayClaim(gateways, { account: account.getPublicKey(), gateway, user, issuedAtS });
  }

  async #tell(trx: Transaction<Schema>, more: Record<string, number> = {}): Promise<void> {
    const rows = await trx.selectFrom('uplink_logins').selectAll().where('void_until_s', '>', 0).execute();
    const revoked = Object.fromEntries(rows.map((row) => [row.user_key, row.void_until_s]));
    const { operator, account, gateways } = readKeys(this.#options.keys);
    // Of two with the same second, servers that compare notes would not know which one is newer.
    this.#lastTellingS = Math.max(Math.floor(this.#options.clock.nowMs() / 1000), this.#lastTellingS + 1);
    const told = {
      account: account.getPublicKey(),
      gatewaySigner: gateways.getPublicKey(),
      revocations: { ...revoked, ...more },
    };
    await this.#update(uplinkAccountClaim(operator, told, this.#lastTellingS));
  }

  async #update(claim: string): Promise<void> {
    const connection = await connectNats(this.#options, 'system', { timeout: PATIENCE_MS });
    try {
      const answer = await connection.request('$SYS.REQ.CLAIMS.UPDATE', claim, { timeout: PATIENCE_MS });
      const { data, error } = answer.json<{ data?: { code?: number }; error?: { description?: string } }>();
      if (data?.code !== 200) throw new Error(`nats-server takes no logins: ${error?.description}`);
    } finally {
      await connection.close();
    }
  }
}

function loginOf(trx: Transaction<Schema>, gateway: string) {
  return trx.selectFrom('uplink_logins').selectAll().where('gateway_id', '=', gateway).executeTakeFirst();
}

async function keepLogin(trx: Transaction<Schema>, row: Schema['uplink_logins']): Promise<void> {
  const { gateway_id: _, ...changes } = row;
  await trx
    .insertInto('uplink_logins')
    .values(row)
    .onConflict((conflict) => conflict.column('gateway_id').doUpdateSet(changes))
    .execute();
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
