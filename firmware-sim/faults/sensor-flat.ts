import { Type } from 'typebox';
import { fault } from './fault.ts';
import { Metric, withMetric } from './metric.ts';

export const sensorFlat = fault({
  target: 'sensor',
  does: 'says the first value again and again',
  options: Type.Object({ metric: Metric }),
  begin: ({ conditions }, sensor, { metric }) => {
    let first: number | undefined;
    return conditions(sensor).distortions.add((measured) =>
      withMetric(measured, metric, (value) => {
        first ??= value;
        return first;
      }),
    );
  },
});
