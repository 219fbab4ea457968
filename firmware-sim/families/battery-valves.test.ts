import { describe, expect, test } from 'vitest';
import { fourFamilies } from '../farms/four-families.ts';
import { TestFarm } from '../simulation/test-farm.suite.ts';

/** Bridge and network server lose their power an hour after the start; valves with batteries do not. */
const powerCut = [{ fault: 'farm-power-cut', at: 'PT1H', for: 'PT10M' }];
const HOUR = 3_600;

const isOpen = (farm: TestFarm, zone: string) => farm.zone(zone).openSinceMs !== null;

describe('a Zigbee valve', () => {
  const SET = 'zigbee2mqtt/valve-zigbee/set';
  const state = (farm: TestFarm) => farm.last('zigbee2mqtt/valve-zigbee')?.state;

  test('stays open when its bridge has no power, and its own timer closes it', () => {
    const farm = new TestFarm(fourFamilies, powerCut).wait(HOUR - 101);
    farm.tell(SET, { state: 'ON', on_time: 900 }).wait(110);
    expect(farm.last('zigbee2mqtt/bridge/state')).toEqual({ state: 'offline' });
    expect(isOpen(farm, 'zigbee')).toBe(true);
    farm.wait(700);
    expect([state(farm), isOpen(farm, 'zigbee')]).toEqual(['ON', true]);
    farm.wait(100);
    expect([state(farm), isOpen(farm, 'zigbee')]).toEqual(['OFF', false]);
    expect(farm.zone('zigbee').longestOpenSeconds).toBeCloseTo(900, 0);
  });

  test('that closed while its bridge had no power is said to be open until it reports', () => {
    const farm = new TestFarm(fourFamilies, powerCut).wait(HOUR - 101);
    farm.tell(SET, { state: 'ON', on_time: 300 }).wait(750);
    expect([state(farm), isOpen(farm, 'zigbee')]).toEqual(['ON', false]);
    farm.wait(1_800);
    expect(state(farm)).toBe('OFF');
  });

  test('does not hear what its bridge could not send any more', () => {
    const farm = new TestFarm(fourFamilies, powerCut).wait(HOUR - 1.3);
    farm.tell(SET, { state: 'ON', on_time: 300 }).wait(60);
    expect(farm.zone('zigbee').openings).toBe(0);
  });

  test.each(['zigbee', 'lora'])('stays as it is when the box before it starts anew (%s)', (zone) => {
    const reboot = { fault: 'device-reboot', at: 'PT30M', target: `valve-${zone}` };
    const farm = new TestFarm(fourFamilies, [reboot]).wait(60);
    farm.tell(SET, { state: 'ON', on_time: 3_000 });
    send(farm, 'ff1da000b80b00').wait(HOUR);
    expect(isOpen(farm, zone)).toBe(false);
    expect(farm.zone(zone).openings).toBe(1);
    expect(farm.zone(zone).longestOpenSeconds).toBeCloseTo(3_000, 0);
  });
});

const LORA = 'application/0fbb6b8e-0b1a-4f2a-9d57-6a2d0b7d4d01/device/24e124460b000001';
const send = (farm: TestFarm, hex: string, more: object = {}) =>
  farm.tell(`${LORA}/command/down`, {
    ...{ devEui: '24e124460b000001', fPort: 85, data: Buffer.from(hex, 'hex').toString('base64') },
    ...more,
  });

describe('a LoRaWAN valve', () => {
  /** It speaks every ten minutes, and once while nobody hears it. */
  test('stays open when its server has no power, and its own timer closes it', () => {
    const farm = new TestFarm(fourFamilies, powerCut).wait(2_410);
    // 1,500 s, heard 3,006 s after the start.
    send(farm, 'ff1da000dc0500').wait(2_000);
    const before = farm.on(`${LORA}/event/up`).length;
    expect(isOpen(farm, 'lora')).toBe(true);
    farm.wait(HOUR);
    expect(isOpen(farm, 'lora')).toBe(false);
    expect(farm.zone('lora').longestOpenSeconds).toBeCloseTo(1_500, 0);
    const frames = farm.on(`${LORA}/event/up`) as { fCnt?: number }[];
    expect(frames.length).toBeGreaterThan(before);
    // One frame was not heard; the valve has counted it.
    expect(frames.at(-1)?.fCnt).toBe(frames.length);
  });

  test('is sent after a power cut what waited for it before, unless that has expired', () => {
    const expiresAt = (farm: TestFarm) => new Date(farm.scheduler.nowMs() + 300_000).toISOString();
    for (const [expires, openings] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const farm = new TestFarm(fourFamilies, powerCut).wait(HOUR - 101);
      send(farm, 'ff1da0003c0000', expires ? { expiresAt: expiresAt(farm) } : {}).wait(650);
      expect(farm.zone('lora').openings).toBe(0);
      farm.wait(700);
      expect(farm.zone('lora').openings).toBe(openings);
    }
  });
});
