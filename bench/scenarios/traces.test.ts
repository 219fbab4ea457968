import { expect, test } from 'vitest';
import { groups } from './index.ts';

const faulty = Object.values(groups)
  .flat()
  .filter(({ faults = [] }) => faults.length > 0);

test.each(faulty)('$name says what its faults leave behind', ({ expect: expected }) => {
  const { alarms = [], locked = [], reasons = [], traces = [] } = expected;
  expect([...alarms, ...locked, ...reasons, ...traces]).not.toEqual([]);
  for (const { atLeast } of traces) expect(atLeast).toBeGreaterThan(0);
});
