import { beforeEach, describe, expect, test } from 'vitest';
import { fourFamilies } from '../farms/four-families.ts';
import { TestFarm } from '../simulation/test-farm.suite.ts';

let farm: TestFarm;

beforeEach(() => {
  farm = new TestFarm(fourFamilies);
});

const isOpen = () => farm.zone('lora').openSinceMs !== null;
const [ONE, LATE, TWICE] = [1, 2, 3].map((n) => `6f1c7c1e-7a55-4d5b-9b1b-00000000000${n}`);

describe('ChirpStack, class A', () => {
  const TOPIC = 'application/0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01/device/24e124460b000001';
  const down = (hex: string, more: object = {}) =>
    farm.tell(`${TOPIC}/command/down`, {
      ...{
        devEui: '24e124460b000001',
        confirmed: true,
        fPort: 85,
        data: Buffer.from(hex, 'hex').toString('base64'),
      },
      ...more,
    });
  /** ff1da000 and 600 s in three bytes. */
  const OPEN = 'ff1da000580200';
  const inSeconds = (seconds: number) => new Date(farm.scheduler.nowMs() + seconds * 1000).toISOString();

  test('hears only behind its own uplink, confirms, and closes when the time is over', () => {
    farm.wait(60);
    down(OPEN, { id: ONE }).wait(60);
    expect(isOpen()).toBe(false);
    farm.wait(600);
    expect(isOpen()).toBe(true);
    expect(farm.last(`${TOPIC}/event/txack`)).toMatchObject({ queueItemId: ONE });
    expect(farm.last(`${TOPIC}/event/ack`)).toMatchObject({ queueItemId: ONE, acknowledged: true });
    expect(farm.last(`${TOPIC}/event/up`)).toMatchObject({
      ...{ fPort: 85, object: { valve_1: 'open' }, deviceInfo: { devEui: '24e124460b000001' } },
    });
    farm.wait(700);
    expect(farm.zone('lora').longestOpenSeconds).toBeCloseTo(600, 0);
    expect(farm.last(`${TOPIC}/event/up`)).toMatchObject({ object: { valve_1: 'close' } });
  });

  test('never sends what has expired, and takes an item once', () => {
    farm.wait(60);
    down(OPEN, { id: LATE, expiresAt: inSeconds(300) }).wait(1_300);
    expect(isOpen()).toBe(false);
    down(OPEN, { id: TWICE, expiresAt: inSeconds(3_000) });
    down(OPEN, { id: TWICE, expiresAt: inSeconds(3_000) });
    expect(farm.notes).toEqual([expect.stringContaining('waits already')]);
    farm.wait(2_000);
    expect(farm.zone('lora').openings).toBe(1);
  });

  test.each([
    ['another devEui', { devEui: '24e124460b000009' }, /devEui '24e124460b000009' does not match/],
    ['no devEui', { devEui: undefined }, /devEui 'undefined' does not match/],
    ['no fPort', { fPort: undefined }, /fPort must be 1 to 255, not 'undefined'/],
    ['an fPort of 0', { fPort: 0 }, /fPort must be 1 to 255/],
    ['an id that is no UUID', { id: 'one' }, /id 'one' is no UUID/],
    ['an expiresAt that is no instant', { expiresAt: 'soon' }, /expiresAt 'soon'/],
    ['data that is no base64', { data: '!' }, /base64/],
    ['a wrong object', { object: { valve_1_task: { valve_status: 2 } } }, /valve_1_task\.time_rule_enable/],
  ])('is sent nothing that has %s, and whoever runs it is told', (_what, more, note) => {
    down(OPEN, more).wait(1_300);
    expect(farm.zone('lora').openings).toBe(0);
    expect(farm.on(`${TOPIC}/event/txack`)).toEqual([]);
    expect(farm.notes).toEqual([expect.stringMatching(note)]);
  });

  test.each([
    ['for its second connector', 'ff1d6102640000 00', {}],
    ['on another port', OPEN, { fPort: 2 }],
    ['of half a time', 'ff1da0005802', {}],
    ['of half a number of pulses', 'ff1d6000640000', {}],
    ['that nobody knows', 'ff28ff', {}],
  ])('does nothing with a task %s', (_what, hex, more) => {
    down(hex.replace(' ', ''), more).wait(1_300);
    expect(farm.on(`${TOPIC}/event/txack`)).toHaveLength(1);
    expect(farm.zone('lora').openings).toBe(0);
  });

  test('closes after so many pulses, or when its time is over, whichever comes first', () => {
    farm.tell('cmnd/pump_house/POWER2', 'ON');
    // 20 pulses of ten litres at 40 L/min, and 1,200 s.
    down('ff1de000b0040014000000').wait(1_300);
    expect(isOpen()).toBe(false);
    expect(farm.zone('lora').passedLitres).toBeGreaterThanOrEqual(190);
    expect(farm.zone('lora').passedLitres).toBeLessThan(225);
    // 600 pulses, and 60 s.
    down('ff1de0003c000058020000').wait(1_300);
    expect(farm.zone('lora').openings).toBe(2);
    expect(farm.zone('lora').passedLitres).toBeLessThan(300);
  });

  test('takes the fields of the maker’s codec in place of bytes', () => {
    const valve_1_task = {
      time_rule_enable: 1,
      pulse_rule_enable: 'disable',
      valve_status: 'open',
      duration: 60,
    };
    down('', { data: undefined, object: { valve_1_task } }).wait(1_300);
    expect(farm.zone('lora')).toMatchObject({ openings: 1, openSinceMs: null });
    expect(farm.zone('lora').longestOpenSeconds).toBeCloseTo(60, 0);
  });

  test('is sent an empty payload in place of an object when its server has no codec', () => {
    const devices = fourFamilies.devices.map((device) =>
      device.id === 'valve-lora' && 'settings' in device
        ? { ...device, settings: { ...device.settings, decoded: false } }
        : device,
    );
    farm = new TestFarm({ ...fourFamilies, devices });
    down(OPEN, { object: { valve_1_task: {} } }).wait(1_300);
    expect(farm.on(`${TOPIC}/event/txack`)).toHaveLength(1);
    expect(farm.zone('lora').openings).toBe(0);
  });

  test('takes a retained downlink anew at each connection of its server', () => {
    farm = new TestFarm(fourFamilies, [{ fault: 'farm-power-cut', at: 'PT1H', for: 'PT1M' }]);
    const data = Buffer.from('ff1da0003c0000', 'hex').toString('base64');
    farm.tell(`${TOPIC}/command/down`, { devEui: '24e124460b000001', fPort: 85, data }, true).wait(3_500);
    expect(farm.zone('lora').openings).toBe(1);
    farm.wait(1_500);
    expect(farm.zone('lora').openings).toBe(2);
  });
});
