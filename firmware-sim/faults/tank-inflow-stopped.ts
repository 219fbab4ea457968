import { fault, NoOptions, onField } from './fault.ts';

export const tankInflowStopped = fault({
  target: 'source with a tank',
  does: 'nothing runs into the tank any more; it is drawn empty',
  options: NoOptions,
  begin: ({ world }, source) => onField(world, (field) => field.source(source).inflow.add(false)),
});
