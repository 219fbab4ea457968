import { expect, it } from 'vitest';
import { demoFarm } from '../../farm/demo.ts';
import { type Zone, zonesOf } from '../../farm/layout.ts';
import { only, opens, testController } from './controller.suite.ts';

const half = { maxRunSeconds: 1800, leaseSeconds: 600 };
const ours = zonesOf(demoFarm()).map((zone): Zone => ({ ...zone, ...half }));
const relays = ours.map(
  (zone): Zone => ({
    ...zone,
    valve: { family: 'tasmota', device: `relay-${zone.id}`, flowMeter: { device: `meter-${zone.id}` } },
  }),
);

function watered(zones: readonly Zone[], seconds = 1500) {
  const farm = testController({ zones }).swept();
  farm.send({ kind: 'open', zone: 'a1', requestId: 'r', durationSeconds: seconds });
  const runId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId });
  let litres = 1000;
  let heard = runId;
  const flows = () => {
    litres += 10;
    return farm.valve({
      ...{ state: 'open', cause: 'periodic', flowLitresPerMinute: 38, totalLitres: litres },
      ...(typeof zones[0]?.valve === 'string' ? { commandId: heard } : {}),
    });
  };
  flows();
  return {
    ...{ farm, runId, flows },
    /** The valve hears the latest opening. */
    hear: () => {
      heard = opens(farm.actions).at(-1)?.id ?? heard;
      return flows();
    },
    sent: () => opens(farm.actions).map(({ id, durationSeconds }) => [id, durationSeconds]),
  };
}

const driven = (valve: NonNullable<Zone['valve']>) => ours.map((zone): Zone => ({ ...zone, valve }));
const flowMeter = { device: 'meter' };

it.each([
  ['one of ours', ours],
  ['a relay', relays],
  ['a Shelly', driven({ family: 'shelly', device: 'relay', flowMeter })],
  [
    'a Zigbee valve that somebody has seen renew',
    driven({ family: 'zigbee2mqtt', device: 'bridge.valve', renews: true, flowMeter }),
  ],
])(
  'a long run of %s is opened for its lease, and again when half of it is left, to its planned end',
  (_whose, zones) => {
    const { farm, runId, hear, flows, sent } = watered(zones);
    expect(sent()).toEqual([[runId, 600]]);
    farm.wait(299);
    flows();
    expect(sent()).toHaveLength(1);
    for (let seconds = 0; seconds < 1200; seconds += 4) {
      farm.wait(4);
      hear();
    }
    expect(sent().map(([id]) => id)).toEqual([runId, `${runId}~2`, `${runId}~3`, `${runId}~4`]);
    const lasts = sent().map(([, duration]) => Number(duration));
    expect(lasts.slice(0, 3)).toEqual([600, 600, 600]);
    // The last one ends with the run.
    expect(lasts.at(-1)).toBeLessThan(600);
    farm.wait(1);
    const [run] = only(farm.valve({ cause: 'lease_ended', commandId: `${runId}~4` }), 'journal_run');
    expect(run?.record).toMatchObject({ outcome: 'completed', actualSeconds: 1500, plannedSeconds: 1500 });
  },
);

it('a lost renewal is sent again under its id, for what is left', () => {
  const { farm, runId, flows, sent } = watered(ours, 800);
  farm.wait(301);
  flows();
  farm.wait(31);
  expect(sent().slice(1)).toEqual([
    [`${runId}~2`, 499],
    [`${runId}~2`, 468],
  ]);
});

it('a valve that closed because no renewal reached it is not opened again: the run was interrupted', () => {
  const { farm, runId, flows, sent } = watered(ours);
  farm.wait(301);
  flows();
  farm.wait(299);
  const before = sent().length;
  const [run] = only(farm.valve({ cause: 'lease_ended', commandId: runId }), 'journal_run');
  expect(run?.record).toMatchObject({ outcome: 'interrupted', actualSeconds: 600 });
  farm.wait(5);
  expect(sent()).toHaveLength(before);
});

it.each([
  ['has not been heard of', (farm: ReturnType<typeof watered>) => farm],
  [
    'shows a flow that is not as it should be',
    ({ farm }: ReturnType<typeof watered>) =>
      farm.valve({ state: 'open', cause: 'periodic', flowLitresPerMinute: 1, totalLitres: 1011 }),
  ],
])('a lease is not renewed while the valve %s', (_what, say) => {
  const story = watered(ours);
  const { farm, sent } = story;
  farm.wait(1);
  if (_what.startsWith('shows')) say(story);
  else {
    // Its only word came before the opening that it has confirmed.
    farm.state = {
      ...farm.state,
      zones: { ...farm.state.zones, a1: { ...farm.zone(), valve: null } },
    };
  }
  farm.wait(300);
  expect(sent()).toHaveLength(1);
});

it('the limit of the zone counts from the first opening, however late the valve has said that it is open', () => {
  const farm = testController({ zones: ours }).swept();
  farm.send({ kind: 'open', zone: 'a1', requestId: 'r', durationSeconds: 1800 });
  const runId = farm.runId();
  farm.send({ kind: 'intent_durable', zone: 'a1', runId });
  const firstSentMs = farm.now.farmMs;
  farm.wait(20);
  let litres = 1000;
  for (let seconds = 20; seconds < 1900; seconds += 5) {
    litres += 3;
    const commandId = opens(farm.actions).at(-1)?.id;
    farm.valve({ state: 'open', cause: 'periodic', flowLitresPerMinute: 38, totalLitres: litres, commandId });
    const before = opens(farm.actions).length;
    farm.wait(5);
    for (const { durationSeconds } of opens(farm.actions).slice(before))
      expect(farm.now.farmMs + durationSeconds * 1000).toBeLessThanOrEqual(firstSentMs + 1_800_000);
  }
  expect(opens(farm.actions).length).toBeGreaterThan(3);
});

it.each([
  ['zigbee2mqtt', { family: 'zigbee2mqtt', device: 'bridge.valve', flowMeter }],
  ['esphome', { family: 'esphome', device: 'node', output: 'valve', cutOffSeconds: 1800, flowMeter }],
  [
    'chirpstack',
    {
      family: 'chirpstack',
      ...{ device: 'lora.valve', application: '17c82e96', devEui: '24E124460B000001' },
      ...{ fPort: 85, open: 'ff1da000{seconds:u24le}', close: 'ff1d0000', flowMeter },
    },
  ],
] as const)(
  'a family of which nobody knows that it takes one is given the whole run at once: %s',
  (_family, valve) => {
    const [zone] = ours;
    const { runId, sent } = watered([{ ...(zone as Zone), valve }]);
    expect(sent()).toEqual([[runId, 1500]]);
  },
);
