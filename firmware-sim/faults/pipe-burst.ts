import { Type } from 'typebox';
import { fault, LitresPerMinute, onField } from './fault.ts';

export const pipeBurst = fault({
  target: 'zone',
  does: "a hole in the zone's pipe behind its valve and meter: so much is lost at the emitters' rated pressure",
  options: Type.Object({ litresPerMinute: LitresPerMinute }),
  begin: ({ world }, zone, { litresPerMinute }) =>
    onField(world, (field) => field.zone(zone).burst.add(litresPerMinute)),
});
