import { beforeEach, describe, expect, test } from 'vitest';
import { fourFamilies } from '../farms/four-families.ts';
import { TestFarm } from '../simulation/test-farm.suite.ts';

let farm: TestFarm;

beforeEach(() => {
  farm = new TestFarm(fourFamilies);
});

const isOpen = (zone: string, of = farm) => of.zone(zone).openSinceMs !== null;

/** The same farm with a device's settings changed. */
function withSettings(id: string, settings: object): TestFarm {
  const devices = fourFamilies.devices.map((device) =>
    device.id === id
      ? { ...device, settings: { ...('settings' in device ? device.settings : {}), ...settings } }
      : device,
  );
  return new TestFarm({ ...fourFamilies, devices });
}

/** The power of the whole farm fails for a minute, an hour after the start. */
const powerCut = [{ fault: 'farm-power-cut', at: 'PT1H', for: 'PT1M' }];

describe('Tasmota', () => {
  const tell = (command: string, payload: string, of = farm) =>
    of.tell(`cmnd/pump_house/${command}`, payload);
  const result = () => farm.last('stat/pump_house/RESULT');

  test('announces itself, its topics and its relays, and says that it is there', () => {
    const [config] = farm.said.filter(({ topic }) => /^tasmota\/discovery\/.*\/config$/.test(topic));
    const { t, ft, tp, rl } = JSON.parse(config?.payload ?? '');
    expect({ t, ft, tp, rl: rl.slice(0, 3) }).toEqual({
      ...{ t: 'pump_house', ft: '%prefix%/%topic%/', tp: ['cmnd', 'stat', 'tele'], rl: [1, 1, 0] },
    });
    expect(farm.last('tele/pump_house/LWT')).toBe('Online');
    // Local time without an offset: 05:00 in Viet Nam.
    expect(farm.last('tele/pump_house/STATE')).toMatchObject({
      Time: '2026-02-10T05:00:00',
      POWER1: 'OFF',
      POWER2: 'OFF',
    });
  });

  test('carries out a Backlog0 in order and switches off by its PulseTime', () => {
    tell('Backlog0', 'PulseTime1 700;Power1 ON');
    expect(farm.on('stat/pump_house/RESULT').slice(-2)).toEqual([
      { PulseTime1: { Set: 700, Remaining: 700 } },
      { POWER1: 'ON' },
    ]);
    expect(farm.last('stat/pump_house/POWER1')).toBe('ON');
    farm.wait(599);
    expect(isOpen('tasmota')).toBe(true);
    farm.wait(1.1);
    expect(isOpen('tasmota')).toBe(false);
    expect(result()).toEqual({ POWER1: 'OFF' });
  });

  test('counts tenths of a second up to 111, and not at all at 0', () => {
    tell('PulseTime1', '20');
    tell('POWER1', 'on').wait(2);
    expect(isOpen('tasmota')).toBe(false);
    tell('PulseTime1', '0');
    tell('POWER1', '1').wait(100_000);
    expect(isOpen('tasmota')).toBe(true);
  });

  test('begins its PulseTime anew when it is set while the relay is on', () => {
    tell('Backlog0', 'PulseTime1 700;Power1 ON').wait(500);
    tell('PulseTime1', '700').wait(500);
    expect(isOpen('tasmota')).toBe(true);
    farm.wait(101);
    expect(isOpen('tasmota')).toBe(false);
  });

  test.each([
    ['as it comes (PowerOnState 3), it opens again', {}, true],
    ['with PowerOnState 0 it stays closed', { powerOnState: 0 }, false],
  ])('after a power cut, %s', (_what, settings, opensAgain) => {
    const devices = fourFamilies.devices.map((device) =>
      'settings' in device && device.id.endsWith('tasmota')
        ? { ...device, settings: { ...device.settings, ...settings } }
        : device,
    );
    farm = new TestFarm({ ...fourFamilies, devices }, powerCut);
    tell('POWER1', 'ON').wait(3_610);
    expect(isOpen('tasmota')).toBe(false);
    farm.wait(120);
    expect(isOpen('tasmota')).toBe(opensAgain);
    expect(farm.last('tele/pump_house/STATE')).toMatchObject({ POWER1: opensAgain ? 'ON' : 'OFF' });
  });

  test('drives a pump from the same box, and answers what it does not know', () => {
    tell('POWER2', 'ON');
    expect(farm.source('canal').pumpOnSinceMs).not.toBeNull();
    tell('Nonsense', '1');
    expect(result()).toEqual({ Command: 'Unknown' });
    tell('POWER2', '');
    expect(result()).toEqual({ POWER2: 'ON' });
  });
});

describe('Tasmota beyond single relays', () => {
  const tell = (command: string, payload: string) => farm.tell(`cmnd/pump_house/${command}`, payload);
  const results = () => farm.on('stat/pump_house/RESULT');
  const isOnBoth = () => [isOpen('tasmota'), farm.source('canal').pumpOnSinceMs !== null];

  test('Power0 switches every relay, and PulseTime knows nothing of it', () => {
    // Setting it starts it, also while the relay is off.
    tell('PulseTime1', '160').wait(61);
    tell('Power0', 'ON').wait(120);
    expect(isOnBoth()).toEqual([true, true]);
    expect(results().slice(-2)).toEqual([{ POWER1: 'ON' }, { POWER2: 'ON' }]);
    tell('POWER1', 'OFF');
    tell('Power0', 'TOGGLE');
    expect(isOnBoth()).toEqual([true, false]);
    tell('Power0', 'OFF');
    expect(isOnBoth()).toEqual([false, false]);
    expect(results().slice(-2)).toEqual([{ POWER1: 'OFF' }, { POWER2: 'OFF' }]);
  });

  test('a Delay in a Backlog counts in tenths of a second', () => {
    tell('Backlog', 'Power1 ON;Delay 50;Power1 OFF').wait(4.9);
    expect(isOpen('tasmota')).toBe(true);
    expect(results()).toContainEqual({ Delay: 50 });
    farm.wait(0.4);
    expect(isOpen('tasmota')).toBe(false);
    expect(farm.zone('tasmota').longestOpenSeconds).toBeCloseTo(5.2, 1);
  });

  test('a Backlog without commands takes away what waits; Backlog0 knows no Delay', () => {
    tell('Backlog', 'Power1 ON;Delay 50;Power1 OFF').wait(1);
    tell('Backlog', '').wait(60);
    expect(results().at(-1)).toEqual({ Backlog: 'Aborted' });
    expect(isOpen('tasmota')).toBe(true);
    tell('Backlog0', 'Delay 50;Power1 OFF');
    expect(isOpen('tasmota')).toBe(false);
  });

  test('answers each Status on its own topic, and all of them', () => {
    const last = (topic: string) => farm.last(`stat/pump_house/${topic}`);
    tell('Power2', 'ON');
    tell('Status', '8');
    expect(last('STATUS8')).toEqual({ StatusSNS: { Time: expect.any(String) } });
    expect(farm.on('stat/pump_house/STATUS11')).toEqual([]);
    tell('Status', '');
    expect(last('STATUS')).toMatchObject({ Status: { Topic: 'pump_house', Power: '10', PowerOnState: 3 } });
    tell('Status', '0');
    expect(last('STATUS10')).toHaveProperty('StatusSNS');
    expect(last('STATUS11')).toMatchObject({ StatusSTS: { POWER2: 'ON' } });
    tell('Status0', '');
    expect(Object.keys(last('STATUS0'))).toEqual(['Status', 'StatusSNS', 'StatusSTS']);
    tell('Status', '14');
    expect(results().at(-1)).toEqual({ Command: 'Error' });
    tell('Status', '5');
    expect(farm.notes).toEqual(['pump_house: not simulated: Status 5']);
  });

  test('its uptime is the time on the farm since its boot, whatever its clock shows', () => {
    const clock = { fault: 'device-clock-reset', at: 'PT10M', target: 'valve-tasmota' };
    farm = new TestFarm(fourFamilies, [clock, ...powerCut]).wait(1_199);
    expect(farm.tell('cmnd/pump_house/State', '').last('stat/pump_house/RESULT')).toMatchObject({
      UptimeSec: 1_200,
    });
    farm.wait(3_060);
    expect(farm.tell('cmnd/pump_house/State', '').last('stat/pump_house/RESULT')).toMatchObject({
      UptimeSec: 600,
    });
  });
});

describe('Shelly', () => {
  let calls = 0;
  const call = (method: string, params: object) => {
    calls += 1;
    farm.tell('valve-shelly/rpc', { id: calls, src: 'gw/answer', method, params });
    return farm.last('gw/answer/rpc');
  };
  const events = () =>
    farm.on('valve-shelly/events/rpc') as { method: string; params: Record<string, object> }[];

  test('tells its whole status when it comes, and then only what has changed', () => {
    expect(farm.last('valve-shelly/online')).toBe(true);
    expect(events()).toMatchObject([
      { method: 'NotifyFullStatus', params: { 'switch:0': { output: false } } },
    ]);
    expect(call('Switch.Set', { id: 0, on: true, toggle_after: 600 })).toMatchObject({
      ...{ id: calls, src: 'valve-shelly', dst: 'gw/answer', result: { was_on: false } },
    });
    expect(events().at(-1)).toMatchObject({
      method: 'NotifyStatus',
      params: {
        ts: expect.any(Number),
        'switch:0': { id: 0, output: true, source: 'MQTT', timer_duration: 600 },
      },
    });
    farm.wait(599);
    expect(isOpen('shelly')).toBe(true);
    farm.wait(1.1);
    expect(isOpen('shelly')).toBe(false);
    expect(events().at(-1)).toMatchObject({ params: { 'switch:0': { output: false, source: 'timer' } } });
  });

  test('another toggle_after takes the place of the first', () => {
    call('Switch.Set', { id: 0, on: true, toggle_after: 600 });
    farm.wait(500);
    expect(call('Switch.Set', { id: 0, on: true, toggle_after: 300 })).toMatchObject({
      result: { was_on: true },
    });
    farm.wait(299);
    expect(isOpen('shelly')).toBe(true);
    farm.wait(2);
    expect(isOpen('shelly')).toBe(false);
  });

  test('toggle_after of an order to close opens again: the maker says so', () => {
    call('Switch.Set', { id: 0, on: false, toggle_after: 60 });
    farm.wait(61);
    expect(isOpen('shelly')).toBe(true);
  });

  test('auto_off closes what was opened without a time', () => {
    call('Switch.SetConfig', {
      id: 0,
      config: { auto_off: true, auto_off_delay: 120, initial_state: 'off' },
    });
    expect(call('Switch.GetConfig', { id: 0 })).toMatchObject({
      result: { auto_off: true, auto_off_delay: 120 },
    });
    call('Switch.Set', { id: 0, on: true });
    farm.wait(121);
    expect(isOpen('shelly')).toBe(false);
  });

  test('obeys its command topic, with a time and without', () => {
    const order = (payload: string, topic = 'valve-shelly/command/switch:0') => farm.tell(topic, payload);
    order('on,60').wait(59);
    expect(isOpen('shelly')).toBe(true);
    farm.wait(2);
    expect(isOpen('shelly')).toBe(false);
    order('toggle');
    expect(isOpen('shelly')).toBe(true);
    order('off');
    expect(isOpen('shelly')).toBe(false);
    order('status_update');
    expect(farm.last('valve-shelly/status/switch:0')).toMatchObject({ id: 0, output: false });
    order('status_update', 'valve-shelly/command');
    expect(farm.on('valve-shelly/status/switch:0')).toHaveLength(2);
    expect(farm.notes).toEqual([]);
  });

  test('says once what it is told and cannot do', () => {
    farm.tell('valve-shelly/command/cover:0', 'open').tell('valve-shelly/command/cover:0', 'open');
    farm.tell('valve-shelly/command/switch:0', 'ON');
    expect(farm.notes).toEqual([
      'valve-shelly: not simulated: valve-shelly/command/cover:0 open',
      'valve-shelly: not simulated: valve-shelly/command/switch:0 ON',
    ]);
    expect(isOpen('shelly')).toBe(false);
  });

  test('tells its settings and that it is connected', () => {
    expect(call('Mqtt.GetStatus', {})).toMatchObject({ result: { connected: true } });
    expect(call('Shelly.GetConfig', {})).toMatchObject({
      result: { mqtt: { topic_prefix: 'valve-shelly' }, 'switch:0': { auto_off: false } },
    });
  });

  test.each([
    ['Switch.Set', { id: 7, on: true }, -105],
    ['Switch.Set', { id: 0 }, -103],
    ['Valve.Set', { id: 0, on: true }, 404],
  ])('refuses %s %j with an error', (method, params, code) => {
    expect(call(method, params)).toMatchObject({ error: { code } });
    expect(isOpen('shelly')).toBe(false);
  });
});

describe('Zigbee2MQTT', () => {
  const SET = 'zigbee2mqtt/valve-zigbee/set';
  const state = (of = farm) => of.last('zigbee2mqtt/valve-zigbee');

  test('announces bridge and devices, and closes after on_time', () => {
    expect(farm.last('zigbee2mqtt/bridge/state')).toEqual({ state: 'online' });
    expect(farm.last('zigbee2mqtt/bridge/devices')).toMatchObject([
      { friendly_name: 'valve-zigbee', definition: { vendor: 'SONOFF' } },
    ]);
    farm.tell(SET, { state: 'ON', on_time: 300, off_wait_time: 0 }).wait(299);
    expect(state()).toMatchObject({ state: 'ON', flow: expect.any(Number) });
    expect(isOpen('zigbee')).toBe(true);
    farm.wait(2);
    expect(isOpen('zigbee')).toBe(false);
    expect(state()).toMatchObject({ state: 'OFF' });
  });

  test('takes the bare state on its own topic, and says once what it passes over', () => {
    farm.tell(`${SET}/state`, 'ON').wait(5);
    expect(isOpen('zigbee')).toBe(true);
    farm.tell(`${SET}/state`, 'OFF').wait(5);
    expect(isOpen('zigbee')).toBe(false);
    farm
      .tell(SET, { child_lock: 'LOCK' })
      .tell(`${SET}/child_lock`, 'LOCK')
      .tell(`${SET}/child_lock`, 'LOCK');
    expect(farm.notes).toEqual([
      `zigbee: not simulated: ${SET} {"child_lock":"LOCK"}`,
      `zigbee: not simulated: ${SET}/child_lock LOCK`,
    ]);
  });

  test('of a valve that counts in tens of seconds, 11 is 110 s', () => {
    const trap = withSettings('valve-zigbee', { onTimeUnitSeconds: 10 });
    trap.tell(SET, { state: 'ON', on_time: 11 }).wait(109);
    expect(isOpen('zigbee', trap)).toBe(true);
    trap.wait(2);
    expect(isOpen('zigbee', trap)).toBe(false);
  });

  test('a valve that does not tell of its own closing goes on saying ON', () => {
    const trap = withSettings('valve-zigbee', { tellsOwnClosing: false });
    trap.tell(SET, { state: 'ON', on_time: 60 }).wait(3_600);
    expect(isOpen('zigbee', trap)).toBe(false);
    expect(state(trap)).toMatchObject({ state: 'ON' });
  });

  test('another timed opening lengthens the first and never shortens it, where the valve hears it', () => {
    farm.tell(SET, { state: 'ON', on_time: 300 }).wait(200);
    farm.tell(SET, { state: 'ON', on_time: 300 }).wait(200);
    farm.tell(SET, { state: 'ON', on_time: 10 }).wait(90);
    expect(isOpen('zigbee')).toBe(true);
    farm.wait(12);
    expect(isOpen('zigbee')).toBe(false);
    const trap = withSettings('valve-zigbee', { renews: false });
    trap.tell(SET, { state: 'ON', on_time: 300 }).wait(200);
    trap.tell(SET, { state: 'ON', on_time: 300 }).wait(102);
    expect(isOpen('zigbee', trap)).toBe(false);
  });

  test('a timed opening is not heard during off_wait_time', () => {
    farm.tell(SET, { state: 'ON', on_time: 60, off_wait_time: 120 }).wait(70);
    farm.tell(SET, { state: 'ON', on_time: 60 }).wait(5);
    expect(isOpen('zigbee')).toBe(false);
    farm.wait(120).tell(SET, { state: 'ON', on_time: 60 }).wait(5);
    expect(isOpen('zigbee')).toBe(true);
  });
});

test('a family whose timer is lost stays open, whatever it was promised', () => {
  const faults = ['valve-tasmota', 'valve-shelly', 'valve-zigbee', 'valve-lora'].map((target) => ({
    ...{ fault: 'lease-timer-lost', at: 'PT0S', target },
  }));
  farm = new TestFarm(fourFamilies, faults);
  farm.tell('cmnd/pump_house/Backlog0', 'PulseTime1 160;Power1 ON');
  farm.tell('valve-shelly/rpc', {
    id: 1,
    src: 'gw',
    method: 'Switch.Set',
    params: { id: 0, on: true, toggle_after: 60 },
  });
  farm.tell('zigbee2mqtt/valve-zigbee/set', { state: 'ON', on_time: 60 });
  const data = Buffer.from('ff1da0003c0000', 'hex').toString('base64');
  const topic = 'application/0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01/device/24e124460b000001/command/down';
  farm.tell(topic, { devEui: '24e124460b000001', fPort: 85, data }).wait(3_600);
  expect(['tasmota', 'shelly', 'zigbee', 'lora'].filter((zone) => isOpen(zone))).toHaveLength(4);
});
