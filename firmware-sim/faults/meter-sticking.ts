import { Type } from 'typebox';
import { fault, Share } from './fault.ts';

export const meterSticking = fault({
  target: 'meter',
  does: 'stands still for this share of its readings',
  options: Type.Object({ rate: Share }),
  begin: ({ conditions, random }, meter, { rate }) =>
    conditions(meter).meter.add(() => (random() < rate ? 0 : 1)),
});
