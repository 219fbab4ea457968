import type {
  AlarmRecord,
  ClockRecord,
  HarvestRecord,
  JournalRecord,
  LayoutRecord,
  RunRecord,
} from '@nongtin/broker/wire';
import type { Kysely } from 'kysely';
import { takeStep } from '../commands/steps.ts';
import { projectPestPressure } from '../pests/pressures.ts';
import type { Schema } from '../records/index.ts';

/** Writes what one record says. A record of a kind that leaves no row is passed over. */
export async function projectRecord(
  trx: Kysely<Schema>,
  gateway: string,
  entry: number,
  record: JournalRecord,
): Promise<void> {
  switch (record.kind) {
    case 'layout':
      return projectLayout(trx, gateway, record);
    case 'run':
      return projectRun(trx, gateway, entry, record);
    case 'alarm':
      return projectAlarm(trx, gateway, entry, record);
    case 'clock':
      return projectClock(trx, gateway, record);
    case 'pest_pressure':
      return projectPestPressure(trx, gateway, entry, record);
    case 'remote_outcome': {
      const { kind: _, ...outcome } = record;
      // A command that is not ours, or no more, leaves no row: the entry itself is kept.
      await takeStep(trx, gateway, outcome, { receivedAtMs: null, entryNumber: entry });
      return undefined;
    }
    default:
      return undefined;
  }
}

async function projectLayout(trx: Kysely<Schema>, gateway: string, layout: LayoutRecord): Promise<void> {
  await trx.updateTable('plots').set({ current: false }).where('gateway_id', '=', gateway).execute();
  await trx.deleteFrom('zones').where('gateway_id', '=', gateway).execute();
  await trx.deleteFrom('devices').where('gateway_id', '=', gateway).execute();
  for (const plot of layout.plots) {
    const { name, crop, areaHectares, plantingAreaCode } = plot;
    const figures = { name, crop, area_hectares: areaHectares, current: true };
    const changed = { ...figures, planting_area_code: plantingAreaCode ?? null };
    await trx
      .insertInto('plots')
      .values({ gateway_id: gateway, plot_id: plot.id, ...changed })
      .onConflict((conflict) => conflict.columns(['gateway_id', 'plot_id']).doUpdateSet(changed))
      .execute();
  }
  await placeZones(trx, gateway, layout);
}

async function placeZones(trx: Kysely<Schema>, gateway: string, layout: LayoutRecord): Promise<void> {
  const zones = layout.plots.flatMap((plot) => plot.zones.map((zone) => ({ plot: plot.id, ...zone })));
  const devices = [
    ...zones.flatMap((zone) => zone.devices.map((id) => ({ id, plot: zone.plot, zone: zone.id }))),
    ...layout.farmDevices.map((id) => ({ id, plot: '', zone: '' })),
  ];
  // A name that a layout gives twice stands where it was named first.
  for (const zone of zones) {
    await trx
      .insertInto('zones')
      .values({ gateway_id: gateway, zone_id: zone.id, plot_id: zone.plot, name: zone.name })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  for (const device of devices) {
    await trx
      .insertInto('devices')
      .values({ gateway_id: gateway, device_id: device.id, plot_id: device.plot, zone_id: device.zone })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

async function projectRun(trx: Kysely<Schema>, gateway: string, entry: number, run: RunRecord) {
  const zone = await trx
    .selectFrom('zones')
    .select('plot_id')
    .where('gateway_id', '=', gateway)
    .where('zone_id', '=', run.zone)
    .executeTakeFirst();
  const row = {
    entry_number: entry,
    plot_id: zone?.plot_id ?? '',
    zone_id: run.zone,
    started_at_ms: run.startedAtMs,
    ended_at_ms: run.endedAtMs,
    planned_litres: run.plannedLitres,
    measured_litres: run.measuredLitres,
    outcome: run.outcome,
    reason: JSON.stringify(run.reason),
  };
  await trx
    .insertInto('irrigation_runs')
    .values({ gateway_id: gateway, run_id: run.runId, ...row })
    .onConflict((conflict) => conflict.columns(['gateway_id', 'run_id']).doUpdateSet(row))
    .execute();
}

async function projectAlarm(trx: Kysely<Schema>, gateway: string, entry: number, alarm: AlarmRecord) {
  const { atMs, severity, state, source } = alarm;
  const row = {
    ...{ entry_number: entry, at_ms: atMs, severity, state, source },
    reason: JSON.stringify(alarm.reason),
  };
  await trx
    .insertInto('alarms')
    .values({ gateway_id: gateway, alarm_id: alarm.alarmId, ...row })
    .onConflict((conflict) => conflict.columns(['gateway_id', 'alarm_id']).doUpdateSet(row))
    .execute();
}

/** The first record of a boot counts: the gateway's own series store was written by it. */
async function projectClock(trx: Kysely<Schema>, gateway: string, clock: ClockRecord): Promise<void> {
  const row = { gateway_id: gateway, boot_id: clock.bootId, shift_ms: clock.utcMs - clock.provisionalMs };
  await trx
    .insertInto('dated_boots')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * `season`: JSON, worked out before from what was projected up to this entry. The first record of a harvest counts, and after it
 * each correction, until a lot is closed of it: that stands for good, and what is said later stands beside it.
 */
export async function projectHarvest(
  trx: Kysely<Schema>,
  gateway: string,
  entry: number,
  harvest: HarvestRecord,
  season: string,
): Promise<void> {
  const { correction } = harvest;
  if (correction !== undefined && (await isLaterThanLot(trx, gateway, entry, harvest))) {
    const corrected = correction.withdrawn ? 0 : harvest.quantityKg;
    await trx
      .updateTable('harvests')
      .set({ corrected_quantity_kg: corrected, corrected_entry: entry })
      .where('gateway_id', '=', gateway)
      .where('harvest_id', '=', harvest.harvestId)
      .execute();
    return;
  }
  if (correction?.withdrawn === true) {
    await trx
      .deleteFrom('harvests')
      .where('gateway_id', '=', gateway)
      .where('harvest_id', '=', harvest.harvestId)
      .execute();
    return;
  }
  const plot = await trx
    .selectFrom('plots')
    .select(['name', 'planting_area_code'])
    .where('gateway_id', '=', gateway)
    .where('plot_id', '=', harvest.plot)
    .executeTakeFirst();
  const row = {
    entry_number: entry,
    plot_id: harvest.plot,
    plot_name: plot?.name ?? harvest.plot,
    planting_area_code: plot?.planting_area_code ?? null,
    harvested_at_ms: harvest.atMs,
    quantity_kg: harvest.quantityKg,
    recorded_by: harvest.recordedBy,
    season_started_at_ms: harvest.seasonStartedAtMs,
    season,
  };
  await trx
    .insertInto('harvests')
    .values({ gateway_id: gateway, harvest_id: harvest.harvestId, ...row })
    .onConflict((conflict) => {
      const known = conflict.columns(['gateway_id', 'harvest_id']);
      return correction === undefined ? known.doNothing() : known.doUpdateSet(row);
    })
    .execute();
}

/** Whether its lot was closed without this entry; holds the harvest's row, so that none is closed of it meanwhile. */
async function isLaterThanLot(
  trx: Kysely<Schema>,
  gateway: string,
  entry: number,
  { harvestId }: HarvestRecord,
): Promise<boolean> {
  await trx
    .selectFrom('harvests')
    .select('harvest_id')
    .where('gateway_id', '=', gateway)
    .where('harvest_id', '=', harvestId)
    .forUpdate()
    .execute();
  const lot = await trx
    .selectFrom('lots')
    .select('record')
    .where('gateway_id', '=', gateway)
    .where('harvest_id', '=', harvestId)
    .executeTakeFirst();
  if (lot === undefined) return false;
  const { season } = JSON.parse(lot.record) as { season?: { lastEntry?: number } };
  return (season?.lastEntry ?? 0) < entry;
}
