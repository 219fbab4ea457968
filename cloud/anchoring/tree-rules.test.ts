import { expect, it } from 'vitest';
import { isTimeForTree } from './tree-rules.ts';

const rules = { everySeconds: 600, atLeaves: 100 };
const is = (leaves: number, lastTreeAtMs: number | undefined, nowMs = 1_000_000) =>
  isTimeForTree({ leaves, lastTreeAtMs }, nowMs, rules);

it('builds the first tree at once, and none when nothing waits', () => {
  expect(is(1, undefined)).toBe(true);
  expect(is(0, undefined)).toBe(false);
  expect(is(0, 1)).toBe(false);
});

it('lets leaves wait until the time since the last tree is over', () => {
  expect(is(99, 400_001)).toBe(false);
  expect(is(1, 400_000)).toBe(true);
});

it('does not let a full tree wait', () => {
  expect(is(100, 999_999)).toBe(true);
});

it('does not wait for a clock that was set back', () => {
  expect(is(1, 1_000_001)).toBe(true);
});
