import { expect, test } from 'vitest';
import { scenarioNames } from '../../firmware-sim/index.ts';
import { groups } from './index.ts';

const names = Object.values(groups)
  .flat()
  .map(({ name }) => name);

test('no two scenarios bear one name, nor one of those that come with the simulator', () => {
  const all = [...names, ...scenarioNames()];
  expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
});
