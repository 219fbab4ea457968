import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';
import { CLAIM_CODE_RANDOM_CHARACTERS, claimCodeOf } from '@nongtin/broker/wire';
import { readStateFile, writeStateFile } from '@nongtin/service';
import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/index.ts';

export type Claim = Selectable<Schema['claim_codes']>;
export type ClaimState = 'open' | 'used' | 'expired' | 'withdrawn';

interface ClaimOrder {
  readonly gatewayId: string;
  readonly cooperativeId: string;
  readonly label: string;
  readonly by: string;
  readonly nowMs: number;
  readonly validMs: number;
}

/** Kept under a key that lies beside the records, not in them: a copy of the database alone says nothing about codes. */
export class ClaimCodes {
  readonly #db: Kysely<Schema>;
  readonly #key: KeyObject;

  constructor(db: Kysely<Schema>, keyPath: string) {
    this.#db = db;
    this.#key = openKey(keyPath);
  }

  /** The code is in this answer and nowhere else. */
  async make(order: ClaimOrder): Promise<{ readonly claim: Claim; readonly code: string }> {
    const code = claimCodeOf(randomBytes(CLAIM_CODE_RANDOM_CHARACTERS));
    const claim = await this.#db
      .insertInto('claim_codes')
      .values({
        claim_id: randomBytes(8).toString('hex'),
        code_mac: this.#mac(code),
        gateway_id: order.gatewayId,
        cooperative_id: order.cooperativeId,
        label: order.label,
        created_by: order.by,
        created_at_ms: order.nowMs,
        expires_at_ms: order.nowMs + order.validMs,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { claim, code };
  }

  /** The newest first. */
  list(limit: number): Promise<Claim[]> {
    return this.#db
      .selectFrom('claim_codes')
      .selectAll()
      .orderBy('created_at_ms', 'desc')
      .orderBy('claim_id')
      .limit(limit)
      .execute();
  }

  /** How many could still be used. */
  async countOpen(nowMs: number): Promise<number> {
    const { open } = await this.#db
      .selectFrom('claim_codes')
      .select((eb) => eb.fn.countAll<number>().as('open'))
      .where('used_at_ms', 'is', null)
      .where('withdrawn_at_ms', 'is', null)
      .where('expires_at_ms', '>', nowMs)
      .executeTakeFirstOrThrow();
    return open;
  }

  /** The claim as it stands afterwards; one that was used stays used. Undefined when there is none. */
  async withdraw(claimId: string, by: string, nowMs: number): Promise<Claim | undefined> {
    await this.#db
      .updateTable('claim_codes')
      .set({ withdrawn_at_ms: nowMs, withdrawn_by: by })
      .where('claim_id', '=', claimId)
      .where('used_at_ms', 'is', null)
      .where('withdrawn_at_ms', 'is', null)
      .execute();
    return this.#db.selectFrom('claim_codes').selectAll().where('claim_id', '=', claimId).executeTakeFirst();
  }

  /** The claim of a code in its one spelling; in a transaction nobody else uses it meanwhile. */
  async find(db: Kysely<Schema>, code: string): Promise<Claim | undefined> {
    const mac = this.#mac(code);
    const row = await db
      .selectFrom('claim_codes')
      .selectAll()
      .where('code_mac', '=', mac)
      .forUpdate()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return timingSafeEqual(Buffer.from(row.code_mac, 'hex'), Buffer.from(mac, 'hex')) ? row : undefined;
  }

  async use(db: Kysely<Schema>, claim: Claim, publicKey: string, nowMs: number): Promise<void> {
    await db
      .updateTable('claim_codes')
      .set({ used_at_ms: nowMs, used_by_key: publicKey })
      .where('claim_id', '=', claim.claim_id)
      .where('used_at_ms', 'is', null)
      .execute();
  }

  #mac(code: string): string {
    return createHmac('sha256', this.#key).update(code).digest('hex');
  }
}

export function claimStateOf(claim: Claim, nowMs: number): ClaimState {
  if (claim.used_at_ms !== null) return 'used';
  if (claim.withdrawn_at_ms !== null) return 'withdrawn';
  return claim.expires_at_ms <= nowMs ? 'expired' : 'open';
}

/** Throws a StartProblem when the file is damaged: begun anew, codes that are on their way would be worth nothing. */
function openKey(path: string): KeyObject {
  const saved = readStateFile(path, isKeyFile);
  const key = saved?.key ?? randomBytes(32).toString('hex');
  if (saved === undefined) writeStateFile(path, { version: 1, key });
  return createSecretKey(key, 'hex');
}

function isKeyFile(value: unknown): value is { version: 1; key: string } {
  const { version, key } = (value ?? {}) as { version?: unknown; key?: unknown };
  return version === 1 && typeof key === 'string' && /^[0-9a-f]{64}$/.test(key);
}
