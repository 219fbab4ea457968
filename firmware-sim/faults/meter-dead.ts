import { fault, NoOptions } from './fault.ts';

export const meterDead = fault({
  target: 'meter',
  does: 'counts nothing: flow 0, counter still',
  options: NoOptions,
  begin: ({ conditions }, meter) => conditions(meter).meter.add(() => 0),
});
