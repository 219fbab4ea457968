import { fault, NoOptions, named, together } from './fault.ts';

export const deviceClockReset = fault({
  target: 'devices',
  does: 'its clock begins anew in 1970, and so do the times in its messages',
  options: NoOptions,
  begin: (victims, target) => {
    const sinceMs = victims.world.clock.wallMs();
    return together(
      named(victims, target).map((device) =>
        victims.conditions(device).clock.add((wallMs) => wallMs - sinceMs),
      ),
    );
  },
});
