import { type Kysely, sql } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { KeyStore, RotatingKeyStore } from './key-store.ts';

/** Of PostgreSQL's advisory locks: whoever writes wrapped secrets shares it, whoever retires keys has it alone. */
const LOCK = 7_310_051;
const ROWS_A_PAGE = 100;

/** Secrets whose key is gone, or that were altered: the message names them. */
export class UnreadableSecrets extends Error {}

/** A table with wrapped secrets, in the words of people. `row` is whatever tells its rows apart, and the secrets' context. */
interface Shelf {
  readonly name: string;
  count(db: Kysely<Schema>, newestPrefix: string): Promise<number>;
  /** The next rows after this one. */
  page(
    db: Kysely<Schema>,
    newestPrefix: string,
    after: string | undefined,
  ): Promise<readonly { row: string; wrapped: string }[]>;
  /** Only if it is still what was read. */
  replace(db: Kysely<Schema>, row: string, before: string, after: string): Promise<void>;
}

/**
 * Call it in the transaction that writes a secret, before wrapping: while it runs no key is retired, so that what was wrapped
 * a moment ago is not lost.
 */
export async function whileKeysStay(transaction: Kysely<Schema>): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${LOCK})`.execute(transaction);
}

/** How many secrets are wrapped under older keys. */
export async function leftToRewrap(db: Kysely<Schema>, keyStore: KeyStore): Promise<number> {
  return leftBeside(db, await keyStore.newestPrefix());
}

async function leftBeside(db: Kysely<Schema>, prefix: string): Promise<number> {
  const counts = await Promise.all(shelves.map((shelf) => shelf.count(db, prefix)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/**
 * Wraps everything under the newest key, then lets the older keys go. Ends at once where nothing is left to do, and may be
 * killed and begun again at any point: a row is under the one key or the other. How many rows were wrapped anew.
 */
export async function rewrapAll(db: Kysely<Schema>, keyStore: RotatingKeyStore): Promise<number> {
  for (let rewrapped = 0; ; ) {
    rewrapped += await rewrapPages(db, keyStore);
    if (await retire(db, keyStore)) return rewrapped;
  }
}

async function rewrapPages(db: Kysely<Schema>, keyStore: KeyStore): Promise<number> {
  const unreadable: string[] = [];
  let rewrapped = 0;
  for (const shelf of shelves) {
    let last: string | undefined;
    for (;;) {
      // Asked for each page: the key may be turned over meanwhile.
      const page = await shelf.page(db, await keyStore.newestPrefix(), last);
      if (page.length === 0) break;
      for (const { row, wrapped } of page) {
        last = row;
        const secret = await unwrapped(keyStore, wrapped, row);
        if (secret === undefined) {
          unreadable.push(`${shelf.name} ${row}`);
          continue;
        }
        await shelf.replace(db, row, wrapped, await keyStore.wrap(secret, row));
        rewrapped += 1;
      }
    }
  }
  if (unreadable.length === 0) return rewrapped;
  throw new UnreadableSecrets(
    `The secrets of ${unreadable.slice(0, 20).join(', ')}${unreadable.length > 20 ? ' and others' : ''} cannot be unwrapped: restore the key or the rows they were written with. All others are under the newest key, and the older keys are kept.`,
  );
}

/** Undefined: altered, or under a key that is gone. A key service that does not answer says nothing about the row. */
async function unwrapped(keyStore: KeyStore, wrapped: string, row: string): Promise<Uint8Array | undefined> {
  try {
    return await keyStore.unwrap(wrapped, row);
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 503) throw error;
    return undefined;
  }
}

/** False: meanwhile somebody wrote a secret under an older key. */
async function retire(db: Kysely<Schema>, keyStore: RotatingKeyStore): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${LOCK})`.execute(transaction);
    const prefix = await keyStore.newestPrefix();
    if ((await leftBeside(transaction, prefix)) > 0) return false;
    await keyStore.retireOlder(prefix);
    return true;
  });
}

const batches: Shelf = {
  name: 'batch',
  count: async (db, prefix) => {
    const { left } = await db
      .selectFrom('stamp_batches')
      .select((eb) => eb.fn.countAll<number>().as('left'))
      .where(sql<boolean>`not starts_with(wrapped_secret, ${prefix})`)
      .executeTakeFirstOrThrow();
    return Number(left);
  },
  page: async (db, prefix, after) => {
    const rows = await db
      .selectFrom('stamp_batches')
      .select(['batch_number', 'wrapped_secret'])
      .where(sql<boolean>`not starts_with(wrapped_secret, ${prefix})`)
      .$if(after !== undefined, (query) => query.where('batch_number', '>', Number(after)))
      .orderBy('batch_number')
      .limit(ROWS_A_PAGE)
      .execute();
    return rows.map((row) => ({ row: String(row.batch_number), wrapped: row.wrapped_secret }));
  },
  replace: async (db, row, before, after) => {
    await db
      .updateTable('stamp_batches')
      .set({ wrapped_secret: after })
      .where('batch_number', '=', Number(row))
      .where('wrapped_secret', '=', before)
      .execute();
  },
};

const signingKeys: Shelf = {
  name: 'signing key',
  count: async (db, prefix) => {
    const { left } = await db
      .selectFrom('signing_keys')
      .select((eb) => eb.fn.countAll<number>().as('left'))
      .where(sql<boolean>`not starts_with(wrapped_secret, ${prefix})`)
      .executeTakeFirstOrThrow();
    return Number(left);
  },
  page: async (db, prefix, after) => {
    const rows = await db
      .selectFrom('signing_keys')
      .select(['key_id', 'wrapped_secret'])
      .where(sql<boolean>`not starts_with(wrapped_secret, ${prefix})`)
      .$if(after !== undefined, (query) => query.where('key_id', '>', after ?? ''))
      .orderBy('key_id')
      .limit(ROWS_A_PAGE)
      .execute();
    return rows.map((row) => ({ row: row.key_id, wrapped: row.wrapped_secret ?? '' }));
  },
  replace: async (db, row, before, after) => {
    await db
      .updateTable('signing_keys')
      .set({ wrapped_secret: after })
      .where('key_id', '=', row)
      .where('wrapped_secret', '=', before)
      .execute();
  },
};

const shelves: readonly Shelf[] = [batches, signingKeys];
