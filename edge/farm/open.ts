import { join } from 'node:path';
import type { LayoutRecord } from '@nongtin/broker/wire';
import { canonicalJson } from '@nongtin/broker/wire';
import { readStateFile, writeStateFile } from '@nongtin/service';
import { demoFarm } from './demo.ts';
import { withDosing } from './demo-dosing.ts';
import { checkFarm, devicesOf, type Farm } from './layout.ts';

/** A real farm begins empty and is set up on the page, or by command. */
const EMPTY: Farm = { format: 'nongtin-farm-1', site: 'Trang trại', plots: [], farmDevices: [] };

export function farmPath(folder: string): string {
  return join(folder, 'farm.json');
}

/** Reads farm.json in the gateway's folder; the first start writes the demo's farm there, or an empty one. */
export function openFarm(folder: string, demo: boolean): Farm {
  const path = farmPath(folder);
  const found = readStateFile(path, (value): value is object => typeof value === 'object' && value !== null);
  if (found !== undefined) return checkFarm(found, path);
  const farm = demo ? withDosing(demoFarm()) : EMPTY;
  writeStateFile(path, farm);
  return farm;
}

/** What the journal says about the layout: which device stands where. */
export function layoutRecord(farm: Farm, atMs: number): LayoutRecord {
  const measuring = (zone: string) =>
    (farm.devices ?? []).filter((device) => device.zone === zone).map(({ id }) => id);
  return {
    kind: 'layout',
    atMs,
    plots: farm.plots.map(({ id, name, crop, plantingAreaCode, areaHectares, zones }) => ({
      id,
      name,
      crop,
      ...(plantingAreaCode === undefined ? {} : { plantingAreaCode }),
      areaHectares,
      zones: zones.map((zone) => ({
        id: zone.id,
        name: zone.name,
        devices: [...new Set([...devicesOf(zone), ...measuring(zone.id)])],
      })),
    })),
    farmDevices: [...farm.farmDevices],
  };
}

export function sameLayout(one: LayoutRecord, other: LayoutRecord): boolean {
  return canonicalJson({ ...one, atMs: 0 }) === canonicalJson({ ...other, atMs: 0 });
}
