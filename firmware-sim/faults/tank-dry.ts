import { fault, NoOptions, onField } from './fault.ts';

export const tankDry = fault({
  target: 'source with a tank',
  does: 'the tank is empty at once, and nothing runs in',
  options: NoOptions,
  begin: ({ world }, source) =>
    onField(world, (field) => {
      field.source(source).drain();
      return field.source(source).inflow.add(false);
    }),
});
