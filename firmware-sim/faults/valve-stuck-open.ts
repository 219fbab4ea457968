import { Type } from 'typebox';
import { gateOf } from '../devices/output.ts';
import { fault } from './fault.ts';

export const valveStuckOpen = fault({
  target: 'output',
  does: 'stands open whatever it is told; a valve with a position switch says so, a relay does not know',
  options: Type.Object({}),
  begin: ({ world, output }, target) => {
    const gate = gateOf(output(target).spec, world.look());
    let release = () => {};
    world.change(() => {
      release = gate.held.add(true);
    });
    return () => world.change(release);
  },
});
