import type { ValveState } from '@nongtin/broker/wire';
import { beforeEach, expect, test } from 'vitest';
import { TestFarm } from '../simulation/test-farm.suite.ts';

const STATE = 'nongtin/v1/valve-n1/valve/state';
const COMMAND = 'nongtin/v1/valve-n1/valve/command';

let farm: TestFarm;

beforeEach(() => {
  farm = new TestFarm('two-zones');
  farm.open('master-1', 80_000).open('pump-1', 80_000);
});

const states = () => farm.on(STATE) as ValveState[];
const causes = () => states().map(({ cause }) => cause);

test('boots closed, says so, and is online, retained', () => {
  expect(states()).toMatchObject([
    { state: 'closed', cause: 'boot', flowLitresPerMinute: 0, totalLitres: 0 },
  ]);
  expect(states()[0]).not.toHaveProperty('commandId');
  expect(farm.last('nongtin/v1/valve-n1/status')).toBe('online');
});

test('opens for its lease and closes by itself, though nobody tells it to', () => {
  farm.open('valve-n1', 600, 'one').wait(599.5);
  expect(farm.zone('n1').openSinceMs).not.toBeNull();
  farm.wait(1);
  expect(farm.zone('n1').openSinceMs).toBeNull();
  expect(states().at(-1)).toMatchObject({ state: 'closed', cause: 'lease_ended', commandId: 'one' });
  const totals = states().map(({ totalLitres }) => totalLitres);
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
  expect(totals.at(-1)).toBeCloseTo(farm.zone('n1').passedLitres, -1);
  expect(totals.at(-1)).toBeGreaterThan(500);
  const flows = states()
    .filter(({ cause }) => cause === 'periodic')
    .map((state) => state.flowLitresPerMinute);
  expect(flows.length).toBe(59);
  for (const flow of flows) {
    expect(flow).toBeGreaterThan(60);
    expect(flow).toBeLessThan(85);
  }
});

test('closes when its lease ends although the broker is gone, and tells it when the broker is back', () => {
  farm.open('valve-n1', 600, 'one');
  farm.bus.setUp(false);
  farm.wait(700);
  expect(farm.zone('n1')).toMatchObject({ openSinceMs: null, longestOpenSeconds: expect.closeTo(600, 0) });
  const before = states().length;
  farm.bus.setUp(true);
  farm.wait(5);
  expect(states().slice(before)).toMatchObject([{ state: 'closed', cause: 'lease_ended', commandId: 'one' }]);
});

test('a redelivered command does nothing but is answered', () => {
  farm.open('valve-n1', 60, 'one').wait(100).open('valve-n1', 60, 'one');
  expect(states().at(-1)).toMatchObject({ state: 'closed', cause: 'periodic', commandId: 'one' });
});

test.each([
  ['an opening without a duration', { id: 'x', action: 'open' }],
  ['a duration of zero', { id: 'x', action: 'open', durationSeconds: 0 }],
  ['a duration of more than a day', { id: 'x', action: 'open', durationSeconds: 86_401 }],
  ['half a second', { id: 'x', action: 'open', durationSeconds: 0.5 }],
  ['no id', { action: 'close' }],
  ['an unknown action', { id: 'x', action: 'flush' }],
  ['no JSON', 'ON'],
  ['far too much', `"${'x'.repeat(5000)}"`],
])('ignores %s and answers with its state', (_what, message) => {
  farm.tell(COMMAND, message);
  expect(states().slice(1)).toMatchObject([{ state: 'closed', cause: 'periodic' }]);
  expect(farm.zone('n1').openSinceMs).toBeNull();
});

test('ignores a command that was left retained on the broker', () => {
  farm.tell(COMMAND, { id: 'old', action: 'open', durationSeconds: 600 }, true).close('valve-n1');
  const before = states().length;
  farm.bus.setUp(false);
  farm.bus.setUp(true);
  farm.wait(5);
  expect(
    states()
      .slice(before)
      .map(({ state }) => state),
  ).toEqual(['closed', 'closed']);
});

test('opening an open valve begins a new lease, it does not add to the old one', () => {
  farm.open('valve-n1', 600, 'one').wait(400).open('valve-n1', 300, 'two').wait(299);
  expect(farm.zone('n1').openSinceMs).not.toBeNull();
  farm.wait(1);
  expect(states().at(-1)).toMatchObject({ cause: 'lease_ended', commandId: 'two' });
  farm.wait(3_000);
  expect(causes().filter((cause) => cause === 'lease_ended')).toHaveLength(1);
});

test('closes on command, at once, and its old lease ends nothing later', () => {
  farm.open('valve-n1', 600, 'one').wait(60).close('valve-n1');
  expect(states().at(-1)).toMatchObject({ state: 'closed', cause: 'command', flowLitresPerMinute: 0 });
  farm.open('valve-n1', 6_000, 'two').wait(1_000);
  expect(farm.zone('n1').openSinceMs).not.toBeNull();
});

test('a time-lapse shortens its lease with everything else on the farm', () => {
  const fast = new TestFarm('two-zones', [], { speed: 60 });
  fast.open('valve-n1', 600).wait(9.5);
  expect(fast.zone('n1').openSinceMs).not.toBeNull();
  fast.wait(1);
  expect(fast.zone('n1')).toMatchObject({ openSinceMs: null, longestOpenSeconds: expect.closeTo(600, 0) });
});
