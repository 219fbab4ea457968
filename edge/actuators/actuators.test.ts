import { matchTopic, topics } from '@nongtin/broker/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actuatorOf, type Command, type ForeignValve, type Valve, valveProblems } from './index.ts';

const flowMeter = { device: 'meter-1' };
const AT_MS = Date.parse('2026-11-22T01:00:00Z');
const valves = {
  nongtin: 'valve-a1',
  tasmota: { family: 'tasmota', device: 'tasmota_49A3BC', output: 2, flowMeter },
  tasmotaTopicFirst: {
    family: 'tasmota',
    device: 'tasmota_49A3BC',
    fullTopic: '%topic%/%prefix%/',
    flowMeter,
  },
  shelly: { family: 'shelly', device: 'shellypro4pm-30c6f784e78c', output: 1, flowMeter },
  zigbee: { family: 'zigbee2mqtt', device: 'zigbee.Van 1', flowMeter: { device: 'zigbee.Van 1' } },
  zigbeeTenfold: {
    ...{ family: 'zigbee2mqtt', device: 'z2m.x', name: 'vườn/van 2', baseTopic: 'z2m', output: 'l1' },
    ...{ onTimeUnitSeconds: 10, flowMeter },
  },
  zigbeeTenths: { family: 'zigbee2mqtt', device: 'zigbee.v', onTimeUnitSeconds: 0.1, flowMeter },
  esphome: { family: 'esphome', device: 'greenhouse', output: 'valve_1', cutOffSeconds: 1800, flowMeter },
  esphomeValve: {
    ...{ family: 'esphome', device: 'greenhouse', component: 'valve', output: 'line-2' },
    ...{ cutOffSeconds: 600, flowMeter },
  },
  chirpstack: {
    ...{ family: 'chirpstack', device: 'lora.uc511', application: '17c82e96-be03-4f38-aef3-f83d48582d97' },
    ...{ devEui: '24E124460B000001', fPort: 85, open: 'ff1da000{seconds:u24le}', close: 'ff1d0000' },
    flowMeter,
  },
  thingsStack: {
    ...{ family: 'things-stack', device: 'tts.valve-1', application: 'farm@ttn', deviceId: 'valve-1' },
    ...{ fPort: 11, open: '01{minutes:u8}', close: '00', provision: '08{minutes:u16be}', flowMeter },
  },
} as const satisfies Record<string, Valve>;

const wish = { commandId: 'boot-7', atMs: AT_MS };
const open = (valve: Valve, durationSeconds: number) => actuatorOf(valve).open({ ...wish, durationSeconds });
const close = (valve: Valve) => actuatorOf(valve).close(wish);
const provision = (valve: Valve, limitSeconds: number) =>
  actuatorOf(valve).provision({ ...wish, limitSeconds });
/** Payloads that are JSON as values. */
const told = (commands: readonly Command[]) =>
  commands.map(({ topic, payload }) => [topic, /^[{]/.test(payload) ? JSON.parse(payload) : payload]);
const shelly = 'shellypro4pm-30c6f784e78c';
const chirpstack = `application/${valves.chirpstack.application}/device/24e124460b000001/command/down`;
const expiresAt = '2026-11-22T01:20:00.000Z';
const id = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);

describe('a valve is opened for a time, after which its device closes it', () => {
  it.each<[keyof typeof valves, number, unknown[]]>([
    [
      'nongtin',
      600,
      [['nongtin/v1/valve-a1/valve/command', { id: 'boot-7', action: 'open', durationSeconds: 600 }]],
    ],
    ['tasmota', 600, [['cmnd/tasmota_49A3BC/Backlog0', 'PulseTime2 700;Power2 ON']]],
    ['tasmota', 11, [['cmnd/tasmota_49A3BC/Backlog0', 'PulseTime2 110;Power2 ON']]],
    ['tasmota', 12, [['cmnd/tasmota_49A3BC/Backlog0', 'PulseTime2 112;Power2 ON']]],
    ['tasmota', 64_800, [['cmnd/tasmota_49A3BC/Backlog0', 'PulseTime2 64900;Power2 ON']]],
    ['tasmotaTopicFirst', 60, [['tasmota_49A3BC/cmnd/Backlog0', 'PulseTime1 160;Power1 ON']]],
    [
      'shelly',
      600,
      [
        [
          `${shelly}/rpc`,
          {
            ...{ id: 'boot-7', src: `${shelly}/answer`, method: 'Switch.Set' },
            params: { id: 1, on: true, toggle_after: 600 },
          },
        ],
      ],
    ],
    ['zigbee', 300, [['zigbee2mqtt/Van 1/set', { state: 'ON', on_time: 300, off_wait_time: 0 }]]],
    ['zigbeeTenfold', 301, [['z2m/vườn/van 2/set', { state_l1: 'ON', on_time: 31, off_wait_time: 0 }]]],
    ['zigbeeTenths', 7, [['zigbee2mqtt/v/set', { state: 'ON', on_time: 70, off_wait_time: 0 }]]],
    ['esphome', 600, [['greenhouse/switch/valve_1/command', 'ON']]],
    ['esphomeValve', 600, [['greenhouse/valve/line-2/command', 'OPEN']]],
    [
      'chirpstack',
      60,
      [
        [
          chirpstack,
          {
            ...{ id, devEui: '24e124460b000001', confirmed: true, fPort: 85, expiresAt },
            data: Buffer.from('ff1da0003c0000', 'hex').toString('base64'),
          },
        ],
      ],
    ],
    [
      'thingsStack',
      61,
      [
        [
          'v3/farm@ttn/devices/valve-1/down/replace',
          {
            downlinks: [
              {
                ...{ f_port: 11, frm_payload: 'AQI=', priority: 'HIGHEST', confirmed: true },
                correlation_ids: ['nongtin:boot-7'],
              },
            ],
          },
        ],
      ],
    ],
  ])('%s for %i s', (name, seconds, expected) => {
    expect(told(open(valves[name], seconds))).toEqual(expected);
  });
});

describe('a valve is closed', () => {
  it.each<[keyof typeof valves, string, unknown]>([
    ['nongtin', 'nongtin/v1/valve-a1/valve/command', { id: 'boot-7', action: 'close' }],
    ['tasmota', 'cmnd/tasmota_49A3BC/Power2', 'OFF'],
    [
      'shelly',
      `${shelly}/rpc`,
      { id: 'boot-7', src: `${shelly}/answer`, method: 'Switch.Set', params: { id: 1, on: false } },
    ],
    ['zigbee', 'zigbee2mqtt/Van 1/set', { state: 'OFF' }],
    ['zigbeeTenfold', 'z2m/vườn/van 2/set', { state_l1: 'OFF' }],
    ['esphome', 'greenhouse/switch/valve_1/command', 'OFF'],
    ['esphomeValve', 'greenhouse/valve/line-2/command', 'CLOSE'],
    ['chirpstack', chirpstack, expect.objectContaining({ data: '/x0AAA==', expiresAt, confirmed: true })],
    [
      'thingsStack',
      'v3/farm@ttn/devices/valve-1/down/replace',
      { downlinks: [expect.objectContaining({ frm_payload: 'AA==', confirmed: true })] },
    ],
  ])('%s', (name, topic, payload) => {
    expect(told(close(valves[name]))).toEqual([[topic, payload]]);
  });
});

describe('a device is set up to close by itself, whoever opens it, and to stay closed after a power cut', () => {
  it.each<[keyof typeof valves, unknown[]]>([
    ['nongtin', []],
    ['tasmota', [['cmnd/tasmota_49A3BC/Backlog0', 'PowerOnState 0;PulseTime2 1900']]],
    [
      'shelly',
      [
        [
          `${shelly}/rpc`,
          {
            ...{ id: 'boot-7', src: `${shelly}/answer`, method: 'Switch.SetConfig' },
            params: { id: 1, config: { initial_state: 'off', auto_off: true, auto_off_delay: 1800 } },
          },
        ],
      ],
    ],
    ['zigbee', []],
    ['esphome', []],
    ['chirpstack', []],
    [
      'thingsStack',
      [
        [
          'v3/farm@ttn/devices/valve-1/down/push',
          { downlinks: [expect.objectContaining({ frm_payload: 'CAAe' })] },
        ],
      ],
    ],
  ])('%s', (name, expected) => {
    expect(told(provision(valves[name], 1800))).toEqual(expected);
  });
});

/** The cut-off, in seconds, that the messages themselves hold. */
function cutOffIn(name: keyof typeof valves, commands: readonly Command[]): number {
  const [command] = commands;
  if (command === undefined || commands.length !== 1) throw new Error('one message carries an opening');
  const json = command.payload.startsWith('{') ? JSON.parse(command.payload) : {};
  switch (name) {
    case 'nongtin':
      return json.durationSeconds;
    case 'tasmota':
    case 'tasmotaTopicFirst': {
      const time = Number(/^PulseTime\d (\d+);/.exec(command.payload)?.[1]);
      return time <= 111 ? time / 10 : time - 100;
    }
    case 'shelly':
      return json.params.toggle_after;
    case 'zigbee':
      return json.on_time;
    case 'zigbeeTenfold':
      return json.on_time * 10;
    case 'zigbeeTenths':
      return json.on_time / 10;
    case 'esphome':
      return valves.esphome.cutOffSeconds;
    case 'esphomeValve':
      return valves.esphomeValve.cutOffSeconds;
    case 'chirpstack':
      return Buffer.from(json.data, 'base64').readUIntLE(4, 3);
    case 'thingsStack':
      return Buffer.from(json.downlinks[0].frm_payload, 'base64').readUInt8(1) * 60;
  }
}

describe('whatever is asked', () => {
  const names = Object.keys(valves) as (keyof typeof valves)[];

  it('no opening lacks a duration, and the device’s own cut-off is the duration asked, in the family’s step, within the limit', () => {
    const anySeconds = fc.oneof(
      fc.integer({ min: -10, max: 100_000 }),
      fc.double(),
      fc.constantFrom(0, 1, 11, 12, Number.NaN, Infinity),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        anySeconds,
        fc.integer({ min: 1, max: 14_400 }),
        (name, seconds, limit) => {
          const valve = valves[name];
          const usable = typeof valve === 'string' || valveProblems(valve, 'valve', limit).length === 0;
          const actuator = actuatorOf(valve);
          if (!Number.isInteger(seconds) || seconds < 1 || seconds > actuator.longestSeconds) {
            expect(() => open(valve, seconds)).toThrow(RangeError);
            return;
          }
          const cutOff = cutOffIn(name, open(valve, seconds));
          expect(cutOff).toBe(actuator.cutOffSeconds(seconds));
          expect(cutOff).toBeGreaterThanOrEqual(seconds);
          if (usable && seconds <= limit) expect(cutOff).toBeLessThanOrEqual(limit);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('every command goes where only the controller may speak', () => {
    for (const valve of Object.values(valves)) {
      for (const { topic } of [...open(valve, 60), ...close(valve), ...provision(valve, 600)]) {
        const match = matchTopic(topic) ?? expect.fail(`${topic} is in no table`);
        expect(topics[match.name].publish).toEqual(['controller']);
      }
    }
  });

  it('a repetition of one command is known by its id, where the family has one', () => {
    const idOf = (commandId: string) =>
      JSON.parse(actuatorOf(valves.chirpstack).close({ commandId, atMs: 0 })[0]?.payload ?? '').id;
    expect(idOf('boot-7')).toBe(idOf('boot-7'));
    expect(idOf('boot-7')).not.toBe(idOf('boot-8'));
  });
});

describe('a valve that cannot be driven says why', () => {
  const problems = (valve: object, limit = 600) => valveProblems(valve, 'zone.valve', limit).join('; ');
  const without = (valve: ForeignValve, field: string) =>
    Object.fromEntries(Object.entries(valve).filter(([key]) => key !== field));

  it.each(['tasmota', 'shelly', 'zigbee', 'zigbeeTenfold', 'chirpstack', 'thingsStack'] as const)(
    'unless it can: %s',
    (name) => {
      expect(problems(valves[name])).toBe('');
    },
  );

  it.each<[string, object, RegExp]>([
    [
      'an unknown family',
      { family: 'zwave', device: 'x' },
      /zone\.valve\.family must be one of tasmota, shelly/,
    ],
    ['a name of every object', { family: 'constructor' }, /family must be one of/],
    [
      'no meter',
      without(valves.tasmota, 'flowMeter'),
      /has no flowMeter, so nothing would prove that water flows/,
    ],
    [
      'ESPHome without a cut-off of its own',
      without(valves.esphome, 'cutOffSeconds'),
      /has no cutOffSeconds: ESPHome takes no duration, so .* read-only/,
    ],
    ['a wrong field', { ...valves.tasmota, output: 0 }, /zone\.valve\.output must be >= 1/],
    ['an unknown field', { ...valves.shelly, pulse: 3 }, /zone\.valve\.pulse is not known, remove it/],
    ['a missing field', without(valves.chirpstack, 'fPort'), /zone\.valve lacks fPort, add it/],
    [
      'an opening without its time',
      { ...valves.chirpstack, open: 'ff1da000' },
      /zone\.valve\.open must match pattern/,
    ],
    [
      'a wrong meter',
      { ...valves.shelly, flowMeter: { device: '+' } },
      /zone\.valve\.flowMeter\.device must match/,
    ],
    [
      'a Zigbee valve that nobody speaks for',
      { ...valves.zigbee, device: 'van' },
      /told to close on zigbee2mqtt\/\/set, where van cannot listen/,
    ],
    ['another’s topics', { ...valves.zigbee, baseTopic: 'valve-a1' }, /where zigbee cannot listen/],
    ['a dot in a Shelly’s name', { ...valves.shelly, device: 'a.b' }, /where a cannot listen/],
  ])('%s', (_name, valve, message) => {
    expect(problems(valve)).toMatch(message);
  });

  it('holds the zone’s limit against what the device can be told', () => {
    expect(problems(valves.zigbee, 7_000)).toMatch(/closes by itself after 6553 s at the latest/);
    // A run is never cut silently: what the template's time cannot hold is refused, as is what class A could not be renewed for.
    expect(problems({ ...valves.chirpstack, open: '01{minutes:u8}' }, 16_000)).toMatch(
      /after 15300 s at the latest/,
    );
    expect(problems(valves.thingsStack, 90)).toMatch(
      /can close by itself only after 120 s: set maxRunSeconds to 120/,
    );
    expect(problems(valves.esphome, 1_900)).toMatch(/after 1800 s at the latest/);
    expect(problems(valves.esphome, 900)).toMatch(/set maxRunSeconds to 1800/);
    expect(problems(valves.esphome, 1_800)).toBe('');
  });
});
