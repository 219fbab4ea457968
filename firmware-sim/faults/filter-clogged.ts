import { Type } from 'typebox';
import { Factor, fault, onField } from './fault.ts';

export const filterClogged = fault({
  target: 'source with a filter',
  does: 'the filter takes so many times its pressure, and no flush takes that dirt away',
  options: Type.Object({ factor: Factor }),
  begin: ({ world }, source, { factor }) =>
    onField(world, (field) => field.source(source).filter?.clogging.add(factor) ?? (() => {})),
});
