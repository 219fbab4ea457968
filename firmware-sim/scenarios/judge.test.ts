import { expect, test } from 'vitest';
import { twoZones } from '../farms/two-zones.ts';
import { TestFarm } from '../simulation/test-farm.suite.ts';
import type { FieldExpectations } from './expectations.ts';
import { judgeField } from './judge.ts';
import { builtInScenario } from './library.ts';

const burst = [{ fault: 'pipe-burst', at: 'PT5M', target: 'n1', litresPerMinute: 70 }];

/** Zone 1 is watered for ten minutes, and its pipe bursts in the middle. */
function watered(expected: FieldExpectations, { pumpSeconds = 600 } = {}): string[] {
  const farm = new TestFarm(twoZones, burst);
  farm.open('master-1', 610).open('valve-n1', 600).open('pump-1', pumpSeconds).wait(1_200);
  const { simulation } = farm;
  return judgeField({ truth: simulation.truth(), events: simulation.truthEvents() }, expected);
}

test('what is not expected is not judged, and what came as expected is no problem', () => {
  expect(watered({})).toEqual([]);
  expect(
    watered({
      ...{ litres: { n1: [500, 1_500], n2: [0, 0] }, starts: { n1: [1, 1], n2: [0, 0] }, stressDays: 0 },
      ...{ burstLitres: 500, leakedLitres: 0, longestOpenSeconds: { n1: 605 }, openAtOnce: 1 },
      ...{ deadHeadSeconds: 1, dryRunSeconds: 0, openAtEnd: [], runoffMm: 0, flushLitres: [0, 0] },
    }),
  ).toEqual([]);
});

test('what came otherwise is told with its figures', () => {
  expect(
    watered({
      ...{ litres: { n1: [0, 10] }, starts: { n1: [2, 3] }, burstLitres: 10, openAtOnce: 0 },
      ...{ longestOpenSeconds: 300, openAtEnd: ['n1', 'well'], flushLitres: [10, 20] },
    }),
  ).toEqual([
    expect.stringMatching(/^zone n1 got \d+ L, not 0 to 10$/),
    'zone n1 was opened 1 times, not 2 to 3',
    expect.stringMatching(/^zone n1 was open for 60\d s, longer than 300$/),
    'zone n1 is closed at the end',
    expect.stringMatching(/^\d+ L burst out, more than 10$/),
    '1 zones were open at once, more than 0',
    '0 L flushed the filter, not 10 to 20',
    'source well is off at the end',
  ]);
});

test('a pump that outlasts its valves ran against them', () => {
  expect(watered({ deadHeadSeconds: 10 }, { pumpSeconds: 900 })).toEqual([
    expect.stringMatching(
      /^the pump of well ran 29\d\.\d s against closed valves$|^the pump of well ran 30\d/,
    ),
  ]);
});

test('water that goes deeper than the roots is told', () => {
  const farm = new TestFarm(twoZones, []);
  for (let hour = 0; hour < 24; hour++)
    farm.open('master-1', 3_600).open('valve-n1', 3_600).open('pump-1', 3_590).wait(3_600);
  expect(judgeField(farm.simulation.happened(), { percolationMm: 1 })).toEqual([
    expect.stringMatching(/^\d+\.\d mm percolated below zone n1, not 1 or less$/),
  ]);
  expect(judgeField(farm.simulation.happened(), { percolationMm: 1_000 })).toEqual([]);
});

/** Zone 1 and then zone 2 are watered for so many seconds each from 05:05 on, as if nobody looked at the meter. */
function burstPipe(seconds: number): string[] {
  const { farm, expect: expected } = builtInScenario('burst-pipe');
  const test = new TestFarm(farm, [{ fault: 'pipe-burst', at: 'PT15M', target: 'n1', litresPerMinute: 70 }]);
  test.wait(300);
  for (const zone of ['n1', 'n2']) {
    test
      .open('master-1', seconds + 10)
      .open(`valve-${zone}`, seconds)
      .open('pump-1', seconds - 2);
    test.wait(seconds + 20);
  }
  return judgeField(test.simulation.happened(), expected ?? {});
}

test('a scenario that comes with the simulator tells a controller that closes from one that waters on', () => {
  expect(burstPipe(720)).toEqual([]);
  expect(burstPipe(3_600)).toEqual([expect.stringMatching(/^\d{4} L burst out, more than 700$/)]);
});
