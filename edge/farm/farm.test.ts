import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { demoFarm } from './demo.ts';
import { checkFarm, type Farm, zonesOf } from './layout.ts';
import { layoutRecord, openFarm, sameLayout } from './open.ts';

const folder = mkdtempSync(join(tmpdir(), 'nongtin-farm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the farm file', () => {
  it('is written once by the demo and read afterwards', () => {
    const first = openFarm(join(folder, 'demo'), true);
    expect(openFarm(join(folder, 'demo'), false)).toEqual(first);
    expect(JSON.parse(readFileSync(join(folder, 'demo/farm.json'), 'utf8')).site).toBe(first.site);
    expect(zonesOf(first).map((zone) => zone.id)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3', 'c1', 'c2']);
  });

  it('begins empty on a real farm, and is kept', () => {
    const farm = openFarm(join(folder, 'real'), false);
    expect(farm).toMatchObject({ plots: [], farmDevices: [] });
    expect(openFarm(join(folder, 'real'), false)).toEqual(farm);
  });

  it('is refused by name when it is no JSON', () => {
    writeFileSync(join(folder, 'farm.json'), '{"site":');
    expect(() => openFarm(folder, true)).toThrow(/farm.json is incomplete or not ours/);
  });
});

const change = (edit: (farm: Farm) => unknown): unknown => {
  const farm = structuredClone(demoFarm());
  const edited = edit(farm);
  return edited === undefined ? farm : edited;
};
const plotOf = (farm: Farm, index: number) => farm.plots[index] ?? expect.fail('no such plot');
const zoneOf = (farm: Farm, index: number) => plotOf(farm, 0).zones[index] ?? expect.fail('no such zone');

const flowMeter = { device: 'meter' };
const shelly = { family: 'shelly', device: 'shelly-1', output: 0, flowMeter };
const zigbee = { family: 'zigbee2mqtt', device: 'zigbee.Van 1', flowMeter: { device: 'zigbee.Van 1' } };

it('takes valves of other families, and names their devices in the journal', () => {
  const farm = checkFarm(
    change((f) => {
      Object.assign(zoneOf(f, 0), { valve: shelly, soilProbe: 'zigbee.Đất 1' });
      Object.assign(zoneOf(f, 1), { valve: { ...shelly, output: 1 } });
      Object.assign(zoneOf(f, 2), { valve: zigbee });
    }),
    'farm.json',
  );
  expect(layoutRecord(farm, 1).plots[0]?.zones.map(({ devices }) => devices)).toEqual([
    ['zigbee.Đất 1', 'shelly-1', 'meter'],
    ['soil-a2', 'shelly-1', 'meter'],
    ['soil-a3', 'zigbee.Van 1'],
  ]);
});

describe('a wrong farm file names the field and the remedy', () => {
  it.each<[string, (farm: Farm) => unknown, RegExp]>([
    [
      'a negative area',
      (f) => void Object.assign(plotOf(f, 0), { areaHectares: -1 }),
      /plots\[0\]\.areaHectares must be > 0/,
    ],
    [
      'two zones on one valve',
      (f) => void Object.assign(zoneOf(f, 1), { valve: 'valve-a1' }),
      /zones\[1\]\.valve and plots\[0\]\.zones\[0\]\.valve have the same valve 'valve-a1', give each zone/,
    ],
    [
      'two zones of one name',
      (f) => void Object.assign(zoneOf(f, 1), { id: 'a1' }),
      /same id 'a1', rename one/,
    ],
    ['an unknown field', (f) => ({ ...f, colour: 'green' }), /colour is not known, remove it/],
    ['a missing field', ({ site: _, ...rest }) => rest, /the file lacks site, add it/],
    [
      'a target below the threshold',
      (f) => void Object.assign(zoneOf(f, 0), { targetFraction: 0.1 }),
      /targetFraction must be above openBelowFraction \(0\.2\)/,
    ],
    [
      'a run longer than its limit',
      (f) => void Object.assign(zoneOf(f, 0), { runSeconds: 3600 }),
      /runSeconds must not be above maxRunSeconds/,
    ],
    [
      'a valve that is a wildcard',
      (f) => void Object.assign(zoneOf(f, 0), { valve: '+' }),
      /zones\[0\]\.valve must match/,
    ],
    [
      'percent instead of a fraction',
      (f) => void Object.assign(zoneOf(f, 0), { openBelowFraction: 20 }),
      /openBelowFraction must be <=/,
    ],
    [
      'a valve of another family that cannot be driven',
      (f) => void Object.assign(zoneOf(f, 1), { valve: { family: 'shelly', device: 'shelly-1' } }),
      /zones\[1\]\.valve has no flowMeter, so nothing would prove that water flows/,
    ],
    [
      'no valve at all',
      (f) => void Object.assign(zoneOf(f, 1), { valve: 7 }),
      /zones\[1\]\.valve must be the identity of a valve, or an object with its family/,
    ],
    [
      'two zones on one output',
      (f) => {
        for (const index of [0, 1]) Object.assign(zoneOf(f, index), { valve: shelly });
      },
      /have the same valve 'shelly-1\/0', give each zone/,
    ],
    [
      'one output of which one address says the number and the other leaves it to the family',
      (f) => {
        const device = { family: 'tasmota', device: 'relay-box', flowMeter: null };
        Object.assign(zoneOf(f, 0), { valve: device });
        Object.assign(zoneOf(f, 1), { valve: { ...device, output: 1 } });
      },
      /zones\[1\]\.valve and plots\[0\]\.zones\[0\]\.valve have the same output 'relay-box\/1', give each zone/,
    ],
    [
      'one node of LoRaWAN under two names',
      (f) => {
        const node = { family: 'chirpstack', application: '1', devEui: '00112233aabbccdd', flowMeter: null };
        const bytes = { fPort: 85, open: 'ff1da0{seconds:u16le}', close: 'ff1d00' };
        Object.assign(zoneOf(f, 0), { valve: { ...node, ...bytes, device: 'lora.one' } });
        const same = { devEui: '00112233AABBCCDD', close: 'FF1D00', device: 'lora.two' };
        Object.assign(zoneOf(f, 1), { valve: { ...node, ...bytes, ...same } });
      },
      /have the same output '00112233aabbccdd\/ff1d00', give each zone/,
    ],
    [
      'a meter that counts for two zones under two names',
      (f) => {
        const box = { family: 'tasmota', device: 'relay-box' };
        Object.assign(zoneOf(f, 0), { valve: { ...box, output: 1, flowMeter: { device: 'meter' } } });
        const flowMeter = { device: 'meter', channel: 'flow' };
        Object.assign(zoneOf(f, 1), { valve: { ...box, output: 2, flowMeter } });
      },
      /zones\[0\]\.valve\.flowMeter names no channel of 'meter', of which plots\[0\]\.zones\[1\]\.valve\.flowMeter names 'flow'/,
    ],
    [
      'a limit beyond what the device can be told',
      (f) => void Object.assign(zoneOf(f, 0), { valve: zigbee, maxRunSeconds: 7000 }),
      /zones\[0\]\.valve closes by itself after 6553 s at the latest: set maxRunSeconds/,
    ],
    [
      'a flow band beside the nominal flow',
      (f) => void Object.assign(zoneOf(f, 0), { minFlowLitresPerMinute: 40, maxFlowLitresPerMinute: 30 }),
      /minFlowLitresPerMinute must be below .*maxFlowLitresPerMinute must be above/,
    ],
  ])('%s', (_name, edit, message) => {
    expect(() => checkFarm(change(edit), 'farm.json')).toThrow(message);
  });

  it('tells every error at once', () => {
    const wrong = change((f) => {
      plotOf(f, 0).areaHectares = -1;
      zoneOf(f, 2).runSeconds = 0;
    });
    expect(() => checkFarm(wrong, 'farm.json')).toThrow(/areaHectares.*runSeconds/);
  });
});

it('is the same layout at another time, and another one after a change', () => {
  const record = layoutRecord(demoFarm(), 1);
  expect(sameLayout(record, layoutRecord(demoFarm(), 2))).toBe(true);
  expect(sameLayout(record, layoutRecord({ ...demoFarm(), farmDevices: [] }, 1))).toBe(false);
});
