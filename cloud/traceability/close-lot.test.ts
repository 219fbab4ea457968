import type { HarvestRecord } from '@nongtin/broker/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fixture, openTestRecords } from '../anchoring/fixture.suite.ts';
import { addCooperative } from '../cooperatives/cooperatives.ts';
import { projectHarvest } from '../uplink/project-records.ts';
import { closeLot } from './lots.ts';

let records: Awaited<ReturnType<typeof openTestRecords>>;
const otherGtin = '08936000000028';

beforeAll(async () => {
  records = await openTestRecords();
  const products = [{ gtin14: otherGtin, nameVi: 'Xoài', nameEn: 'Mango' }];
  await addCooperative(records.db, { slug: 'htx-khac', name: 'HTX Khác', createdAtMs: 2, products });
  await records.db
    .insertInto('gateways')
    .values({
      ...{ gateway_id: 'gw-1', cooperative_id: fixture.cooperative, public_key: 'ab'.repeat(32) },
      ...{ registered_by: 'manager@example.vn', registered_at_ms: 1, revoked: false },
    })
    .execute();
  await records.db
    .insertInto('harvests')
    .values({
      ...{ gateway_id: 'gw-1', harvest_id: 'h-1', entry_number: 1, plot_id: 'a', plot_name: 'Lô A' },
      ...{ planting_area_code: null, harvested_at_ms: 5, quantity_kg: 10, recorded_by: 'member@example.vn' },
      ...{ season_started_at_ms: 0, season: '{}' },
    })
    .execute();
});
afterAll(() => records.stop());

it('closes a harvest only as a product of the cooperative that harvested it', async () => {
  const queued: string[] = [];
  const options = {
    ...{ db: records.db, clock: { nowMs: () => 9 } },
    enqueueLot: async (_trx: unknown, lot: { lotNumber: string }) => void queued.push(lot.lotNumber),
  };
  const order = { harvestId: 'h-1', closedBy: 'manager@example.vn' };
  const refused = await closeLot(options, { ...order, gtin14: otherGtin });
  expect(refused).toEqual({ kind: 'refused', reason: 'other_cooperative' });
  expect(queued).toEqual([]);
  const closed = await closeLot(options, { ...order, gtin14: fixture.gtin14 });
  expect(closed).toMatchObject({ kind: 'closed', lot: { cooperative_id: fixture.cooperative } });
  expect(queued).toHaveLength(1);
});

it('leaves a harvest as its closed lot has it, and keeps beside it what the diary said later', async () => {
  const harvest: HarvestRecord = {
    ...{ kind: 'harvest', harvestId: 'h-1', atMs: 5, plot: 'a', quantityKg: 8, recordedBy: 'x' },
    ...{ seasonStartedAtMs: 0, correction: { revision: 1, withdrawn: false } },
  };
  const row = () => records.db.selectFrom('harvests').selectAll().executeTakeFirstOrThrow();
  const beside = { quantity_kg: 10, entry_number: 1, corrected_quantity_kg: 8, corrected_entry: 7 };
  await records.db.transaction().execute((trx) => projectHarvest(trx, 'gw-1', 7, harvest, '{}'));
  expect(await row()).toMatchObject(beside);
  const gone = { ...harvest, correction: { revision: 2, withdrawn: true } };
  await records.db.transaction().execute((trx) => projectHarvest(trx, 'gw-1', 9, gone, '{}'));
  expect(await row()).toMatchObject({ ...beside, corrected_quantity_kg: 0, corrected_entry: 9 });
});
