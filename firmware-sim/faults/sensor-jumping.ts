import { Type } from 'typebox';
import { fault, Share } from './fault.ts';
import { Metric, withMetric } from './metric.ts';

export const sensorJumping = fault({
  target: 'sensor',
  does: 'this share of its values is off by so much, up or down',
  options: Type.Object({ metric: Metric, by: Type.Number(), rate: Share }),
  begin: ({ conditions, random }, sensor, { metric, by, rate }) =>
    conditions(sensor).distortions.add((measured) =>
      withMetric(measured, metric, (value) => {
        if (random() >= rate) return value;
        return random() < 0.5 ? value - by : value + by;
      }),
    ),
});
