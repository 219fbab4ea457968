import { cooperativeIdOf, toHex } from '@nongtin/contracts/encoding';
import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/index.ts';

export type Cooperative = Selectable<Schema['cooperatives']>;
export type Product = Selectable<Schema['products']>;
export type Gateway = Selectable<Schema['gateways']>;

/** The cooperatives and what belongs to them. "No such row" is undefined, not an exception. */
export function cooperativesIn(db: Kysely<Schema>) {
  return {
    /** This service works for one cooperative; the first one is it. */
    own: (): Promise<Cooperative | undefined> =>
      db.selectFrom('cooperatives').selectAll().orderBy('created_at_ms').limit(1).executeTakeFirst(),
    products: (): Promise<Product[]> =>
      db.selectFrom('products').selectAll().orderBy('gtin14').limit(1000).execute(),
    product: (gtin14: string): Promise<Product | undefined> =>
      db.selectFrom('products').selectAll().where('gtin14', '=', gtin14).executeTakeFirst(),
    gateways: (): Promise<Gateway[]> =>
      db.selectFrom('gateways').selectAll().orderBy('gateway_id').limit(1000).execute(),
    gateway: (gatewayId: string): Promise<Gateway | undefined> =>
      db.selectFrom('gateways').selectAll().where('gateway_id', '=', gatewayId).executeTakeFirst(),
  };
}

/** A cooperative with what it sells; rows that are there already stay as they are. */
export async function addCooperative(
  db: Kysely<Schema>,
  cooperative: { slug: string; name: string; createdAtMs: number; products: readonly NewProduct[] },
): Promise<void> {
  const { slug, name, createdAtMs, products } = cooperative;
  await db.transaction().execute(async (trx) => {
    await trx
      .insertInto('cooperatives')
      .values({ id: slug, chain_id: toHex(cooperativeIdOf(slug)), name, created_at_ms: createdAtMs })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const rows = products.map(({ gtin14, nameVi, nameEn }) => ({
      ...{ gtin14, cooperative_id: slug, name_vi: nameVi, name_en: nameEn },
    }));
    await trx
      .insertInto('products')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  });
}

interface NewProduct {
  readonly gtin14: string;
  readonly nameVi: string;
  readonly nameEn: string;
}
