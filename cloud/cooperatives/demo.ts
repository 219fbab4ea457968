import type { Kysely } from 'kysely';
import type { Schema } from '../records/index.ts';
import { addCooperative } from './cooperatives.ts';
import { checkDigit } from './gtin.ts';

/** 893 is GS1 Vietnam's prefix; the company number is made up. */
const DEMO_GTIN_BODY = '0893850597001';

/** Its slug. */
export const DEMO_COOPERATIVE = 'htx-ham-minh';

/** The cooperative of the demo: dragon fruit from Bình Thuận. Safe to repeat. */
export async function seedDemoCooperative(db: Kysely<Schema>, createdAtMs: number): Promise<void> {
  await addCooperative(db, {
    slug: DEMO_COOPERATIVE,
    name: 'HTX Thanh long Hàm Minh',
    createdAtMs,
    products: [
      {
        gtin14: `${DEMO_GTIN_BODY}${checkDigit(DEMO_GTIN_BODY)}`,
        nameVi: 'Thanh long ruột trắng',
        nameEn: 'White dragon fruit',
      },
    ],
  });
}
