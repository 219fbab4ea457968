import { Type } from 'typebox';
import { fault, LitresPerMinute, onField } from './fault.ts';

export const valveLeaking = fault({
  target: 'zone',
  does: 'lets water through when it is closed: so much at the pressure that the emitters are rated at',
  options: Type.Object({ litresPerMinute: LitresPerMinute }),
  begin: ({ world }, zone, { litresPerMinute }) =>
    onField(world, (field) => field.zone(zone).leak.add(litresPerMinute)),
});
