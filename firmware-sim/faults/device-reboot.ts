import { Type } from 'typebox';
import { fault, named, Seconds } from './fault.ts';

const BOOT_SECONDS = 5;

export const deviceReboot = fault({
  target: 'devices',
  does: 'starts anew: its timers are lost, its outputs go where its family puts them; off for `seconds` (5)',
  options: Type.Object({ seconds: Type.Optional(Seconds) }),
  begin: (victims, target, { seconds = BOOT_SECONDS }) => {
    for (const device of named(victims, target)) {
      const station = victims.station(device);
      const end = station.unpowered.add(true);
      station.settle();
      victims.world.clock.after(seconds, () => {
        end();
        station.settle();
      });
    }
    return () => {};
  },
});
