import { Type } from 'typebox';
import { headTankOf } from './dose-tank.ts';
import { fault, onField } from './fault.ts';

export const doseLineAir = fault({
  target: 'dose pump',
  does: 'so much air is in its suction line: it turns and gives nothing until it has pumped it out',
  options: Type.Object({ millilitres: Type.Number({ exclusiveMinimum: 0, maximum: 100_000 }) }),
  begin: (victims, target, { millilitres }) =>
    onField(victims.world, (field) => {
      const { head, tank } = headTankOf(victims, target);
      field.head(head).pump(tank).takeAir(millilitres);
      return () => {};
    }),
});
