import { Type } from 'typebox';
import { fault, onField } from './fault.ts';

export const sourceEcStep = fault({
  target: 'source',
  does: 'its clear water has so much more EC at once, mS/cm: the tide, or another well',
  options: Type.Object({ by: Type.Number({ minimum: -5, maximum: 20 }) }),
  begin: ({ world }, source, { by }) => onField(world, (field) => field.source(source).ecMore.add(by)),
});
