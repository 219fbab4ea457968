import { createHmac } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { networkOf } from '../enrolment/throttle.ts';
import type { Schema } from '../records/index.ts';

/**
 * Wrong PINs cost time, by these rules:
 *
 * - After the third wrong try at a stamp a client (an IPv4 address or an IPv6 /64) waits 30 s, after each further one twice as
 *   long, 15 minutes at most.
 * - After the thirtieth over all stamps it waits 2 s, after each further one twice as long, a minute at most: whole provinces
 *   share one address of their mobile operator.
 * - What others got wrong at a stamp never makes a client wait before its first try. It only takes away the second and the
 *   third, once there were twenty in a day: whoever owns many addresses has one free guess from each.
 * - While a client waits nothing of it is judged, the right PIN no more than a wrong one, or waiting would be no hindrance; it
 *   is told for how long. Everybody else's PIN is judged as ever.
 * - A count is forgotten a day after the last wrong try. Nothing is ever locked.
 */
const CLIENT_AT_STAMP = { free: 3, firstMs: 30_000, longestMs: 15 * 60_000 } as const;
const CLIENT = { free: 30, firstMs: 2_000, longestMs: 60_000 } as const;
const CROWDED_AFTER = 20;
const FREE_IN_A_CROWD = 1;
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/** Of PostgreSQL's advisory locks with two keys. */
const LOCK = 7_310_052;
const PRUNED_EVERY = 100;

export interface DelaysOptions {
  readonly nowMs: () => number;
  /** Under which clients and stamps are known in the table: whoever copies it learns no address. */
  readonly key: string;
  /** Counts kept at most, default 200,000; the ones that end soonest make room. */
  readonly maxRows?: number;
}

export interface TryAt {
  /** Address of the client's socket. */
  readonly client: string;
  /** What the stamp is known by, whether there is one or not. */
  readonly stamp: string;
}

/** The wait, or whatever was judged. */
export type Judged<T> =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'judged'; readonly value: T };

export class PinDelays {
  readonly #options: DelaysOptions;
  #failures = 0;

  constructor(options: DelaysOptions) {
    this.#options = options;
  }

  /**
   * Has a try judged, unless its client has to wait. In one transaction that tries of the same client, or at the same stamp, go
   * through one by one, so that parallel ones count too. `judge` says whether it was right.
   */
  async attempt<T extends { readonly isRight: boolean }>(
    db: Kysely<Schema>,
    at: TryAt,
    judge: (transaction: Kysely<Schema>) => Promise<T>,
  ): Promise<Judged<T>> {
    const subjects = this.#subjects(at);
    const early = waitOf(await this.#read(db, Object.values(subjects)), subjects, this.#options.nowMs());
    if (early > 0) return { kind: 'wait', ms: early };
    const judged = await db.transaction().execute(async (transaction): Promise<Judged<T>> => {
      for (const one of [subjects.client, subjects.stamp].sort())
        await sql`select pg_advisory_xact_lock(${LOCK}, hashtext(${one}))`.execute(transaction);
      const nowMs = this.#options.nowMs();
      const counts = await this.#read(transaction, Object.values(subjects));
      const ms = waitOf(counts, subjects, nowMs);
      if (ms > 0) return { kind: 'wait', ms };
      const value = await judge(transaction);
      if (!value.isRight) await this.#count(transaction, subjects, counts, nowMs);
      return { kind: 'judged', value };
    });
    if (judged.kind === 'judged' && !judged.value.isRight && ++this.#failures % PRUNED_EVERY === 1)
      await this.#prune(db);
    return judged;
  }

  #subjects({ client, stamp }: TryAt): Subjects {
    const hashed = (...what: string[]) =>
      createHmac('sha256', this.#options.key).update(JSON.stringify(what)).digest('hex').slice(0, 32);
    const network = networkOf(client);
    return {
      client: hashed('client', network),
      stamp: hashed('stamp', stamp),
      both: hashed('both', network, stamp),
    };
  }

  async #read(db: Kysely<Schema>, subjects: readonly string[]): Promise<Counts> {
    const rows = await db
      .selectFrom('pin_delays')
      .select(['subject', 'failures', 'retry_at_ms'])
      .where('subject', 'in', subjects)
      .where('expires_at_ms', '>', this.#options.nowMs())
      .execute();
    return new Map(rows.map((row) => [row.subject, row]));
  }

  async #count(db: Kysely<Schema>, subjects: Subjects, counts: Counts, nowMs: number): Promise<void> {
    const next = (subject: string) => (counts.get(subject)?.failures ?? 0) + 1;
    const isCrowded = next(subjects.stamp) > CROWDED_AFTER;
    const atStamp = isCrowded ? { ...CLIENT_AT_STAMP, free: FREE_IN_A_CROWD } : CLIENT_AT_STAMP;
    const rows = [
      { subject: subjects.client, delayMs: delayAfter(next(subjects.client), CLIENT) },
      { subject: subjects.both, delayMs: delayAfter(next(subjects.both), atStamp) },
      { subject: subjects.stamp, delayMs: 0 },
    ];
    for (const { subject, delayMs } of rows) {
      const row = {
        failures: next(subject),
        retry_at_ms: nowMs + delayMs,
        expires_at_ms: nowMs + FORGOTTEN_AFTER_MS,
      };
      await db
        .insertInto('pin_delays')
        .values({ subject, ...row })
        .onConflict((conflict) => conflict.column('subject').doUpdateSet(row))
        .execute();
    }
  }

  async #prune(db: Kysely<Schema>): Promise<void> {
    const { nowMs, maxRows = 200_000 } = this.#options;
    await db.deleteFrom('pin_delays').where('expires_at_ms', '<=', nowMs()).execute();
    const beyond = db
      .selectFrom('pin_delays')
      .select('subject')
      .orderBy('expires_at_ms', 'desc')
      .offset(maxRows);
    await db.deleteFrom('pin_delays').where('subject', 'in', beyond).execute();
  }
}

interface Subjects {
  readonly client: string;
  readonly stamp: string;
  readonly both: string;
}

type Counts = ReadonlyMap<string, { readonly failures: number; readonly retry_at_ms: number }>;

/** Milliseconds; 0: none. A clock that was set back makes nobody wait longer than the longest wait. */
function waitOf(counts: Counts, { client, both }: Subjects, nowMs: number): number {
  const left = [
    { row: counts.get(client), longest: CLIENT.longestMs },
    { row: counts.get(both), longest: CLIENT_AT_STAMP.longestMs },
  ].map(({ row, longest }) => Math.min((row?.retry_at_ms ?? 0) - nowMs, longest));
  return Math.max(0, ...left);
}

/** Milliseconds to wait after this many wrong tries. */
function delayAfter(
  failures: number,
  { free, firstMs, longestMs }: { free: number; firstMs: number; longestMs: number },
): number {
  if (failures < free) return 0;
  return Math.min(longestMs, firstMs * 2 ** Math.min(30, failures - free));
}
