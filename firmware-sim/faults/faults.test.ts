import type { ValveState } from '@nongtin/broker/wire';
import { describe, expect, test } from 'vitest';
import { TestFarm } from '../simulation/test-farm.suite.ts';

/** Two zones with a pump, where one fault begins after ten minutes; `for` an hour unless it is said. */
function withFault(fault: string, more: object = {}, ends = true): TestFarm {
  return new TestFarm('two-zones', [{ fault, at: 'PT10M', ...(ends ? { for: 'PT1H' } : {}), ...more }]);
}

/** Pump and main are on for hours; zone n1 is opened for a lease. */
const water = (farm: TestFarm, seconds = 1_800) =>
  farm.open('master-1', 20_000).open('pump-1', 20_000).open('valve-n1', seconds);

const states = (farm: TestFarm, device = 'valve-n1') =>
  farm.on(`nongtin/v1/${device}/valve/state`) as ValveState[];
const readings = (farm: TestFarm, device: string) =>
  farm.on(`nongtin/v1/${device}/readings`) as Record<string, number | string>[];
const values = (farm: TestFarm, device: string, metric: string) =>
  readings(farm, device).map((reading) => Number(reading[metric]));
/** What was said before the fault, while it lasted, and after it. */
function parts(farm: TestFarm, device: string, metric: string) {
  const startMs = farm.said[0]?.atMs ?? 0;
  const of = (from: number, to: number) =>
    farm.said.flatMap(({ topic, payload, atMs }) => {
      const minutes = (atMs - startMs) / 60_000;
      if (topic !== `nongtin/v1/${device}/readings` || minutes < from || minutes >= to) return [];
      return [Number(JSON.parse(payload)[metric])];
    });
  return { before: of(0, 10), during: of(10.1, 70), after: of(70.1, 1_000) };
}

describe('valves', () => {
  test('stuck open: it is told to close, water flows, and its position switch shows it', () => {
    const farm = withFault('valve-stuck-open', { target: 'valve-n1' });
    water(farm, 1_200).wait(3_000);
    expect(farm.zone('n1').openSinceMs).not.toBeNull();
    expect(farm.zone('n1').flowLitresPerMinute).toBeGreaterThan(50);
    expect(states(farm).at(-1)).toMatchObject({ state: 'open', cause: 'lease_ended' });
    farm.wait(1_300);
    expect(farm.zone('n1').openSinceMs).toBeNull();
  });

  test('stuck closed: it is told to open, and nothing flows', () => {
    const farm = withFault('valve-stuck-closed', { target: 'valve-n1' }).wait(700);
    water(farm).wait(300);
    expect(farm.zone('n1')).toMatchObject({ openSinceMs: null, passedLitres: 0 });
    expect(states(farm).at(-1)).toMatchObject({ state: 'closed', cause: 'periodic' });
  });

  test('lying: it says that it is open, and has not moved', () => {
    const farm = withFault('valve-lies', { target: 'valve-n1' }).wait(700);
    water(farm).wait(300);
    expect(farm.zone('n1').openSinceMs).toBeNull();
    expect(states(farm).at(-1)).toMatchObject({ state: 'open', flowLitresPerMinute: 0 });
  });

  test('lying while it is open: it says that it is closed, and water flows', () => {
    const farm = withFault('valve-lies', { target: 'valve-n1' });
    water(farm, 1_200).wait(2_000);
    expect(states(farm).at(-1)).toMatchObject({ state: 'closed', cause: 'lease_ended' });
    expect(states(farm).at(-1)?.flowLitresPerMinute).toBeGreaterThan(50);
    expect(farm.zone('n1').openSinceMs).not.toBeNull();
  });

  test('leaking: the meter turns though the valve is closed', () => {
    const farm = withFault('valve-leaking', { target: 'n1', litresPerMinute: 4 });
    farm
      .open('master-1', 20_000)
      .open('pump-1', 20_000)
      .open('valve-n2', 20_000)
      .wait(1_200)
      .close('valve-n1');
    expect(states(farm).at(-1)).toMatchObject({ state: 'closed' });
    expect(states(farm).at(-1)?.flowLitresPerMinute).toBeGreaterThan(2);
    expect(farm.zone('n1').leakedLitres).toBeGreaterThan(20);
  });

  test('with a lost timer: it stays open beyond its lease, and still closes when it is told', () => {
    const farm = withFault('lease-timer-lost', { target: 'valve-n1' });
    water(farm, 1_200).wait(3_000);
    expect(farm.zone('n1').openSinceMs).not.toBeNull();
    farm.close('valve-n1');
    expect(farm.zone('n1').openSinceMs).toBeNull();
  });
});

describe('pipes and pumps', () => {
  test('a burst behind a valve takes more than the zone ever does, and little reaches the crop', () => {
    const farm = withFault('pipe-burst', { target: 'n1', litresPerMinute: 80 });
    water(farm, 3_600).wait(500);
    const before = farm.zone('n1').flowLitresPerMinute;
    farm.wait(500);
    expect(farm.zone('n1').flowLitresPerMinute).toBeGreaterThan(1.3 * before);
    const { burstLitres, passedLitres, deliveredLitres } = farm.zone('n1');
    expect(burstLitres).toBeGreaterThan(300);
    expect(passedLitres).toBeCloseTo(burstLitres + deliveredLitres, 6);
  });

  test('a burst of the main loses water while every zone is closed', () => {
    const farm = withFault('main-burst', { target: 'well', litresPerMinute: 30 });
    farm.open('master-1', 20_000).open('pump-1', 20_000).wait(1_800);
    expect(farm.source('well').burstLitres).toBeGreaterThan(500);
    expect(values(farm, 'meter-1', 'flow').at(-1)).toBeGreaterThan(20);
    farm.close('master-1').wait(60);
    expect(values(farm, 'meter-1', 'flow').at(-1)).toBe(0);
  });

  test('clogged emitters give less, and less evenly', () => {
    const farm = withFault('drip-clogged', { target: 'n1', flowFactor: 0.5, uniformity: 0.5 });
    water(farm, 3_600).wait(500);
    const before = farm.zone('n1').flowLitresPerMinute;
    farm.wait(500);
    expect(farm.zone('n1').flowLitresPerMinute).toBeLessThan(0.7 * before);
  });

  test('a drop of pressure shows at sensor and flow', () => {
    const farm = withFault('pressure-drop', { target: 'well', factor: 0.3 });
    water(farm, 3_600).wait(500);
    const [flow, pressure] = [
      farm.zone('n1').flowLitresPerMinute,
      values(farm, 'pressure-1', 'water_pressure').at(-1),
    ];
    farm.wait(500);
    expect(farm.zone('n1').flowLitresPerMinute).toBeLessThan(0.7 * flow);
    expect(values(farm, 'pressure-1', 'water_pressure').at(-1)).toBeLessThan(0.5 * Number(pressure));
  });

  test('a pump that does not start: it says that it is on, and no water comes', () => {
    const farm = withFault('pump-not-starting', { target: 'well' }).wait(700);
    water(farm).wait(300);
    expect(farm.source('well').pumpOnSinceMs).toBeNull();
    expect(farm.zone('n1').passedLitres).toBe(0);
  });

  test('a pump that does not stop runs against closed valves', () => {
    const farm = withFault('pump-not-stopping', { target: 'well' });
    water(farm, 1_200).wait(800).close('pump-1').wait(1_000);
    expect(farm.source('well').pumpOnSinceMs).not.toBeNull();
    expect(farm.source('well').deadHeadSeconds).toBeGreaterThan(500);
  });

  test('a dry tank: the pump runs without water', () => {
    const farm = withFault('tank-dry', { target: 'well' });
    water(farm, 3_600).wait(1_200);
    expect(values(farm, 'tank-1', 'tank_level').at(-1)).toBe(0);
    expect(farm.zone('n1').flowLitresPerMinute).toBe(0);
    expect(farm.source('well').dryRunSeconds).toBeGreaterThan(500);
  });

  test('a tank that nothing runs into is drawn empty', () => {
    const farm = withFault('tank-inflow-stopped', { target: 'well' }, false);
    farm
      .open('master-1', 80_000)
      .open('pump-1', 80_000)
      .open('valve-n1', 80_000)
      .open('valve-n2', 80_000)
      .wait(3 * 3_600);
    expect(farm.source('well').tankLitres).toBe(0);
    expect(farm.source('well').dryRunSeconds).toBeGreaterThan(0);
  });
});

describe('sensors and meters', () => {
  test('dead: nothing is said, and then it speaks again', () => {
    const farm = withFault('sensor-dead', { target: 'weather' }).wait(10_000);
    const { during, after } = parts(farm, 'weather', 'air_temperature');
    expect(during).toEqual([]);
    expect(after.length).toBeGreaterThan(5);
  });

  test('flat: one value again and again', () => {
    const farm = withFault('sensor-flat', { target: 'soil-n1', metric: 'soil_moisture' }).wait(10_000);
    const { during, after } = parts(farm, 'soil-n1', 'soil_moisture');
    expect(new Set(during).size).toBe(1);
    expect(new Set(after).size).toBeGreaterThan(3);
  });

  test('drifting: so much a day away from the truth', () => {
    const more = { target: 'soil-n1', metric: 'soil_moisture', perDay: 0.02, for: 'P5D' };
    const farm = withFault('sensor-drifting', more).wait(4 * 86_400);
    const shown = values(farm, 'soil-n1', 'soil_moisture').at(-1);
    expect(Number(shown) - farm.zone('n1').moisture).toBeGreaterThan(0.07);
    expect(Number(shown) - farm.zone('n1').moisture).toBeLessThan(0.09);
  });

  test('jumping: some values are far off', () => {
    const more = { target: 'soil-n1', metric: 'soil_moisture', by: 0.15, rate: 0.3, for: 'P1D' };
    const farm = withFault('sensor-jumping', more).wait(80_000);
    const shown = values(farm, 'soil-n1', 'soil_moisture');
    const far = shown.filter((value) => Math.abs(value - 0.22) > 0.1);
    expect(far.length / shown.length).toBeGreaterThan(0.15);
    expect(far.length / shown.length).toBeLessThan(0.45);
  });

  test('in a wrong unit: ten times the number', () => {
    const farm = withFault('unit-wrong', { target: 'soil-n1', metric: 'soil_moisture', factor: 10 }).wait(
      4_000,
    );
    const { before, during } = parts(farm, 'soil-n1', 'soil_moisture');
    expect(Number(during[0]) / Number(before[0])).toBeCloseTo(10, 0);
  });

  test('a dead rain gauge: it rains on the field, and the counter stands', () => {
    const rainy = { start: '2026-09-01T00:00:00+07:00' };
    const fault = { fault: 'rain-gauge-dead', at: 'PT10M', target: 'weather' };
    const farm = new TestFarm('two-zones', [fault], rainy).wait(8 * 86_400);
    expect(farm.simulation.truth().rainMm).toBeGreaterThan(20);
    expect(Math.max(...values(farm, 'weather', 'rain'))).toBe(0);
    expect(new Set(values(farm, 'weather', 'air_temperature')).size).toBeGreaterThan(50);
  });

  test('a rain gauge that is mended counts from where it stood: what it missed never comes', () => {
    const rainy = { start: '2026-09-01T00:00:00+07:00' };
    const fault = { fault: 'rain-gauge-dead', at: 'PT10M', for: 'P8D', target: 'weather' };
    const farm = new TestFarm('two-zones', [fault], rainy).wait(8 * 86_400 + 600);
    const missedMm = farm.simulation.truth().rainMm;
    expect(missedMm).toBeGreaterThan(20);
    farm.wait(2 * 86_400 - 601);
    const laterMm = farm.simulation.truth().rainMm - missedMm;
    expect(laterMm).toBeGreaterThan(1);
    expect(Math.abs(Number(values(farm, 'weather', 'rain').at(-1)) - laterMm)).toBeLessThan(0.3);
  });

  test.each([
    ['meter-dead', {}, 0, 0],
    ['meter-factor', { factor: 10 }, 9, 11],
    ['meter-sticking', { rate: 0.5 }, 0.2, 0.8],
  ])('%s: what is counted is not what passed', (fault, more, least, most) => {
    const farm = withFault(fault, { target: 'meter-1', ...more });
    farm.wait(700);
    water(farm, 3_000).wait(2_900);
    const counted = Number(values(farm, 'meter-1', 'volume').at(-1));
    const share = counted / farm.source('well').passedLitres;
    expect(share).toBeGreaterThanOrEqual(least);
    expect(share).toBeLessThanOrEqual(most);
  });
});

describe('messages, radio, clocks and power', () => {
  test('late: the reading comes, with the time at which it was made', () => {
    const farm = withFault('messages-late', { target: 'soil-n1', seconds: 900 }).wait(3_600);
    const late = farm.said.filter(({ topic, payload, atMs }) => {
      return topic === 'nongtin/v1/soil-n1/readings' && atMs - Date.parse(JSON.parse(payload).time) > 800_000;
    });
    expect(late.length).toBeGreaterThanOrEqual(4);
  });

  test('lost: a share of them never comes, commands too', () => {
    const farm = withFault('messages-lost', { rate: 1 }).wait(700);
    const before = farm.said.length;
    farm.open('valve-n1', 600).wait(600);
    // Nothing but the command itself.
    expect(farm.said.length).toBe(before + 1);
    expect(farm.zone('n1').openings).toBe(0);
  });

  test('duplicated: the same reading twice', () => {
    const farm = withFault('messages-duplicated', { target: 'pressure-1', rate: 1 }).wait(4_500);
    const sequences = values(farm, 'pressure-1', 'seq');
    expect(sequences.length - new Set(sequences).size).toBeGreaterThan(55);
  });

  test('reordered: later readings come before earlier ones', () => {
    const farm = withFault('messages-reordered', {
      target: 'pressure-1',
      rate: 0.5,
      withinSeconds: 600,
    }).wait(5_000);
    const sequences = values(farm, 'pressure-1', 'seq');
    expect(sequences).not.toEqual(sequences.toSorted((a, b) => a - b));
    expect(new Set(sequences).size).toBe(sequences.length);
  });

  test('off the air: the broker says offline; the valve still closes; readings come afterwards', () => {
    const farm = withFault('wifi-loss', {}, true);
    water(farm, 1_200).wait(1_500);
    expect(farm.last('nongtin/v1/valve-n1/status')).toBe('offline');
    expect(farm.zone('n1').openSinceMs).toBeNull();
    const before = readings(farm, 'soil-n1').length;
    farm.wait(3_600);
    expect(farm.last('nongtin/v1/valve-n1/status')).toBe('online');
    expect(states(farm).at(-1)).toMatchObject({ state: 'closed', cause: 'lease_ended' });
    const sequences = values(farm, 'soil-n1', 'seq');
    expect(sequences).toEqual(sequences.map((_, index) => index));
    expect(sequences.length).toBeGreaterThan(before + 5);
  });

  test('a reboot closes a native valve and begins its counters anew', () => {
    const farm = withFault('device-reboot', {}, false);
    water(farm, 3_600).wait(620);
    expect(farm.zone('n1').openSinceMs).toBeNull();
    expect(states(farm).at(-1)).toMatchObject({ state: 'closed', cause: 'boot' });
    expect(values(farm, 'soil-n1', 'seq')).toEqual([0, 0]);
  });

  test('a power cut of the farm stops pumps and closes valves; gateways are told', () => {
    const farm = withFault('farm-power-cut');
    water(farm, 3_600).wait(650);
    expect(farm.zone('n1').openSinceMs).toBeNull();
    expect(farm.source('well').pumpOnSinceMs).toBeNull();
    expect(farm.told).toEqual([{ kind: 'power', isOn: false }]);
    farm.wait(3_600);
    expect(farm.told).toEqual([
      { kind: 'power', isOn: false },
      { kind: 'power', isOn: true },
    ]);
    expect(states(farm).at(-1)).toMatchObject({ state: 'closed', cause: 'boot' });
  });

  test('a power cut of the gateway: devices lose their broker, and whoever runs it is told', () => {
    const farm = withFault('gateway-power-cut');
    water(farm, 1_200).wait(3_000);
    expect(farm.told).toEqual([{ kind: 'power', isOn: false }]);
    expect(farm.zone('n1')).toMatchObject({
      openSinceMs: null,
      longestOpenSeconds: expect.closeTo(1_200, 0),
    });
  });

  test('clocks in 1970: in the messages of a device, and as an order for the gateway', () => {
    const farm = withFault('device-clock-reset', { target: 'soil-n1' }).wait(3_000);
    expect(String(readings(farm, 'soil-n1').at(-1)?.time)).toMatch(/^1970-01-01T00:/);
    expect(String(readings(farm, 'soil-n2').at(-1)?.time)).toMatch(/^2026-02-/);
    const gateway = withFault('gateway-clock-reset').wait(5_000);
    expect(gateway.told).toEqual([
      { kind: 'clock', toMs: 0 },
      { kind: 'clock', toMs: null },
    ]);
  });
});
