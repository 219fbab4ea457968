import fc from 'fast-check';
import { expect, it } from 'vitest';
import { daysUntil, developmentAfter, type LifeCycle } from './life-cycle.ts';

const moth: LifeCycle = {
  thresholds: { lowerCelsius: 10, upperCelsius: 33 },
  stages: [
    { stage: 'adult', degreeDays: 40 },
    { stage: 'egg', degreeDays: 60 },
    { stage: 'larva', degreeDays: 200 },
    { stage: 'pupa', degreeDays: 100 },
  ],
};

it('begins with what the trap has caught', () => {
  const { generation, stage, fraction, ahead } = developmentAfter(moth, 0);
  expect({ generation, stage, fraction }).toEqual({ generation: 1, stage: 'adult', fraction: 0 });
  expect(ahead).toEqual([
    { generation: 1, stage: 'egg', degreeDays: 40 },
    { generation: 1, stage: 'larva', degreeDays: 100 },
    { generation: 1, stage: 'pupa', degreeDays: 300 },
    { generation: 2, stage: 'adult', degreeDays: 400 },
  ]);
});

it('says what half a stage is, and when larvae of the next generation will hatch', () => {
  const { generation, stage, fraction, ahead } = developmentAfter(moth, 400 + 100 + 100);
  expect({ generation, stage, fraction }).toEqual({ generation: 2, stage: 'larva', fraction: 0.5 });
  expect(ahead.find((next) => next.stage === 'larva')).toEqual({
    generation: 3,
    stage: 'larva',
    degreeDays: 300,
  });
});

it('takes a stage as begun when its degree-days are just there', () => {
  expect(developmentAfter(moth, 40)).toMatchObject({ stage: 'egg', fraction: 0 });
  expect(developmentAfter(moth, 400)).toMatchObject({ generation: 2, stage: 'adult', fraction: 0 });
});

it('never goes back while degree-days are added, and what is ahead is always ahead', () => {
  const gain = fc.double({ min: 0, max: 90, noNaN: true });
  fc.assert(
    fc.property(fc.array(gain, { maxLength: 40 }), (gains) => {
      let sum = 0;
      let before = 0;
      for (const one of gains) {
        sum += one;
        const { generation, stage, fraction, ahead } = developmentAfter(moth, sum);
        const place = moth.stages.findIndex((known) => known.stage === stage);
        const progress = (generation - 1) * moth.stages.length + place + fraction;
        expect(progress).toBeGreaterThanOrEqual(before - 1e-9);
        before = progress;
        const steps = ahead.map(({ degreeDays }) => degreeDays);
        expect(Math.min(...steps)).toBeGreaterThan(0);
        expect(steps).toEqual([...steps].sort((a, b) => a - b));
      }
    }),
  );
});

it('knows no day where it is too cold, and counts whole ones elsewhere', () => {
  expect(daysUntil(100, 17.6)).toBe(6);
  expect(daysUntil(100, 0)).toBeNull();
  expect(daysUntil(100, null)).toBeNull();
});

it('refuses a cycle that takes nothing', () => {
  expect(() => developmentAfter({ ...moth, stages: [] }, 10)).toThrow(RangeError);
  expect(() => developmentAfter({ ...moth, stages: [{ stage: 'egg', degreeDays: 0 }] }, 10)).toThrow(
    'every stage of a life cycle takes more than 0 degree-days',
  );
});
