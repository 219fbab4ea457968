import { Type } from 'typebox';
import { fault, LitresPerMinute, onField } from './fault.ts';

export const mainBurst = fault({
  target: 'source',
  does: 'a hole in the main behind master valve and meter: so much is lost at 100 kPa, also while no zone is watered',
  options: Type.Object({ litresPerMinute: LitresPerMinute }),
  begin: ({ world }, source, { litresPerMinute }) =>
    onField(world, (field) => field.source(source).burst.add(litresPerMinute)),
});
