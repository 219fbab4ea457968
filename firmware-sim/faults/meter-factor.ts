import { Type } from 'typebox';
import { Factor, fault } from './fault.ts';

export const meterFactor = fault({
  target: 'meter',
  does: 'counts so many times what passes: a wrong pulse factor, or another unit',
  options: Type.Object({ factor: Factor }),
  begin: ({ conditions }, meter, { factor }) => conditions(meter).meter.add(() => factor),
});
