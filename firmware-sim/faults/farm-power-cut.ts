import { fault, NoOptions, onField, together } from './fault.ts';

export const farmPowerCut = fault({
  target: 'farm',
  does: 'nothing has power: pumps stand, devices and gateway boot when it is back',
  options: NoOptions,
  begin: ({ world, devices, station, tellGateway }) => {
    tellGateway({ kind: 'power', isOn: false });
    const stations = [...new Set(devices.map(station))];
    const ends = stations.map((one) => one.unpowered.add(true));
    for (const one of stations) one.settle();
    const pumps = onField(world, (field) =>
      together(field.sources().map((source) => source.pump.held.add(false))),
    );
    return () => {
      together(ends)();
      pumps();
      for (const one of stations) one.settle();
      tellGateway({ kind: 'power', isOn: true });
    };
  },
});
