import { matchTopic } from '@nongtin/broker/wire';
import { beforeEach, expect, test } from 'vitest';
import { actuatorOf, type Command, type Valve, valveProblems } from '../edge/actuators/index.ts';
import { createProfiles, type Parsed, shortMemory } from '../edge/profiles/index.ts';
import { MemoryBus, Simulation, scenarioOf, VirtualScheduler } from '../firmware-sim/index.ts';

/** The gateway's own words and ears against the simulator's devices, which were written after their makers' documents. */
const DEV_EUI = '24e124460b000001';
const flowMeter = (zone: string) => ({ device: `meter-${zone}` });
const valves: Readonly<Record<string, { readonly valve: Valve; readonly waitSeconds: number }>> = {
  tasmota: {
    valve: { family: 'tasmota', device: 'pump_house', output: 1, flowMeter: flowMeter('tasmota') },
    waitSeconds: 2,
  },
  shelly: {
    valve: { family: 'shelly', device: 'valve-shelly', flowMeter: flowMeter('shelly') },
    waitSeconds: 2,
  },
  zigbee: {
    valve: { family: 'zigbee2mqtt', device: 'zigbee.valve-zigbee', flowMeter: flowMeter('zigbee') },
    waitSeconds: 2,
  },
  lora: {
    valve: {
      ...{ family: 'chirpstack', device: `chirpstack.${DEV_EUI}`, devEui: DEV_EUI, fPort: 85 },
      ...{ application: '0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01', flowMeter: flowMeter('lora') },
      ...{ open: 'ff1da000{seconds:u24le}', close: 'ff1d0000' },
    },
    waitSeconds: 660,
  },
};
const names = Object.keys(valves);

let scheduler: VirtualScheduler;
let bus: MemoryBus;
let simulation: Simulation;
/** The last `valve_open` by device and channel, and messages that no family could read. */
let open: Map<string, number>;
let unread: string[];

beforeEach(() => {
  const scenario = scenarioOf({
    ...{
      format: 'nongtin-scenario-1',
      name: 'test',
      title: { vi: 'Thử', en: 'Test' },
      farm: 'four-families',
    },
    ...{ start: '2026-02-10T05:00:00+07:00', length: 'P2D' },
    faults: [{ fault: 'farm-power-cut', at: 'PT4H', for: 'PT5M' }],
  });
  scheduler = new VirtualScheduler(scenario.startMs);
  bus = new MemoryBus(scheduler);
  simulation = new Simulation({ scenario, scheduler, connect: bus.connect });
  open = new Map();
  unread = [];
  const profiles = createProfiles(shortMemory());
  bus.subscribe('#', ({ topic, payload, by }) => {
    const match = matchTopic(topic);
    // What the controller itself says is no device's word; presence is not read by a family.
    if (by === '' || match?.name === 'status') return;
    const spoken = match && { name: match.name, rest: match.rest, speaker: by, topic };
    const profile = spoken && profiles.find(spoken);
    if (!spoken || !profile) {
      unread.push(topic);
      return;
    }
    const input = { payload: Buffer.from(payload), receivedAtMs: scheduler.nowMs(), zoneOffsetMinutes: 420 };
    note(profile.parse({ ...spoken, ...input }) as Parsed, by, topic);
  });
  simulation.start();
  wait(30);
});

function note(parsed: Parsed, speaker: string, topic: string): void {
  if (parsed.kind === 'problem') unread.push(`${topic}: ${parsed.detail}`);
  if (parsed.kind !== 'readings') return;
  for (const { metric, channel, value } of parsed.readings) {
    const device = parsed.device === undefined ? speaker : `${speaker}.${parsed.device}`;
    if (metric === 'valve_open') open.set(`${device} ${channel}`, value);
  }
}

const wait = (seconds: number) => scheduler.advance(seconds * 1000);
const say = (commands: readonly Command[]) => {
  for (const { topic, payload } of commands) bus.publish({ topic, payload });
};
const wish = (id: string) => ({ commandId: id, atMs: scheduler.nowMs() });
const isOpen = (zone: string) => simulation.truth().zones[zone]?.openSinceMs !== null;
const partsOf = (zone: string) => {
  const { valve, waitSeconds } = valves[zone] ?? expect.fail(`no zone ${zone}`);
  return { valve, waitSeconds, actuator: actuatorOf(valve) };
};

test.each(names)('%s: the gateway finds nothing wrong with the address', (zone) => {
  const { valve } = partsOf(zone);
  expect(valveProblems(valve as object, 'valve', 1_800)).toEqual([]);
});

test.each(names)('%s: an opening opens, and ends by the device’s own means after its cut-off', (zone) => {
  const { actuator, waitSeconds } = partsOf(zone);
  say(actuator.provision({ ...wish('provision'), limitSeconds: 1_800 }));
  wait(waitSeconds);
  say(actuator.open({ ...wish('open'), durationSeconds: 900 }));
  wait(waitSeconds);
  expect(isOpen(zone)).toBe(true);
  wait(1_000);
  expect(isOpen(zone)).toBe(false);
  expect(simulation.truth().zones[zone]?.longestOpenSeconds).toBeCloseTo(actuator.cutOffSeconds(900), -0.5);
  expect(unread).toEqual([]);
});

test.each(names)('%s: a closing closes, long before the cut-off', (zone) => {
  const { actuator, waitSeconds } = partsOf(zone);
  say(actuator.open({ ...wish('open'), durationSeconds: 6_000 }));
  wait(waitSeconds);
  expect(isOpen(zone)).toBe(true);
  say(actuator.close(wish('close')));
  wait(waitSeconds);
  expect(isOpen(zone)).toBe(false);
});

test.each(['tasmota', 'shelly'])('%s: what was provisioned keeps it closed after a power cut', (zone) => {
  const { actuator, waitSeconds } = partsOf(zone);
  say(actuator.provision({ ...wish('provision'), limitSeconds: 1_800 }));
  wait(4 * 3_600 - 700 - 30);
  say(actuator.open({ ...wish('open'), durationSeconds: 1_700 }));
  wait(waitSeconds);
  expect(isOpen(zone)).toBe(true);
  wait(1_200);
  expect(isOpen(zone)).toBe(false);
});

test.each(['zigbee', 'lora'])(
  '%s: a battery valve stays open in a power cut, and still ends by itself',
  (zone) => {
    const { actuator, waitSeconds } = partsOf(zone);
    wait(4 * 3_600 - 900 - 30);
    say(actuator.open({ ...wish('open'), durationSeconds: 1_700 }));
    wait(1_000);
    expect(isOpen(zone)).toBe(true);
    wait(1_400);
    expect(isOpen(zone)).toBe(false);
    expect(simulation.truth().zones[zone]?.longestOpenSeconds).toBeCloseTo(
      actuator.cutOffSeconds(1_700),
      -0.5,
    );
    wait(waitSeconds);
    expect(unread).toEqual([]);
  },
);

test.each([
  ['tasmota', 'pump_house POWER1'],
  ['shelly', 'valve-shelly switch:0'],
  ['zigbee', 'zigbee.valve-zigbee '],
  ['lora', `chirpstack.${DEV_EUI} 1`],
])('%s: the gateway reads that it opened and that it closed', (zone, reading) => {
  const { actuator, waitSeconds } = partsOf(zone);
  expect(open.get(reading)).toBe(0);
  say(actuator.open({ ...wish('open'), durationSeconds: 900 }));
  wait(waitSeconds);
  expect(open.get(reading)).toBe(1);
  wait(1_000);
  expect(open.get(reading)).toBe(0);
  expect(unread).toEqual([]);
});
