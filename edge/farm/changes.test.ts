import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalRecord } from '@nongtin/broker/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  addPlot,
  addZone,
  changeZone,
  expectWord,
  LayoutProblem,
  place,
  removePlot,
  removeZone,
  rename,
  replace,
  retire,
  zoneDefaults,
} from './changes.ts';
import { demoFarm } from './demo.ts';
import { LayoutKeeper } from './keeper.ts';
import { type Farm, farmProblems, zonesOf } from './layout.ts';
import { layoutRecord } from './open.ts';
import { hardwareOf, placedDevices, placesOf } from './places.ts';
import { SeriesNames } from './series-names.ts';

const empty: Farm = { format: 'nongtin-farm-1', site: 'Trang trại', plots: [], farmDevices: [] };
const plot = { name: 'Lô Đông', crop: 'dragon fruit', areaHectares: 0.5 };
const relay = { family: 'tasmota', device: 'pump', output: 1, flowMeter: null } as const;

function oneZone(): Farm {
  const withPlot = addPlot(empty, plot).farm;
  return addZone(withPlot, 'lo-dong', { name: 'Khu 1', ...zoneDefaults }).farm;
}

const problemOf = (change: () => unknown): Pick<LayoutProblem, 'kind' | 'message'> => {
  try {
    change();
  } catch (error) {
    if (error instanceof LayoutProblem) return { kind: error.kind, message: error.message };
    throw error;
  }
  return expect.fail('nothing was refused');
};

describe('a farm that begins empty', () => {
  it('is set up wholly by changes, and is at each step what a farm file may hold', () => {
    const steps = [
      (farm: Farm) => place(farm, { device: 'soil-1', role: 'soil_probe', zone: 'khu-1', name: 'Đất khu 1' }),
      (farm: Farm) =>
        place(farm, {
          device: 'pump',
          role: 'valve',
          zone: 'khu-1',
          valve: relay,
          nominalFlowLitresPerMinute: 20,
        }),
      (farm: Farm) => place(farm, { device: 'meter', role: 'flow_meter', zone: 'khu-1' }),
      (farm: Farm) => place(farm, { device: 'z2m.Lá 1', role: 'sensor', zone: 'khu-1' }),
      (farm: Farm) => place(farm, { device: 'tram', role: 'farm', name: 'Trạm thời tiết' }),
    ];
    const farm = steps.reduce((before, step) => {
      const after = step(before).farm;
      expect(farmProblems(JSON.parse(JSON.stringify(after)))).toEqual([]);
      return after;
    }, oneZone());
    expect(placesOf(farm)).toEqual([
      { device: 'soil-1', role: 'soil_probe', zone: 'khu-1' },
      { device: 'pump', role: 'valve', zone: 'khu-1' },
      { device: 'meter', role: 'flow_meter', zone: 'khu-1' },
      { device: 'z2m.Lá 1', role: 'sensor', zone: 'khu-1' },
      { device: 'tram', role: 'farm', zone: null },
    ]);
    const record = layoutRecord(farm, 1);
    expect(record.plots[0]?.zones[0]?.devices).toEqual(['soil-1', 'pump', 'meter', 'z2m.Lá 1']);
    expect(record.farmDevices).toEqual(['tram']);
  });

  it('names what it makes after the name that people gave, and never twice the same', () => {
    const once = addPlot(empty, plot);
    const twice = addPlot(once.farm, plot);
    expect([once.id, twice.id, addPlot(empty, { ...plot, name: '园' }).id]).toEqual([
      'lo-dong',
      'lo-dong-2',
      'plot',
    ]);
  });
});

describe('a change that cannot be is refused with its reason', () => {
  const farm = place(oneZone(), { device: 'soil-1', role: 'soil_probe', zone: 'khu-1' }).farm;
  it.each<[string, () => unknown, LayoutProblem['kind'], RegExp]>([
    [
      'a zone that is not there',
      () => place(farm, { device: 'x', role: 'sensor', zone: 'q' }),
      'unknown',
      /no zone 'q'/,
    ],
    [
      'a role without its zone',
      () => place(farm, { device: 'x', role: 'valve' }),
      'wrong',
      /in which zone 'x' stands/,
    ],
    [
      'a second probe',
      () => place(farm, { device: 'soil-2', role: 'soil_probe', zone: 'khu-1' }),
      'conflict',
      /has a soil probe already/,
    ],
    [
      'a device that stands elsewhere in the same role',
      () =>
        place(addZone(farm, 'lo-dong', { name: 'Khu 2', ...zoneDefaults }).farm, {
          device: 'soil-1',
          role: 'soil_probe',
          zone: 'khu-2',
        }),
      'conflict',
      /is soil_probe of khu-1 already/,
    ],
    [
      'a valve of which nobody says how much it lets through',
      () => place(farm, { device: 'v', role: 'valve', zone: 'khu-1' }),
      'wrong',
      /how many litres a minute/,
    ],
    [
      'a valve that has no cut-off of its own',
      () =>
        place(farm, {
          ...{ device: 'node', role: 'valve', zone: 'khu-1', nominalFlowLitresPerMinute: 20 },
          valve: { family: 'esphome', device: 'node', output: 'van', flowMeter: null } as never,
        }),
      'wrong',
      /has no cutOffSeconds/,
    ],
    [
      'a meter without a valve',
      () => place(farm, { device: 'm', role: 'flow_meter', zone: 'khu-1' }),
      'conflict',
      /its valve first/,
    ],
    ['a plot that is not empty', () => removePlot(farm, 'lo-dong'), 'conflict', /still has 1 zones/],
    ['a device without a place', () => rename(farm, 'ghost', 'Ma'), 'unknown', /'ghost' has no place/],
    [
      'a threshold above the target',
      () => changeZone(farm, 'khu-1', { openBelowFraction: 0.4 }),
      'wrong',
      /targetFraction/,
    ],
    ['one by itself', () => replace(farm, 'soil-1', 'soil-1'), 'conflict', /speaks for 'soil-1' already/],
  ])('%s', (_name, change, kind, message) => {
    expect(problemOf(change)).toMatchObject({ kind, message: expect.stringMatching(message) });
  });

  it('a valve in the place of a valve: what is commanded must be the device itself, tested', () => {
    const [zone = expect.fail('the demo has zones')] = zonesOf(demoFarm());
    expect(problemOf(() => replace(demoFarm(), String(zone.valve), 'valve-new')).message).toMatch(
      /tested before it acts/,
    );
  });
});

describe('a sensor that is replaced', () => {
  const placed = place(oneZone(), { device: 'soil-1', role: 'soil_probe', zone: 'khu-1' }).farm;

  it('goes on under its name, and the old hardware never speaks under it again', () => {
    const { farm, placements } = replace(placed, 'soil-1', 'z2m.Đất 9');
    const names = new SeriesNames(farm);
    expect([names.of('z2m.Đất 9'), names.of('soil-1'), names.of('other')]).toEqual([
      'soil-1',
      'soil-1.former',
      'other',
    ]);
    expect(placements).toEqual([
      { device: 'soil-1', action: 'replaced', hardware: 'z2m.Đất 9', formerHardware: 'soil-1' },
    ]);
    expect(placedDevices(farm)).toEqual(['soil-1']);
  });

  it('can be replaced again, also by itself after a repair', () => {
    const twice = replace(replace(placed, 'soil-1', 'b').farm, 'soil-1', 'c').farm;
    const names = new SeriesNames(twice);
    expect([names.of('b'), names.of('c')]).toEqual(['b', 'soil-1']);
    const back = replace(twice, 'soil-1', 'soil-1').farm;
    expect(hardwareOf(back, 'soil-1')).toBe('soil-1');
    expect(new SeriesNames(back).of('soil-1')).toBe('soil-1');
  });

  it('frees its hardware when it loses its place', () => {
    const retired = retire(replace(placed, 'soil-1', 'b').farm, 'soil-1').farm;
    expect(new SeriesNames(retired).of('b')).toBe('b');
    expect(zonesOf(retired)[0]?.soilProbe).toBeUndefined();
  });

  it('takes no device that has a place of its own', () => {
    const farm = place(placed, { device: 'tram', role: 'farm' }).farm;
    expect(problemOf(() => replace(farm, 'soil-1', 'tram'))).toMatchObject({ kind: 'conflict' });
  });
});

it('a zone that is removed leaves a word about each of its devices', () => {
  const { farm, placements } = removeZone(demoFarm(), 'a1');
  expect(zonesOf(farm).map(({ id }) => id)).not.toContain('a1');
  expect(placements).toMatchObject([
    { device: 'soil-a1', action: 'retired', role: 'soil_probe' },
    { device: 'valve-a1', action: 'retired', role: 'valve' },
  ]);
});

describe('the layout that is kept', () => {
  function kept(fails: () => boolean = () => false) {
    const folder = mkdtempSync(join(tmpdir(), 'nongtin-layout-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'farm.json');
    const records: JournalRecord[] = [];
    const appendRecord = async (record: JournalRecord) => {
      if (fails()) throw new Error('the disk is full');
      return records.push(record);
    };
    const keeper = new LayoutKeeper({
      farm: oneZone(),
      path,
      journal: { appendRecord },
      clock: { nowMs: () => 5 },
    });
    return { keeper, records, saved: () => JSON.parse(readFileSync(path, 'utf8')) };
  }
  const probe = (device: string) => (farm: Farm) => place(farm, { device, role: 'farm' });

  it('is in the journal, in its file and told, in this order', async () => {
    const { keeper, records, saved } = kept();
    const told: unknown[] = [];
    keeper.follow({ apply: () => told.push([records.map(({ kind }) => kind), saved().farmDevices]) });
    await keeper.change(probe('tram'), 'sau');
    expect(told).toEqual([[['placement', 'layout'], ['tram']]]);
    expect(records[0]).toEqual({
      ...{ kind: 'placement', atMs: 5, device: 'tram', action: 'placed', role: 'farm', recordedBy: 'sau' },
    });
  });

  it('makes changes one after the other, each upon what the one before has made', async () => {
    const { keeper } = kept();
    await Promise.all(['a', 'b', 'c'].map((id) => keeper.change(probe(id), '')));
    expect(keeper.farm.farmDevices).toEqual(['a', 'b', 'c']);
  });

  it('stays as it was when a change is refused or cannot be written, and takes the next one', async () => {
    let isFull = true;
    const { keeper, records } = kept(() => isFull);
    const released: string[] = [];
    keeper.follow({ prepare: () => () => void released.push('released'), apply: () => {} });
    await expect(keeper.change(probe('a'), '')).rejects.toThrow('disk is full');
    isFull = false;
    await expect(keeper.change((farm) => rename(farm, 'ghost', 'x'), '')).rejects.toThrow(LayoutProblem);
    expect([keeper.farm.farmDevices, records, released]).toEqual([[], [], ['released']]);
    await keeper.change(probe('b'), '');
    expect(keeper.farm.farmDevices).toEqual(['b']);
  });
});

it('says after how long a device is missed, and takes that back', () => {
  const farm = place(oneZone(), { device: 'probe-1', role: 'soil_probe', zone: 'khu-1' }).farm;
  const stated = expectWord(farm, 'probe-1', 30).farm;
  expect(stated.devices).toEqual([{ id: 'probe-1', silentAfterMinutes: 30 }]);
  expect(expectWord(stated, 'probe-1', null).farm.devices).toEqual([{ id: 'probe-1' }]);
  expect(problemOf(() => expectWord(farm, 'ghost', 30)).message).toMatch(/'ghost' has no place/);
  expect(problemOf(() => expectWord(farm, 'probe-1', 2)).message).toMatch(/silentAfterMinutes must be >= 5/);
});
