import { fault, NoOptions, onField } from './fault.ts';

export const pumpNotStopping = fault({
  target: 'source with a pump',
  does: 'once on the motor goes on (a welded contactor); what drives it says that it is off',
  options: NoOptions,
  begin: ({ world }, source) => onField(world, (field) => field.source(source).pump.sticks.add(true)),
});
