import { expect, test } from 'vitest';
import { fertigation } from '../farms/fertigation.ts';
import { TestFarm } from '../simulation/test-farm.suite.ts';

const last = (farm: TestFarm, device: string, metric: string): number => {
  const said = farm.said.findLast(({ topic }) => topic === `nongtin/v1/${device}/readings`);
  return Number((JSON.parse(said?.payload ?? '{}') as Record<string, unknown>)[metric]);
};

/** Ten minutes of water, in which a pump is told to give two seconds in ten. */
function dosed(faults: readonly object[] = []): TestFarm {
  const farm = new TestFarm(fertigation, faults);
  farm.open('valve-1', 700);
  for (let pulse = 0; pulse < 60; pulse++) farm.open('dose-a', 2).wait(9.9);
  return farm;
}

test('a dose pump draws stock for its lease, and probes behind the mixing see it', () => {
  const farm = dosed();
  const head = farm.simulation.truth().heads.head;
  // 60 pulses of 2 s, worn and with a little spread.
  expect(head?.tanks.a?.drawnLitres).toBeGreaterThan(1.75);
  expect(head?.tanks.a?.drawnLitres).toBeLessThan(1.9);
  expect(head?.tanks.a?.isRunning).toBe(false);
  expect(head?.grams.z1?.N).toBeGreaterThan(20);
  expect(head?.grams.z2?.N ?? 0).toBe(0);
  // 3 mL/L of what was weighed too weak, 0.4 mS/cm, on water of about 0.5.
  expect(last(farm, 'ec-1', 'water_ec')).toBeGreaterThan(0.75);
  expect(last(farm, 'ec-1', 'water_ec')).toBeCloseTo(head?.ecMilliSiemensPerCm ?? 0, 0);
});

test('acid lowers what the pH probe says', () => {
  const farm = new TestFarm(fertigation);
  farm.open('valve-1', 700).wait(60);
  const before = last(farm, 'ph-1', 'water_ph');
  for (let pulse = 0; pulse < 50; pulse++) farm.open('dose-acid', 2).wait(9.9);
  expect(before).toBeGreaterThan(7.2);
  expect(last(farm, 'ph-1', 'water_ph')).toBeLessThan(6.7);
});

test('a tank that is empty, air in a line and a relay that sticks are in the water, whatever the pump says', () => {
  const fault = (name: string, more: object = {}) => ({ fault: name, target: 'dose-a', at: 'PT0S', ...more });
  const drawn = (farm: TestFarm) => farm.simulation.truth().heads.head?.tanks.a?.drawnLitres ?? Number.NaN;
  expect(drawn(dosed([fault('dose-tank-empty')]))).toBe(0);
  expect(drawn(dosed([fault('dose-line-air', { millilitres: 500 })]))).toBeLessThan(1.4);
  expect(drawn(dosed([fault('valve-stuck-closed')]))).toBe(0);
  expect(drawn(dosed([fault('valve-stuck-open')]))).toBeGreaterThan(8);
});

test('clear water can have another EC at once', () => {
  const farm = new TestFarm(fertigation, [{ fault: 'source-ec-step', target: 'well', by: 0.5, at: 'PT5M' }]);
  farm.open('valve-1', 1_800).wait(240);
  const before = last(farm, 'ec-1', 'water_ec');
  farm.wait(600);
  expect(last(farm, 'ec-1', 'water_ec') - before).toBeGreaterThan(0.4);
});

test('a head on no source, and a pump of no tank, are refused by name', () => {
  const [head] = fertigation.heads ?? [];
  expect(() => new TestFarm({ ...fertigation, heads: [{ ...head, source: 'river' }] })).toThrow(
    "heads[0].source 'river' is none of the sources",
  );
  const devices = fertigation.devices.map((one) => (one.kind === 'dose_pump' ? { ...one, tank: 'c' } : one));
  expect(() => new TestFarm({ ...fertigation, devices })).toThrow("'c' is none of the head's tanks");
});
