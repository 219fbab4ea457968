import { Type } from 'typebox';
import { fault } from './fault.ts';
import { Metric, withMetric } from './metric.ts';

const DAY_MS = 86_400_000;

export const sensorDrifting = fault({
  target: 'sensor',
  does: 'moves away from the truth by so much a day, in the unit of the metric',
  options: Type.Object({ metric: Metric, perDay: Type.Number() }),
  begin: ({ conditions, world }, sensor, { metric, perDay }) => {
    const sinceMs = world.clock.nowMs();
    return conditions(sensor).distortions.add((measured, atMs) =>
      withMetric(measured, metric, (value) => value + (perDay * (atMs - sinceMs)) / DAY_MS),
    );
  },
});
