import { Type } from 'typebox';
import { Factor, fault } from './fault.ts';
import { Metric, withMetric } from './metric.ts';

export const unitWrong = fault({
  target: 'sensor',
  does: 'says one metric in another unit: so many times the right number',
  options: Type.Object({ metric: Metric, factor: Factor }),
  begin: ({ conditions }, sensor, { metric, factor }) =>
    conditions(sensor).distortions.add((measured) => withMetric(measured, metric, (value) => value * factor)),
});
