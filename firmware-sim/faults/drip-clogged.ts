import { Type } from 'typebox';
import { fault, onField, Share } from './fault.ts';

export const dripClogged = fault({
  target: 'zone',
  does: 'emitters give only this share of their flow, and less evenly',
  options: Type.Object({
    flowFactor: Share,
    uniformity: Type.Number({ minimum: 0.1, maximum: 1 }),
  }),
  begin: ({ world }, zone, clog) => onField(world, (field) => field.zone(zone).clog.add(clog)),
});
