import { fault, NoOptions } from './fault.ts';
import { withMetric } from './metric.ts';

export const rainGaugeDead = fault({
  target: 'sensor',
  does: 'the counter of a rain gauge stands still while rain falls; everything else is measured',
  options: NoOptions,
  begin: ({ conditions, world }, station) => {
    const rainMm = Math.floor(world.look().rainMm * 5) / 5;
    return conditions(station).distortions.add((measured) => withMetric(measured, 'rain', () => rainMm));
  },
});
