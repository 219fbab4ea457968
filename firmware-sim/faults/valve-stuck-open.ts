import { gateOf } from '../devices/output.ts';
import { fault, NoOptions, onField } from './fault.ts';

export const valveStuckOpen = fault({
  target: 'output',
  does: 'once open it stays open, whatever it is told; a position switch shows it, a relay knows nothing of it',
  options: NoOptions,
  begin: ({ world, output }, target) =>
    onField(world, (field) => gateOf(output(target).spec, field).sticks.add(true)),
});
