import { fault, NoOptions, onField } from './fault.ts';

export const pumpNotStarting = fault({
  target: 'source with a pump',
  does: 'the motor stands still; what drives it says that it is on',
  options: NoOptions,
  begin: ({ world }, source) => onField(world, (field) => field.source(source).pump.held.add(false)),
});
