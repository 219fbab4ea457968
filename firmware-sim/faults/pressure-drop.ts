import { Type } from 'typebox';
import { Factor, fault, onField } from './fault.ts';

export const pressureDrop = fault({
  target: 'source',
  does: 'only this share of the pressure is there',
  options: Type.Object({ factor: Factor }),
  begin: ({ world }, source, { factor }) =>
    onField(world, (field) => field.source(source).pressureFactor.add(factor)),
});
