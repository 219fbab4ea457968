import { headTankOf } from './dose-tank.ts';
import { fault, NoOptions, onField } from './fault.ts';

export const doseTankEmpty = fault({
  target: 'dose pump',
  does: 'its tank is empty at once; nobody fills it up, and its line fills with air',
  options: NoOptions,
  begin: (victims, target) =>
    onField(victims.world, (field) => {
      const { head, tank } = headTankOf(victims, target);
      field.head(head).tank(tank).spill();
      return () => {};
    }),
});
