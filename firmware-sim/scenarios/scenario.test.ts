import { describe, expect, test } from 'vitest';
import { farms } from '../farms/index.ts';
import { twoZones } from '../farms/two-zones.ts';
import { faults } from '../faults/index.ts';
import { durationSeconds, instantMs } from './duration.ts';
import { builtInScenario, scenarioNames, scenarioOf } from './library.ts';
import { ScenarioProblem } from './scenario.ts';

const plain = {
  format: 'nongtin-scenario-1',
  name: 'test',
  title: { vi: 'Thử', en: 'Test' },
  start: '2026-02-10T05:00:00+07:00',
  length: 'P1D',
  farm: 'two-zones',
  faults: [] as object[],
};

function problemsOf(change: object): readonly string[] {
  try {
    scenarioOf({ ...plain, ...change });
    return [];
  } catch (error) {
    if (error instanceof ScenarioProblem) return error.problems;
    throw error;
  }
}

const farmWith = (change: (farm: typeof twoZones & { zones: object[] }) => object) => ({
  farm: change(structuredClone(twoZones) as typeof twoZones & { zones: object[] }),
});

describe('a scenario', () => {
  test('is read with its times, and with what it leaves out', () => {
    const fault = { fault: 'pipe-burst', at: 'PT1H30M', for: 'PT10M', target: 'n1', litresPerMinute: 50 };
    const scenario = scenarioOf({ ...plain, faults: [fault], expect: { litres: { n1: [1, 2] } } });
    expect(scenario).toMatchObject({
      ...{ startMs: Date.UTC(2026, 1, 9, 22), lengthSeconds: 86_400, seed: 1, speed: 1 },
      faults: [{ fault: 'pipe-burst', atSeconds: 5_400, forSeconds: 600, options: { litresPerMinute: 50 } }],
      ...{ weather: { climate: 'da-lat' }, expect: { litres: { n1: [1, 2] } } },
    });
    const instant = { fault: 'farm-power-cut', at: '2026-02-10T06:00:00+07:00' };
    expect(scenarioOf({ ...plain, faults: [instant] }).faults).toMatchObject([
      { atSeconds: 3_600, forSeconds: null },
    ]);
  });

  test.each([
    [{ format: 'x' }, 'format '],
    [{ colour: 'red' }, 'colour is not known, remove it'],
    [{ title: { vi: 'Thử' } }, 'title lacks en, add it'],
    [{ start: '2026-02-10' }, 'start must be an instant with an offset'],
    [{ length: '1 day' }, 'length must be an ISO 8601 duration'],
    [{ length: 'P0D' }, 'length must be'],
    [{ farm: 'nowhere' }, 'farm must be one of demo, two-zones'],
    [{ weather: { climate: 'mars' } }, 'weather.climate must be one of binh-thuan'],
    [{ weather: { climate: 'da-lat', file: 'x.csv' } }, 'remove one of them'],
    [{ expect: { burstLiters: 1 } }, 'expect.burstLiters is not known, remove it'],
    [{ expect: { burstLitres: -1 } }, 'expect.burstLitres must be >= 0'],
    [{ expect: { litres: { n1: 5 } } }, 'expect.litres.n1 must be array'],
    [{ expect: { litres: { n1: [5] } } }, 'expect.litres.n1 '],
    [{ expect: { litres: { n9: [0, 1] } } }, 'expect.litres.n9 is none of the zones, name one of n1, n2'],
    [{ expect: { starts: { n1: [2, 1] } } }, 'expect.starts.n1 goes from 2 to 1, write the least first'],
    [{ expect: { flushLitres: [2, 1] } }, 'expect.flushLitres goes from 2 to 1'],
    [{ expect: { longestOpenSeconds: { n9: 1 } } }, 'expect.longestOpenSeconds.n9 is none of the zones'],
    [{ expect: { longestOpenSeconds: 'long' } }, 'expect.longestOpenSeconds must be'],
    [{ expect: { openAtEnd: ['sea'] } }, "expect.openAtEnd[0] 'sea' is no zone and no source"],
    [{ faults: [{ fault: 'ufo', at: 'PT1H' }] }, 'faults[0].fault must be one of device-clock-reset'],
    [{ faults: [{ fault: 'tank-dry', at: 'noon', target: 'well' }] }, 'faults[0].at must be a duration'],
    [{ faults: [{ fault: 'tank-dry', at: 'P2D', target: 'well' }] }, 'faults[0].at lies outside'],
    [{ faults: [{ fault: 'tank-dry', at: 'PT1H', for: 'long', target: 'well' }] }, 'faults[0].for must be'],
    [
      { faults: [{ fault: 'tank-dry', at: 'PT1H', target: 'sea' }] },
      'faults[0].target must name a source with a tank, one of well',
    ],
    [{ faults: [{ fault: 'tank-dry', at: 'PT1H' }] }, 'faults[0].target must name'],
    [{ faults: [{ fault: 'farm-power-cut', at: 'PT1H', target: 'n1' }] }, 'faults[0].target is not needed'],
    [
      { faults: [{ fault: 'meter-dead', at: 'PT1H', target: 'pump-1' }] },
      'one of valve-n1, valve-n2, meter-1',
    ],
    [
      { faults: [{ fault: 'pipe-burst', at: 'PT1H', target: 'n1' }] },
      'faults[0] lacks litresPerMinute, add it',
    ],
    [
      { faults: [{ fault: 'tank-dry', at: 'PT1H', target: 'well', depth: 1 }] },
      'faults[0].depth is not known',
    ],
    [{ faults: [{ fault: 'messages-lost', at: 'PT1H', rate: 2 }] }, 'faults[0].rate must be <= 1'],
  ])('is refused with the field and the remedy: %j', (change, problem) => {
    expect(problemsOf(change).join('\n')).toContain(problem);
  });

  test('is refused with everything that is wrong at once', () => {
    const wrong = [
      { fault: 'ufo', at: 'PT1H' },
      { fault: 'tank-dry', at: 'PT1H', target: 'sea' },
    ];
    expect(problemsOf({ faults: wrong })).toHaveLength(2);
  });
});

describe('a farm', () => {
  test.each([
    [farmWith((farm) => ({ ...farm, climate: 'mars' })), 'farm.climate must be one of'],
    [
      farmWith((farm) => ({ ...farm, zones: [{ ...farm.zones[0], areaM2: -1 }] })),
      'farm.zones[0].areaM2 must be > 0',
    ],
    [
      farmWith((farm) => ({ ...farm, zones: [{ ...farm.zones[0], source: 'sea' }] })),
      "zones[0].source 'sea' is none of the sources",
    ],
    [
      farmWith((farm) => ({ ...farm, zones: [farm.zones[0], farm.zones[0]] })),
      "zones[1].id 'n1' is taken already",
    ],
    [
      farmWith((farm) => ({ ...farm, devices: [{ id: 'x', kind: 'drone' }] })),
      'devices[0].kind must be one of valve',
    ],
    [
      farmWith((farm) => ({ ...farm, devices: [{ id: 'x', kind: 'valve', zone: 'z9' }] })),
      "devices[0].zone 'z9' is none",
    ],
    [
      farmWith((farm) => ({ ...farm, devices: [{ id: 'x', kind: 'valve', zone: 'n1', family: 'hue' }] })),
      'devices[0].family must be one of nongtin, tasmota',
    ],
    [
      farmWith((farm) => ({
        ...farm,
        devices: [{ id: 'x', kind: 'valve', zone: 'n1', family: 'tasmota', settings: { output: 0 } }],
      })),
      'devices[0].settings.output must be >= 1',
    ],
    [
      farmWith((farm) => ({ ...farm, devices: [...farm.devices, { id: 'x', kind: 'valve', zone: 'n1' }] })),
      'drives the valve of n1, as valve-n1 does',
    ],
    [
      farmWith((farm) => ({
        ...farm,
        devices: [{ id: 'x', kind: 'flow_meter', litresPerPulse: 1, everySeconds: 1 }],
      })),
      'devices[0] needs either a zone or a source',
    ],
    [
      farmWith((farm) => ({ ...farm, sources: [{ id: 'well' }], devices: [] })),
      'sources[0] needs either a pump or pressureKpa',
    ],
  ])('is refused with the field and the remedy (%#)', (change, problem) => {
    expect(problemsOf(change).join('\n')).toContain(problem);
  });

  test('that is built in can be built', () => {
    for (const farm of farms) expect(problemsOf({ farm: farm.name })).toEqual([]);
  });

  test('needs soil that holds its roots, and limits in their order', () => {
    const [zone] = twoZones.zones;
    const soil = { layers: [{ ...zone?.soil.layers[0], fieldCapacity: 0.1 }] };
    const problems = problemsOf({ farm: { ...twoZones, zones: [{ ...zone, soil }], devices: [] } });
    expect(problems).toEqual([
      expect.stringContaining('farm.zones[0].soil.layers[0] needs wiltingPoint < fieldCapacity < saturation'),
      expect.stringContaining('farm.zones[0].crop.rootDepthByDay reaches 0.6 m, below the 0.15 m'),
    ]);
  });
});

test('every scenario that comes with the simulator can be read, is called like its file, has both languages and is judged', () => {
  expect(scenarioNames().length).toBeGreaterThan(20);
  for (const name of scenarioNames()) {
    const scenario = builtInScenario(name);
    expect(scenario.name).toBe(name);
    expect(scenario.title.vi).not.toBe(scenario.title.en);
    expect(Object.keys(scenario.expect ?? {})).not.toEqual([]);
  }
});

test('every fault says what it does and is called as a scenario writes it', () => {
  for (const [name, { does }] of Object.entries(faults)) {
    expect(name).toMatch(/^[a-z-]+$/);
    expect(does.length).toBeGreaterThan(20);
  }
});

test.each([
  ['P1DT6H', 108_000],
  ['PT90S', 90],
  ['PT0S', 0],
  ['P', undefined],
  ['PT', undefined],
  ['P1DT', undefined],
  ['6h', undefined],
])('%s is %s seconds', (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds);
});

test('an instant has an offset', () => {
  expect(instantMs('2026-02-10T05:00+07:00')).toBe(Date.UTC(2026, 1, 9, 22));
  expect(instantMs('2026-02-10T05:00')).toBeUndefined();
  expect(instantMs('2026-02-31T99:00Z')).toBeUndefined();
});
