import type { FarmSpec } from '../../firmware-sim/index.ts';
import { twoZones } from './farms.ts';
import { byNeedAtDawn } from './programs.ts';
import type { FarmScenario } from './scenario.ts';
import { cameLate, closedAlone, rainUntold } from './traces.ts';

/** Two zones whose sensors speak as seldom as those with batteries: their season is played in under a minute of processor time. */
const seldom: FarmSpec = {
  ...twoZones,
  devices: twoZones.devices
    .filter(({ kind }) => kind !== 'flow_meter')
    .map((device) => ('everySeconds' in device ? { ...device, everySeconds: 900 } : device)),
};

/** Seconds from the start, which is at five in the morning. */
const after = (days: number, hours: number) => (days * 24 + hours) * 3_600;

/** What comes of many faults in one season, one after the other. */
export const seasons: readonly FarmScenario[] = [
  {
    name: 'rains-to-dry-months',
    title:
      'From the rains into the dry months: the rain gauge dies, probes drift, a night without radio, a burst, a power cut in a run',
    start: '2026-10-10T05:00:00+07:00',
    length: 'P85D',
    farm: seldom,
    own: { program: { ...byNeedAtDawn, triggerRawFraction: 0.6 } },
    tickSeconds: 60,
    faults: [
      { fault: 'rain-gauge-dead', at: 'P8D', for: 'P14D', target: 'weather' },
      {
        fault: 'sensor-drifting',
        at: 'P35D',
        for: 'P12D',
        target: 'soil-n1',
        metric: 'soil_moisture',
        perDay: 0.01,
      },
      {
        fault: 'sensor-drifting',
        at: 'P50D',
        for: 'P12D',
        target: 'soil-n2',
        metric: 'soil_moisture',
        perDay: -0.01,
      },
      { fault: 'wifi-loss', at: 'P54DT14H', for: 'PT12H' },
      { fault: 'pipe-burst', at: 'P62D', for: 'P5D', target: 'n1', litresPerMinute: 90 },
      // Twenty minutes into a watering of both zones.
      { fault: 'gateway-power-cut', at: 'P75DT23H20M', for: 'PT30M' },
    ],
    // Half a day after a probe was put right somebody tells the gateway; an hour after the pipe was mended too.
    people: [
      { atSeconds: after(47, 12), act: ({ planning }) => planning.believeProbe('n1', 'lan') },
      { atSeconds: after(62, 12), act: ({ planning }) => planning.believeProbe('n2', 'lan') },
      { atSeconds: after(67, 1), act: ({ irrigation }) => irrigation.request('n1', { kind: 'unlock' }) },
    ],
    expect: {
      // Without faults 64 and 54 m³, and 84 and 75 mm go too deep, of 238 mm of rain.
      litres: { n1: [70_000, 88_000], n2: [70_000, 88_000] },
      stressDays: 2,
      percolationMm: 150,
      burstLitres: 80,
      openAtOnce: 2,
      alarms: [
        'farm all_silent',
        'n1 flow_too_high',
        'n1 probe_drifts',
        'n2 probe_drifts',
        'pressure-1 gauge_silent',
        'soil-n1 sensor_silent',
        'soil-n2 sensor_silent',
        'tank-1 gauge_silent',
        'weather sensor_silent',
      ],
      // In the dry months two zones draw the tank down, also without faults.
      mayRaise: ['well tank_low'],
      reasons: ['tank_unknown', 'zone_locked'],
      traces: [rainUntold(60), cameLate(3_600, 150), closedAlone('n1'), closedAlone('n2')],
    },
    fallsShort:
      'a fifth of the water of one zone and a third of that of the other was not needed: rain that nobody told of, and a probe that drifts to the dry side for eleven days',
  },
];
