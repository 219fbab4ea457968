import { gateOf } from '../devices/output.ts';
import { fault, NoOptions, onField } from './fault.ts';

export const valveStuckClosed = fault({
  target: 'output',
  does: 'once closed it stays closed, whatever it is told; a position switch shows it, a relay knows nothing of it',
  options: NoOptions,
  begin: ({ world, output }, target) =>
    onField(world, (field) => gateOf(output(target).spec, field).sticks.add(false)),
});
