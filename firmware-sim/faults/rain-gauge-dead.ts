import { fault, NoOptions } from './fault.ts';

export const rainGaugeDead = fault({
  target: 'sensor',
  does: 'the counter of a rain gauge stands still while rain falls, and never makes up for it; everything else is measured',
  options: NoOptions,
  begin: ({ conditions, world }, station) => {
    const { rainGauge } = conditions(station);
    rainGauge.caughtMm(world.look().rainMm);
    const end = rainGauge.dead.add(true);
    return () => {
      rainGauge.caughtMm(world.look().rainMm);
      end();
    };
  },
});
