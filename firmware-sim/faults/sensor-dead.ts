import { fault, NoOptions } from './fault.ts';

export const sensorDead = fault({
  target: 'sensor',
  does: 'measures nothing and says nothing; its connection stands',
  options: NoOptions,
  begin: ({ conditions }, sensor) => conditions(sensor).distortions.add(() => undefined),
});
