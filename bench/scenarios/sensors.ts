import { oneZone } from './farms.ts';
import { byNeed } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import { flagged, jumped, rainUntold } from './traces.ts';

const farm = oneZone({ firstMoisture: 0.22 }, 'binh-thuan');
const given = { farm, own: { program: byNeed }, length: 'P12D', tickSeconds: 20 } as const;
/** What the crop drinks in that time, whatever the probe says. */
const litres = { z1: [16_000, 21_000] } as const;

/** Probes and stations that lie: the model goes on. */
export const sensors: readonly FarmScenario[] = [
  {
    name: 'probe-true',
    title: 'The same without faults, to compare',
    ...given,
    expect: { litres },
  },
  {
    name: 'probe-dead',
    title: 'The soil probe falls silent',
    ...given,
    faults: [{ fault: 'sensor-dead', at: 'P2D', target: 'soil-z1' }],
    expect: { litres, alarms: ['soil-z1 sensor_silent'] },
  },
  {
    name: 'probe-flat',
    title: 'The soil probe says one number for ever',
    ...given,
    faults: [{ fault: 'sensor-flat', at: 'P2D', target: 'soil-z1', metric: 'soil_moisture' }],
    expect: { litres, alarms: ['z1 probe_flat'] },
  },
  {
    name: 'probe-drifting',
    title: 'The soil probe drifts to the wet side, 0.01 a day',
    ...given,
    faults: [
      { fault: 'sensor-drifting', at: 'P1D', target: 'soil-z1', metric: 'soil_moisture', perDay: 0.01 },
    ],
    // No less than without the drift; the last watering comes a day earlier, and falls into the time.
    expect: { litres: { z1: [16_000, 22_000] }, alarms: ['z1 probe_drifts'] },
    fallsShort:
      'found out on the tenth day, when it tells of water that no drained soil holds; less is watered until then',
  },
  {
    name: 'probe-drifting-dry',
    title: 'The soil probe drifts to the dry side, 0.01 a day',
    ...given,
    faults: [
      { fault: 'sensor-drifting', at: 'P1D', target: 'soil-z1', metric: 'soil_moisture', perDay: -0.01 },
    ],
    // Likewise: what is watered early is not watered later.
    expect: { litres: { z1: [16_000, 26_000] }, alarms: ['z1 probe_drifts'] },
  },
  {
    name: 'probe-jumping',
    title: 'The soil probe jumps by 0.1 in every third value',
    ...given,
    faults: [
      { fault: 'sensor-jumping', at: 'P1D', target: 'soil-z1', metric: 'soil_moisture', by: 0.1, rate: 0.3 },
    ],
    expect: { litres, mayRaise: ['z1 probe_jumps'], traces: [jumped(0.08, 200)] },
    fallsShort: 'nobody is told',
  },
  {
    name: 'probe-times-ten',
    title: 'The soil probe says ten times the number',
    ...given,
    faults: [{ fault: 'unit-wrong', at: 'P1D', target: 'soil-z1', metric: 'soil_moisture', factor: 10 }],
    expect: { litres, traces: [flagged('outOfRange', 500)] },
  },
  {
    name: 'rain-gauge-dead',
    title: 'Rain on a dead rain gauge: the probe keeps the soil from drowning',
    farm: oneZone({}, 'red-river-delta'),
    own: { program: byNeed },
    length: 'P16D',
    tickSeconds: 20,
    start: '2026-08-01T00:00:00+07:00',
    faults: [{ fault: 'rain-gauge-dead', at: 'PT1H', target: 'weather' }],
    // With its gauge 4 m³ in two openings; with neither gauge nor probe 23 m³ in ten, and 47 mm go too deep.
    expect: {
      litres: { z1: [8_000, 16_000] },
      starts: { z1: [4, 8] },
      percolationMm: 42,
      traces: [rainUntold(50)],
    },
    fallsShort: 'some of it is water that rain had brought; without the probe it would be twice as much',
  },
  {
    name: 'wind-times-ten',
    title: 'The wind comes in another unit: ten times the number',
    ...given,
    faults: [{ fault: 'unit-wrong', at: 'P1D', target: 'weather', metric: 'wind_speed', factor: 10 }],
    expect: { litres, alarms: ['weather weather_wind_doubted'] },
  },
  {
    name: 'station-dead',
    title: 'The weather station falls silent',
    ...given,
    faults: [{ fault: 'sensor-dead', at: 'P3D', target: 'weather' }],
    expect: { litres, alarms: ['weather sensor_silent'] },
  },
];
