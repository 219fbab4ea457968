import { gateOf } from '../devices/output.ts';
import { fault, NoOptions, onField, together } from './fault.ts';

export const valveLies = fault({
  target: 'output',
  does: 'does not move any more, and says of everything it is told that it has done it',
  options: NoOptions,
  begin: ({ world, output, conditions }, target) =>
    together([
      onField(world, (field) => {
        const gate = gateOf(output(target).spec, field);
        return gate.held.add(gate.isOn);
      }),
      conditions(target).lies.add(true),
    ]),
});
