import { canonicalJson } from '@nongtin/broker/wire';
import { type LotRecord, recordDigest } from '@nongtin/contracts/encoding';
import type { Kysely, Selectable } from 'kysely';
import type { Schema } from '../records/index.ts';
import type { Season } from './season.ts';

export type Lot = Selectable<Schema['lots']>;
export type Harvest = Selectable<Schema['harvests']>;

export interface LotOrder {
  readonly harvestId: string;
  /** Needed only when two gateways used the same harvest id. */
  readonly gatewayId?: string;
  readonly gtin14: string;
  readonly lotNumber?: string;
  /** E-mail of the account that closes it. */
  readonly closedBy: string;
}

export type LotOutcome =
  | { readonly kind: 'closed'; readonly lot: Lot }
  /** The harvest has its lot already: this one. */
  | { readonly kind: 'exists'; readonly lot: Lot }
  | { readonly kind: 'refused'; readonly reason: LotRefusal };

export type LotRefusal =
  | 'no_such_harvest'
  | 'ambiguous_harvest'
  | 'no_such_product'
  | 'gateway_not_registered'
  | 'gateway_revoked'
  /** The product is not of the cooperative that the gateway is registered for. */
  | 'other_cooperative'
  /** A text of the record is empty or too long for a proof bundle. */
  | 'unprovable'
  | 'lot_number_taken';

/** Hands a closed lot's digest to anchoring, in the transaction that writes the lot. */
type EnqueueLot = (
  trx: Kysely<Schema>,
  lot: { cooperativeId: string; digest: string; lotNumber: string },
) => Promise<void>;

export interface LotsOptions {
  readonly db: Kysely<Schema>;
  readonly enqueueLot: EnqueueLot;
  readonly clock: { nowMs(): number };
}

/** Closes the lot of a harvest: once, whoever asks how often. */
export async function closeLot(options: LotsOptions, order: LotOrder): Promise<LotOutcome> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await options.db.transaction().execute((trx) => closeIn(trx, options, order));
    const taken = outcome.kind === 'refused' && outcome.reason === 'lot_number_taken';
    // A number that we chose and somebody else took at the same moment: choose the next one.
    if (!taken || order.lotNumber !== undefined || attempt === 5) return outcome;
  }
}

async function closeIn(trx: Kysely<Schema>, options: LotsOptions, order: LotOrder): Promise<LotOutcome> {
  const refused = (reason: LotRefusal): LotOutcome => ({ kind: 'refused', reason });
  const [harvest, second] = await harvestsNamed(trx, order);
  if (harvest === undefined) return refused('no_such_harvest');
  if (second !== undefined) return refused('ambiguous_harvest');
  const existing = await lotOfHarvest(trx, harvest);
  if (existing !== undefined) return { kind: 'exists', lot: existing };
  const seller = await sellerOf(trx, order.gtin14);
  if (seller === undefined) return refused('no_such_product');
  const gateway = await gatewayOf(trx, harvest.gateway_id);
  if (gateway === undefined) return refused('gateway_not_registered');
  if (gateway.revoked) return refused('gateway_revoked');
  if (gateway.cooperative_id !== seller.cooperative_id) return refused('other_cooperative');
  const lotNumber = order.lotNumber ?? (await freeLotNumber(trx, harvest));
  const record = lotRecord(harvest, seller, gateway.public_key, lotNumber);
  if (!fitsInBundle(record)) return refused('unprovable');
  const lot = await insertLot(trx, lotRow(record, harvest, seller.cooperative_id, order, options.clock));
  if (lot === undefined) {
    const meanwhile = await lotOfHarvest(trx, harvest);
    return meanwhile === undefined ? refused('lot_number_taken') : { kind: 'exists', lot: meanwhile };
  }
  await options.enqueueLot(trx, { cooperativeId: seller.chain_id, digest: lot.digest, lotNumber });
  return { kind: 'closed', lot };
}

/** What a lot says for good. Its parts come from the harvest's entry and what was projected before it. */
function lotRecord(
  harvest: Harvest,
  seller: { chain_id: string; name_vi: string; name_en: string; gtin14: string },
  gatewayPublicKey: string,
  lotNumber: string,
): LotRecord {
  const season = JSON.parse(harvest.season) as Season;
  const code = harvest.planting_area_code;
  return {
    kind: 'lot',
    cooperativeId: seller.chain_id as LotRecord['cooperativeId'],
    lotNumber,
    gtin14: seller.gtin14,
    // A record has one text for readers of both languages.
    productName: `${seller.name_vi} / ${seller.name_en}`,
    plot: {
      id: harvest.plot_id,
      name: harvest.plot_name,
      ...(code === null ? {} : { plantingAreaCode: code }),
    },
    harvestedAtMs: harvest.harvested_at_ms,
    quantityKg: harvest.quantity_kg,
    season: { ...season, gatewayPublicKey } as unknown as LotRecord['season'],
  };
}

/** The same bounds as the bundle's parser: what it refuses, nobody could verify. */
function fitsInBundle({ plot, productName }: LotRecord): boolean {
  const texts = [plot.id, plot.name, productName, plot.plantingAreaCode ?? '-'];
  return texts.every((text) => text.length > 0 && text.length <= 500 && text.isWellFormed());
}

function lotRow(
  record: LotRecord,
  harvest: Harvest,
  cooperative: string,
  order: LotOrder,
  clock: LotsOptions['clock'],
): Lot {
  return {
    lot_number: record.lotNumber,
    cooperative_id: cooperative,
    gtin14: record.gtin14,
    gateway_id: harvest.gateway_id,
    harvest_id: harvest.harvest_id,
    record: canonicalJson(record),
    digest: Buffer.from(recordDigest(record)).toString('hex'),
    closed_at_ms: clock.nowMs(),
    closed_by: order.closedBy,
  };
}

/** `LYYMMDD-n`: the harvest's day in Vietnam, and the lots of that day counted. GS1 allows 20 characters (AI 10). */
async function freeLotNumber(trx: Kysely<Schema>, harvest: Harvest): Promise<string> {
  const local = new Date(harvest.harvested_at_ms + 7 * 3_600_000).toISOString();
  const day = `L${local.slice(2, 10).replaceAll('-', '')}`;
  const rows = await trx
    .selectFrom('lots')
    .select('lot_number')
    .where('lot_number', 'like', `${day}-%`)
    .execute();
  const numbers = rows
    .map((row) => Number(row.lot_number.slice(day.length + 1)))
    .filter(Number.isSafeInteger);
  return `${day}-${Math.max(0, ...numbers) + 1}`;
}

function harvestsNamed(db: Kysely<Schema>, { harvestId, gatewayId }: LotOrder): Promise<Harvest[]> {
  // Held: a correction that comes at this moment is told after the lot.
  const named = db
    .selectFrom('harvests')
    .selectAll()
    .where('harvest_id', '=', harvestId)
    .forUpdate()
    .limit(2);
  return (gatewayId === undefined ? named : named.where('gateway_id', '=', gatewayId)).execute();
}

function lotOfHarvest(db: Kysely<Schema>, harvest: Harvest): Promise<Lot | undefined> {
  return db
    .selectFrom('lots')
    .selectAll()
    .where('gateway_id', '=', harvest.gateway_id)
    .where('harvest_id', '=', harvest.harvest_id)
    .executeTakeFirst();
}

function sellerOf(db: Kysely<Schema>, gtin14: string) {
  return db
    .selectFrom('products')
    .innerJoin('cooperatives', 'cooperatives.id', 'products.cooperative_id')
    .select(['gtin14', 'name_vi', 'name_en', 'cooperative_id', 'chain_id'])
    .where('gtin14', '=', gtin14)
    .executeTakeFirst();
}

function gatewayOf(db: Kysely<Schema>, gatewayId: string) {
  return db.selectFrom('gateways').selectAll().where('gateway_id', '=', gatewayId).executeTakeFirst();
}

/** Undefined when the number or the harvest is taken. */
function insertLot(trx: Kysely<Schema>, lot: Lot): Promise<Lot | undefined> {
  return trx
    .insertInto('lots')
    .values(lot)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}
