import { Type } from 'typebox';
import { disturb, Way } from './disturb.ts';
import { fault, Share } from './fault.ts';

export const messagesLost = fault({
  target: 'devices',
  does: 'this share of the messages never arrives',
  options: Type.Object({ rate: Share, way: Way }),
  begin: (victims, target, { rate, way = 'both' }) =>
    disturb(victims, target, way, () => (victims.random() < rate ? [] : [0])),
});
