import { join } from 'node:path';
import type { JournalRecord } from '@nongtin/broker/wire';
import { canonicalJson } from '@nongtin/broker/wire';
import { readStateFile, StartProblem, writeStateFile } from '@nongtin/service';
import { demoFarm } from './demo.ts';
import { checkFarm, devicesOf, type Farm } from './layout.ts';

type LayoutRecord = Extract<JournalRecord, { kind: 'layout' }>;

/** Reads farm.json in the gateway's folder; the demo writes its own farm there on the first start. */
export function openFarm(folder: string, demo: boolean): Farm {
  const path = join(folder, 'farm.json');
  const found = readStateFile(path, (value): value is object => typeof value === 'object' && value !== null);
  if (found !== undefined) return checkFarm(found, path);
  if (!demo) {
    throw new StartProblem(
      `${path} is missing: describe the farm there, or start once with NONGTIN_DEMO=on to get an example to adapt.`,
    );
  }
  const farm = demoFarm();
  writeStateFile(path, farm);
  return farm;
}

/** What the journal says about the layout: which device stands where. */
export function layoutRecord(farm: Farm, atMs: number): LayoutRecord {
  return {
    kind: 'layout',
    atMs,
    plots: farm.plots.map(({ id, name, crop, plantingAreaCode, areaHectares, zones }) => ({
      id,
      name,
      crop,
      ...(plantingAreaCode === undefined ? {} : { plantingAreaCode }),
      areaHectares,
      zones: zones.map((zone) => ({ id: zone.id, name: zone.name, devices: devicesOf(zone) })),
    })),
    farmDevices: [...farm.farmDevices],
  };
}

export function sameLayout(one: LayoutRecord, other: LayoutRecord): boolean {
  return canonicalJson({ ...one, atMs: 0 }) === canonicalJson({ ...other, atMs: 0 });
}
