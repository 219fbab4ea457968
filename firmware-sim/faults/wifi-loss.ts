import { fault, NoOptions, named, together } from './fault.ts';

export const wifiLoss = fault({
  target: 'devices',
  does: 'is off the air; it goes on working, and keeps its readings',
  options: NoOptions,
  begin: (victims, target) =>
    together(
      named(victims, target).map((device) => {
        const station = victims.station(device);
        const end = station.offAir.add(true);
        station.settle();
        return () => {
          end();
          station.settle();
        };
      }),
    ),
});
